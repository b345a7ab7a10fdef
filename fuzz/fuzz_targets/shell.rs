//! `cargo fuzz run shell`
#![no_main]

#[path = "../checks/shell.rs"]
mod checks;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| checks::check(bytes));
