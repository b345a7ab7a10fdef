//! `yolo`: what people decide about commands that agents propose.

mod attempt;
mod cleanup;
mod decide;
mod deny;
mod passphrase;
mod pending;
mod show;
mod snapshots;
mod terminal;

use bridge_proto::admin::yolo::{YoloRequest, YoloResponse};
use bridge_proto::admin::{Request, Response};

use crate::cli::Yolo;
use crate::client::Client;
use crate::failure::{Done, Failure};
use crate::screen::Screen;
use crate::source::unexpected;

pub(super) fn run(screen: &mut Screen, command: Yolo) -> Result<Done, Failure> {
    match command {
        Yolo::Enable(arguments) => decide::enable(screen, &arguments),
        Yolo::Disable { conversation } => deny::disable(screen, conversation),
        Yolo::Pending(arguments) => pending::run(screen, &arguments),
        Yolo::Approve { command, format } => decide::approve(screen, command, &format),
        Yolo::Deny { command } => deny::run(screen, command),
        Yolo::Tokens(format) => pending::tokens(screen, &format),
        Yolo::Cleanup(format) => cleanup::run(screen, &format),
        Yolo::Snapshots(arguments) => snapshots::list(screen, &arguments),
        Yolo::Diff { snapshot } => snapshots::diff(screen, &snapshot),
        Yolo::Restore(arguments) => snapshots::restore(screen, arguments),
        Yolo::Passphrase => passphrase::run(screen),
        Yolo::Try(arguments) => attempt::run(screen, arguments),
    }
}

/// Asks the daemon something about commands.
fn ask(daemon: &mut Client, request: YoloRequest) -> Result<YoloResponse, Failure> {
    match daemon.ask(&Request::Yolo { request })? {
        Response::Yolo(response) => Ok(response),
        other => Err(unexpected(&other)),
    }
}

/// An answer of the wrong kind.
fn surprise(response: YoloResponse) -> Failure {
    unexpected(&Response::Yolo(response))
}
