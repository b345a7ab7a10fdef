//! Sessions as `list` and `show` print them.

use bridge_proto::admin::SessionView;

use crate::screen::{Look, Tint};
use crate::table::{Piece, plain};
use crate::text::safe_text;
use crate::time::age;

/// Colour of a session: the same everywhere.
pub(crate) fn tint(session: &str) -> Tint {
    match session {
        "a" => Tint::First,
        "human" => Tint::Heading,
        _ => Tint::Second,
    }
}

/// Label, role, status, whether connected or when last seen, unread.
pub(super) fn pieces(look: Look, session: &SessionView) -> Vec<Piece> {
    let status = match session.status.as_deref() {
        None => ("-".to_owned(), Some(Tint::Faint)),
        Some("blocked") => ("blocked".to_owned(), Some(Tint::Bad)),
        Some(word) => plain(safe_text(word)),
    };
    let seen = match (session.connected, &session.last_seen, &session.joined_at) {
        (Some(true), ..) => ("connected".to_owned(), Some(Tint::Good)),
        (_, Some(seen), _) => plain(age(seen, look.now)),
        (_, None, Some(_)) => plain("-"),
        (_, None, None) => ("not joined".to_owned(), Some(Tint::Warning)),
    };
    let unread = (session.unread.to_string(), (session.unread > 0).then_some(Tint::Warning));
    vec![
        (safe_text(&session.session_id).into_owned(), Some(tint(&session.session_id))),
        plain(safe_text(&session.role)),
        status,
        seen,
        unread,
    ]
}

/// Headings over [`pieces`].
pub(super) const HEADINGS: [&str; 5] = ["S", "ROLE", "STATUS", "SEEN", "UNREAD"];
