//! A configuration is read or refused with an error that names the file; one that was read says the same when it is
//! written (`bridgectl config show`) and read again.

use std::path::Path;

use bridge_daemon::config::Config;

/// Checks one input.
pub(crate) fn check(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let path = Path::new("config.toml");
    match Config::parse(text, path) {
        Ok(config) => {
            let shown = toml::to_string(&config).expect("a valid configuration can be shown");
            assert_eq!(Config::parse(&shown, path).expect("what is shown is valid"), config);
        }
        Err(error) => assert!(error.to_string().starts_with("config.toml: "), "{error}"),
    }
}
