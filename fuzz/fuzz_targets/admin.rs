//! `cargo fuzz run admin`
#![no_main]

#[path = "../checks/admin.rs"]
mod checks;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| checks::check(bytes));
