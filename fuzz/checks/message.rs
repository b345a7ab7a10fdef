//! What a client writes is parsed without a panic, and the short way for `tools/call` ends where the library's own
//! parser does: it accepts nothing that the library refuses and reads everything as the library does.

use bridge_daemon::mcp::parse::client_message;
use rmcp::model::{ClientJsonRpcMessage, GetMeta as _, JsonRpcMessage};

/// Checks one input.
pub(crate) fn check(bytes: &[u8]) {
    let theirs = serde_json::from_slice::<ClientJsonRpcMessage>(bytes);
    let ours = client_message(bytes);
    assert_eq!(ours.is_ok(), theirs.is_ok(), "only one of us reads it: {ours:?} {theirs:?}");
    let (Ok(ours), Ok(theirs)) = (ours, theirs) else { return };
    let value = |message| serde_json::to_value(message).expect("what was read can be written");
    assert_eq!(value(&ours), value(&theirs));
    if let (JsonRpcMessage::Request(ours), JsonRpcMessage::Request(theirs)) = (&ours, &theirs) {
        assert_eq!(ours.request.get_meta(), theirs.request.get_meta());
    }
}
