//! A launchd agent.

use std::path::{Path, PathBuf};

use super::{ServiceError, Setup, run};

const AGENT: &str = include_str!("../../../../launchd/io.bridged.daemon.plist");
const LABEL: &str = "io.bridged.daemon";
const PROGRAM: &str = "HOME/.cargo/bin/bridged";
const LOG: &str = "HOME/.local/state/bridged/bridged.log";

pub(super) fn files(setup: &Setup) -> Vec<(PathBuf, String)> {
    let file = setup.places.home.join("Library/LaunchAgents").join(format!("{LABEL}.plist"));
    let mut text = AGENT.replace(PROGRAM, &escaped(&setup.bridged.to_string_lossy()));
    text = text.replace(LOG, &escaped(&setup.paths.log().to_string_lossy()));
    let variables = setup.launch.variables.iter();
    let variables: String = variables
        .map(|(name, value)| {
            format!("    <key>{}</key>\n    <string>{}</string>\n", escaped(name), escaped(value))
        })
        .collect();
    if !variables.is_empty() {
        let inside =
            format!("  <key>EnvironmentVariables</key>\n  <dict>\n{variables}  </dict>\n</dict>\n</plist>");
        text = text.replace("</dict>\n</plist>", &inside);
    }
    vec![(file, text)]
}

pub(super) fn start(files: &[PathBuf]) -> Result<(), ServiceError> {
    if is_active() {
        stop()?;
    }
    let file = files.first().map_or(Path::new(""), PathBuf::as_path).to_string_lossy().into_owned();
    run(&["launchctl", "bootstrap", &domain(), &file])
}

pub(super) fn stop() -> Result<(), ServiceError> {
    run(&["launchctl", "bootout", &format!("{}/{LABEL}", domain())])
}

pub(super) fn is_active() -> bool {
    run(&["launchctl", "print", &format!("{}/{LABEL}", domain())]).is_ok()
}

fn domain() -> String {
    format!("gui/{}", nix::unistd::getuid())
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_agent_has_what_is_replaced() {
        for part in [PROGRAM, LOG, "</dict>\n</plist>"] {
            assert_eq!(AGENT.matches(part).count(), 1, "{part}");
        }
    }
}
