//! `yolo cleanup`: what nobody decided or used in time.

use bridge_proto::admin::yolo::{YoloRequest, YoloResponse};
use serde_json::json;

use super::super::count;
use super::{ask, surprise};
use crate::cli::Json;
use crate::failure::{Done, Failure};
use crate::screen::Screen;
use crate::source::daemon;

pub(super) fn run(screen: &mut Screen, format: &Json) -> Result<Done, Failure> {
    let lapsed = match ask(&mut daemon()?, YoloRequest::Cleanup)? {
        YoloResponse::Cleaned { lapsed } => lapsed,
        other => return Err(surprise(other)),
    };
    if format.json {
        screen.json(&json!({"lapsed": lapsed}))?;
    } else {
        screen.note(&format!("{} lapsed", count(lapsed, "proposal or approval", "proposals and approvals")));
    }
    Ok(Done::Well)
}
