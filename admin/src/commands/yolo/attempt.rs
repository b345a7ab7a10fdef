//! `yolo try`: the policy and the sandbox at work on a command of the person's own, without a daemon.

use bridge_proto::admin::yolo::YoloRequest;

use super::ask;
use crate::cli::Try;
use crate::client::Client;
use crate::failure::{Done, Failure};
use crate::screen::Screen;
use crate::source::paths;

pub(super) fn run(_screen: &mut Screen, arguments: Try) -> Result<Done, Failure> {
    let paths = paths()?;
    match Client::connect(&paths.socket) {
        Ok(mut daemon) => {
            let command = arguments.command.join(" ");
            ask(&mut daemon, YoloRequest::Vouch { command })?;
        }
        // Without a daemon nobody is connected to it.
        Err(Failure::NotRunning { .. }) => {}
        Err(other) => return Err(other),
    }
    Ok(Done::Well)
}
