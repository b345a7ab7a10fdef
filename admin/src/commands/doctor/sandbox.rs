//! What would hold a command, where agents may propose any.

use bridge_proto::admin::yolo::{YoloRequest, YoloResponse};
use bridge_proto::admin::{Request, Response};

use super::finding::Finding;
use super::place::Place;
use crate::source::unexpected;

pub(super) fn run(place: &mut Place) -> Vec<Finding> {
    let Ok(client) = &mut place.daemon else { return Vec::new() };
    let request = Request::Yolo { request: YoloRequest::List { all: false } };
    let found = match client.ask(&request) {
        Ok(Response::Yolo(YoloResponse::List(list))) if !list.gate_open => {
            Finding::good("agents cannot propose commands (YOLO_MODE is not set)")
        }
        Ok(Response::Yolo(YoloResponse::List(list))) if !list.held => Finding::wrong(
            format!("agents may propose commands, but nothing can hold them: {}", list.sandbox),
            "mend that, or start the daemon without YOLO_MODE",
        ),
        Ok(Response::Yolo(YoloResponse::List(list))) => Finding::good(format!("commands: {}", list.sandbox)),
        Ok(other) => Finding::wrong(unexpected(&other).to_string(), "restart the daemon"),
        Err(failure) => Finding::wrong(failure.to_string(), "its log says more"),
    };
    vec![found]
}
