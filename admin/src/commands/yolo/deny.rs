//! `yolo deny` and `yolo disable`: less authority needs no proof, only a person.

use bridge_proto::admin::yolo::{YoloRequest, YoloResponse};

use super::{ask, surprise};
use crate::failure::{Done, Failure};
use crate::screen::Screen;
use crate::source::daemon;

pub(super) fn run(screen: &mut Screen, command: String) -> Result<Done, Failure> {
    less(screen, YoloRequest::Deny { command }, "denied; the agent is told when it asks again")
}

pub(super) fn disable(screen: &mut Screen, conversation: String) -> Result<Done, Failure> {
    less(screen, YoloRequest::Disable { conversation }, "disabled; what waited has lapsed")
}

fn less(screen: &mut Screen, request: YoloRequest, done: &str) -> Result<Done, Failure> {
    match ask(&mut daemon()?, request)? {
        YoloResponse::Done => {
            screen.note(done);
            Ok(Done::Well)
        }
        other => Err(surprise(other)),
    }
}
