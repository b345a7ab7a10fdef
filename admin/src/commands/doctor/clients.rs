//! The configuration of MCP clients: readable, with our entry, and the entry launches a shim that works.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::super::install::{places, variable};
use super::finding::Finding;
use super::place::Place;
use super::programs::{self, OURS};
use crate::install::client::{Client, Launch, find_program};
use crate::install::clients::CLIENTS;
use crate::install::launch::launch;
use crate::install::merge::{Change, command};
use crate::install::plan::{Comparison, PlanError, compare};

/// Versions that shims said of themselves; most clients launch the same one.
type Versions = BTreeMap<PathBuf, Option<String>>;

pub(super) fn run(_place: &mut Place) -> Vec<Finding> {
    // Without a home or a shim there is nothing to compare with; `access` and `programs` say so.
    let (Ok(places), Ok(launch)) = (places(), launch(None, variable)) else { return Vec::new() };
    let mut versions = Versions::new();
    let (mut findings, mut well, mut without) = (Vec::new(), Vec::new(), Vec::new());
    for client in CLIENTS.into_iter().filter(|client| client.is_found(&places)) {
        let file = (client.user_file)(&places);
        match compare(client, &file, &launch, false) {
            Ok(Comparison { entry: None, .. }) => without.push(client.title),
            Ok(Comparison { entry: Some(entry), changes, .. }) => {
                let entry = Entry { client, file, entry, changes };
                match entry.judge(&launch, &mut versions) {
                    found if found.is_empty() => well.push(client.title),
                    found => findings.extend(found),
                }
            }
            Err(error) => findings.push(unusable(client, &error)),
        }
    }
    if !well.is_empty() {
        findings.push(Finding::good(format!("{}: launches this bridge", well.join(", "))));
    }
    if !without.is_empty() {
        let text = format!("{}: no entry for the bridge", without.join(", "));
        findings.push(Finding::note(text, "bridgectl install, if its agents are to use the bridge"));
    }
    findings
}

fn unusable(client: &Client, error: &PlanError) -> Finding {
    let reinstall = format!("bridgectl install --client {}", client.id);
    let remedy = match error {
        PlanError::Edit { .. } => format!("correct the file by hand there; then {reinstall}"),
        PlanError::Foreign { .. } => format!("give that entry another name, or: {reinstall} --force"),
        PlanError::File(_) => format!("make the file readable and writable for you; then {reinstall}"),
    };
    Finding::wrong(format!("{}: {error}", client.title), remedy)
}

/// An entry of ours.
struct Entry {
    client: &'static Client,
    file: PathBuf,
    entry: Value,
    changes: Vec<Change>,
}

impl Entry {
    /// What is wrong with it.
    fn judge(&self, launch: &Launch, versions: &mut Versions) -> Vec<Finding> {
        let (title, reinstall) =
            (self.client.title, format!("bridgectl install --client {}", self.client.id));
        let program = command(&self.entry).map(|(program, _)| program).unwrap_or_default();
        let mut findings = Vec::new();
        if let Some(problem) = shim_problem(program, versions) {
            findings.push(Finding::wrong(format!("{title}: {problem}"), reinstall.clone()));
        }
        // Another shim of this version does as well.
        let does_as_well = findings.is_empty() && program != launch.program;
        if is_off(&self.entry) {
            let remedy = format!("switch it on in {title} or in {}", self.file.display());
            findings.push(Finding::note(format!("{title}: the bridge's entry is switched off"), remedy));
        }
        for change in &self.changes {
            let text = format!("{title}: {}", difference(change, &self.entry));
            let finding =
                if change.key == "command" && does_as_well { Finding::note } else { Finding::wrong };
            findings.push(finding(text, reinstall.clone()));
        }
        findings
    }
}

/// Why a client cannot use that program as its shim.
fn shim_problem(program: &str, versions: &mut Versions) -> Option<String> {
    let path = if program.contains('/') {
        PathBuf::from(program)
    } else {
        let Some(found) = find_program(program, &variable("PATH").unwrap_or_default()) else {
            return Some(format!("launches {program}, which is not on the PATH"));
        };
        found
    };
    if !path.is_file() {
        return Some(format!("launches {program}, which is not there"));
    }
    let version = versions.entry(path).or_insert_with_key(|path| programs::version(Path::new(path)));
    match version.as_deref() {
        Some(OURS) => None,
        Some(version) => Some(format!("launches {program} of version {version}, bridgectl has {OURS}")),
        None => Some(format!("launches {program}, which does not run")),
    }
}

/// Whether the person has switched the entry off, in the words of any client.
fn is_off(entry: &Value) -> bool {
    entry.get("enabled") == Some(&Value::Bool(false)) || entry.get("disabled") == Some(&Value::Bool(true))
}

fn difference(change: &Change, entry: &Value) -> String {
    let key = change.inside.map_or(change.key.clone(), |inside| format!("{inside}.{}", change.key));
    let Some(wanted) = &change.value else { return format!("{key} does not belong in the bridge's entry") };
    let object = change.inside.map_or(Some(entry), |inside| entry.get(inside));
    match object.and_then(|object| object.get(&change.key)) {
        Some(present) if wanted.is_number() => {
            format!("{key} is {present}: waits for a message would be cut off; {wanted} are enough")
        }
        Some(present) => format!("{key} is {present}, should be {wanted}"),
        None => format!("{key} is not set, should be {wanted}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn differences_in_words() {
        let entry = json!({"timeout": 60_000, "env": {"BRIDGED_SOCKET": "/old"}});
        let change = |inside, key: &str, value| Change { inside, key: key.to_owned(), value };
        for (change, words) in [
            (
                change(None, "timeout", Some(json!(600_000))),
                "timeout is 60000: waits for a message would be cut off; 600000 are enough",
            ),
            (
                change(Some("env"), "BRIDGED_SOCKET", Some(json!("/new"))),
                "env.BRIDGED_SOCKET is \"/old\", should be \"/new\"",
            ),
            (change(None, "type", Some(json!("stdio"))), "type is not set, should be \"stdio\""),
            (change(None, "url", None), "url does not belong in the bridge's entry"),
        ] {
            assert_eq!(difference(&change, &entry), words);
        }
    }

    #[test]
    fn an_entry_that_is_switched_off_is_seen() {
        assert!(is_off(&json!({"enabled": false})) && is_off(&json!({"disabled": true})));
        assert!(!is_off(&json!({"enabled": true, "disabled": false})) && !is_off(&json!({})));
    }
}
