//! `reload`: configuration and redaction rules are read again.

use bridge_proto::admin::{Request, Response};

use super::count;
use crate::failure::{Done, Failure};
use crate::screen::Screen;
use crate::source::{daemon, unexpected};

pub(super) fn run(screen: &mut Screen) -> Result<Done, Failure> {
    match daemon()?.ask(&Request::Reload)? {
        Response::Reloaded { rules } => {
            screen.line(&format!(
                "reloaded; {} in force",
                count(rules as u64, "redaction rule", "redaction rules")
            ))?;
            Ok(Done::Well)
        }
        other => Err(unexpected(&other)),
    }
}
