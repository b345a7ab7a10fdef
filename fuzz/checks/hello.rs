//! The first frame of whoever connects, and the credentials in it: read or refused without a panic, and what was read
//! is written as it was read. Ids, keys and invite codes never pass for what they are not.

use bridge_daemon::domain::id::{ConversationId, SessionLabel};
use bridge_daemon::domain::invite;
use bridge_daemon::domain::key::Keys;
use bridge_proto::control::Control;
use bridge_proto::hello::{Announcement, ClientHello, ServerHello, protocol_mismatch};

/// Checks one input.
pub(crate) fn check(bytes: &[u8]) {
    if let Ok(hello) = serde_json::from_slice::<ClientHello>(bytes) {
        let again = serde_json::to_vec(&hello).expect("what was read can be written");
        assert_eq!(serde_json::from_slice::<ClientHello>(&again).expect("and read again"), hello);
        let announced: Announcement = serde_json::from_slice(bytes).expect("a hello announces itself");
        assert_eq!((announced.protocol, &announced.version), (hello.protocol, &hello.version));
        assert!(protocol_mismatch(&announced, "0.1.0").message.contains("restart"));
        hello.resume.iter().for_each(|key| credentials(key));
    }
    if let Ok(hello) = serde_json::from_slice::<ServerHello>(bytes) {
        let again = serde_json::to_vec(&hello).expect("what was read can be written");
        assert_eq!(serde_json::from_slice::<ServerHello>(&again).expect("and read again"), hello);
    }
    if Control::is_control(bytes) {
        drop(Control::parse(bytes));
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        credentials(text);
    }
}

fn credentials(text: &str) {
    let keys = Keys::derive(&[7; 32]);
    let nonce = [3; 16];
    let id = ConversationId::from_random([1; 8]);
    let genuine = keys.session_token(id, SessionLabel::A, &nonce);
    assert_eq!(keys.is_session_token(text, id, SessionLabel::A, &nonce), *genuine == text);
    let genuine = keys.resume_key(id, SessionLabel::A, &nonce);
    assert_eq!(keys.is_resume_key(text, id, SessionLabel::A, &nonce), *genuine == text);
    if let Ok(id) = ConversationId::parse(text) {
        assert_eq!(id.to_string(), text);
    }
    if let Ok(label) = SessionLabel::parse(text) {
        assert_eq!(label.to_string(), text);
    }
    if let Some(code) = invite::normalise(text) {
        assert_eq!(invite::normalise(&code).as_deref(), Some(&*code));
    }
}
