//! `cargo fuzz run redact`
#![no_main]

#[path = "../checks/redact.rs"]
mod checks;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| checks::check(bytes));
