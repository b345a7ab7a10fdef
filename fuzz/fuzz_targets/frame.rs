//! `cargo fuzz run frame`
#![no_main]

#[path = "../checks/frame.rs"]
mod checks;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| checks::check(bytes));
