//! Whatever arrives on the socket or on a client's pipe: frames are found or refused without a panic, and a look at a
//! message never invents an id that is not in it.

use bridge_proto::control::Control;
use bridge_proto::frame::{self, Decoded};
use bridge_proto::hello::ClientHello;
use bridge_proto::peek::peek;

/// Checks one input.
pub(crate) fn check(bytes: &[u8]) {
    if let Ok(Decoded::Frame { end }) = frame::decode(bytes) {
        let payload = &bytes[frame::HEADER..end];
        let mut again = Vec::new();
        assert!(frame::encode(payload, &mut again).is_ok());
        assert_eq!(again, bytes[..end]);
        look(payload);
    }
    look(bytes);
}

fn look(payload: &[u8]) {
    let seen = peek(payload);
    if let Some(id) = seen.id {
        assert!(payload.windows(id.len()).any(|window| window == id.as_bytes()));
    }
    if Control::is_control(payload) {
        drop(Control::parse(payload));
    }
    drop(serde_json::from_slice::<ClientHello>(payload));
}
