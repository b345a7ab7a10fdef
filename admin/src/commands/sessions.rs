//! Sessions as `list` and `show` print them.

use bridge_proto::admin::SessionView;

use crate::screen::{Look, Tint};
use crate::table::{Piece, plain};
use crate::text::safe_text;
use crate::time::age;

/// Colour of a session: the same everywhere.
pub(super) fn tint(session: &str) -> Tint {
    if session == "a" { Tint::First } else { Tint::Second }
}

/// Label, role, status, when seen, connected, unread.
pub(super) fn pieces(look: Look, session: &SessionView) -> Vec<Piece> {
    let status = match session.status.as_deref() {
        None => ("-".to_owned(), Some(Tint::Faint)),
        Some("blocked") => ("blocked".to_owned(), Some(Tint::Bad)),
        Some(word) => plain(safe_text(word)),
    };
    let seen = match (&session.last_seen, &session.joined_at) {
        (Some(seen), _) => plain(age(seen, look.now)),
        (None, Some(_)) => plain("-"),
        (None, None) => ("not joined".to_owned(), Some(Tint::Warning)),
    };
    let connected = match session.connected {
        Some(true) => ("yes".to_owned(), Some(Tint::Good)),
        Some(false) => ("no".to_owned(), Some(Tint::Faint)),
        None => ("?".to_owned(), Some(Tint::Faint)),
    };
    let unread = (session.unread.to_string(), (session.unread > 0).then_some(Tint::Warning));
    vec![
        (safe_text(&session.session_id).into_owned(), Some(tint(&session.session_id))),
        plain(safe_text(&session.role)),
        status,
        seen,
        connected,
        unread,
    ]
}

/// Headings over [`pieces`].
pub(super) const HEADINGS: [&str; 6] = ["S", "ROLE", "STATUS", "SEEN", "CONNECTED", "UNREAD"];
