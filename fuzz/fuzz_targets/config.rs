//! `cargo fuzz run config`
//!
//! A configuration is read or refused with an error that names the file; one that was read says the same when it is
//! written (`bridgectl config show`) and read again.
#![no_main]

use std::path::Path;

use bridge_daemon::config::Config;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let path = Path::new("config.toml");
    match Config::parse(text, path) {
        Ok(config) => {
            let shown = toml::to_string(&config).expect("a valid configuration can be shown");
            assert_eq!(Config::parse(&shown, path).expect("what is shown is valid"), config);
        }
        Err(error) => assert!(error.to_string().starts_with("config.toml: "), "{error}"),
    }
});
