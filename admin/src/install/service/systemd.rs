//! User units, with the socket held by systemd.

use std::path::{Path, PathBuf};

use bridge_proto::paths::SOCKET_VARIABLE;

use super::{ServiceError, Setup, run};

const SERVICE: &str = include_str!("../../../../systemd/bridged.service");
const SOCKET: &str = include_str!("../../../../systemd/bridged.socket");
/// What the files say where cargo puts the daemon.
const PROGRAM: &str = "%h/.cargo/bin/bridged";
const LISTEN: &str = "%t/bridged/bridged.sock";

pub(super) const ANSWERS: [&str; 3] = ["systemctl", "--user", "show-environment"];
pub(super) const RELOAD: [&str; 3] = ["systemctl", "--user", "daemon-reload"];

pub(super) fn files(setup: &Setup) -> Vec<(PathBuf, String)> {
    let units = setup.places.config.join("systemd/user");
    let program = word(setup.bridged);
    let mut service = SERVICE.replace(PROGRAM, &program);
    // XDG_RUNTIME_DIR is the manager's own.
    let variables = setup.launch.variables.iter().filter(|(name, _)| *name != "XDG_RUNTIME_DIR");
    let variables: String = variables
        .map(|(name, value)| format!("Environment={}\n", quoted(&format!("{name}={value}"))))
        .collect();
    service = service.replace("\nExecReload=", &format!("\n{variables}ExecReload="));
    let named = setup.launch.variables.contains_key(SOCKET_VARIABLE);
    let listen = if named || setup.places.named("XDG_RUNTIME_DIR").is_none() {
        setup.paths.socket.to_string_lossy().replace('%', "%%")
    } else {
        LISTEN.to_owned()
    };
    let socket = SOCKET.replace(LISTEN, &listen);
    vec![(units.join("bridged.service"), service), (units.join("bridged.socket"), socket)]
}

pub(super) fn start() -> Result<(), ServiceError> {
    run(&RELOAD)?;
    run(&["systemctl", "--user", "enable", "--now", "bridged.socket"])
}

pub(super) fn stop() -> Result<(), ServiceError> {
    run(&["systemctl", "--user", "disable", "--now", "bridged.socket", "bridged.service"])
}

pub(super) fn is_active() -> bool {
    run(&["systemctl", "--user", "--quiet", "is-active", "bridged.service"]).is_ok()
}

/// The first word of a command line (systemd.service(5), "Command lines"): `$` is not special in it.
fn word(path: &Path) -> String {
    quoted(&path.to_string_lossy())
}

/// A word in quotes where it needs them, with specifiers and escapes doubled (systemd.syntax(7)).
fn quoted(text: &str) -> String {
    let escaped = text.replace('\\', "\\\\").replace('"', "\\\"").replace('%', "%%");
    if escaped == text && !text.contains([' ', '\t', '\'']) { escaped } else { format!("\"{escaped}\"") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_units_have_what_is_replaced() {
        assert_eq!(SERVICE.matches(PROGRAM).count(), 1);
        assert_eq!(SERVICE.matches("\nExecReload=").count(), 1);
        assert_eq!(SOCKET.matches(LISTEN).count(), 1);
    }

    #[test]
    fn paths_are_quoted() {
        assert_eq!(word(Path::new("/usr/bin/bridged")), "/usr/bin/bridged");
        assert_eq!(word(Path::new("/my dir/50%/bridged")), r#""/my dir/50%%/bridged""#);
    }
}
