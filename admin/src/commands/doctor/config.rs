//! The configuration: can be read, and changed by nobody else.

use std::fs;
use std::os::unix::fs::MetadataExt as _;

use super::super::config::{engine, load};
use super::finding::Finding;
use super::place::Place;
use super::repair::Repair;

pub(super) fn run(place: &mut Place) -> Vec<Finding> {
    let file = &place.paths.config;
    let directory = file.parent().unwrap_or(file);
    let mut findings = Vec::new();
    for path in [directory, file] {
        let Ok(meta) = fs::metadata(path) else { continue };
        let mode = meta.mode() & 0o777;
        if mode & 0o022 != 0 {
            let text = format!("{} can be changed by other users (mode {mode:o})", path.display());
            let remedy = format!("chmod go-w '{}'", path.display());
            let repair = Repair::Mode { path: path.to_owned(), mode: mode & !0o022 };
            findings.push(Finding::wrong(text, remedy).with(repair));
        }
    }
    let checked = load(file).and_then(|settings| engine(&settings));
    findings.push(match checked {
        Ok(_) if !file.exists() => {
            Finding::good(format!("there is no {}: the defaults are in effect", file.display()))
        }
        Ok(engine) => {
            Finding::good(format!("{} is valid, {} redaction rules", file.display(), engine.rule_count()))
        }
        Err(error) => Finding::wrong(error.to_string(), "mend it, then `bridgectl config check`"),
    });
    findings
}
