//! `cargo fuzz run words`
#![no_main]

#[path = "../checks/words.rs"]
mod checks;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| checks::check(bytes));
