//! `cargo fuzz run call`
#![no_main]

#[path = "../checks/call.rs"]
mod checks;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| checks::check(bytes));
