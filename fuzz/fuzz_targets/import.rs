//! `cargo fuzz run import`
#![no_main]

#[path = "../checks/import.rs"]
mod checks;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| checks::check(bytes));
