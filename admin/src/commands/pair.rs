//! `pair`: a new conversation, and what to tell each of its two agents.

use bridge_proto::admin::{PairView, Request, Response};

use super::sessions;
use crate::cli::Pair;
use crate::failure::{Done, Failure};
use crate::screen::{Look, Screen};
use crate::source::{daemon_or_start, unexpected};
use crate::table::{Grid, plain};
use crate::text::safe_text;
use crate::time::age;

pub(super) fn run(screen: &mut Screen, arguments: &Pair) -> Result<Done, Failure> {
    let roles = [arguments.first.clone(), arguments.second.clone()];
    let request = Request::Pair { roles, lifetime_minutes: arguments.lifetime_minutes };
    let view = match daemon_or_start()?.ask(&request)? {
        Response::Pair(view) => view,
        other => return Err(unexpected(&other)),
    };
    if arguments.format.json {
        screen.json(&view)?;
        return Ok(Done::Well);
    }
    let look = screen.look();
    screen.print(&render(look, &view))?;
    screen.flush()?;
    screen.note(&format!(
        "Each code works once and ends {}; `bridgectl invite {} --session a` (or b) makes a new one.",
        age(&view.invites[0].expires_at, look.now),
        safe_text(&view.conversation_id)
    ));
    Ok(Done::Well)
}

fn render(look: Look, view: &PairView) -> String {
    // A code that is broken over two lines cannot be copied.
    let mut grid = Grid::new(Look { width: None, ..look }, &["S", "ROLE", "TELL IT"]);
    for (role, invite) in view.roles.iter().zip(&view.invites) {
        let label = safe_text(&invite.session_id).into_owned();
        let sentence = format!("Join the bridge with code {}.", safe_text(&invite.invite_code));
        grid.row(vec![
            (label, Some(sessions::tint(&invite.session_id))),
            plain(safe_text(role)),
            plain(sentence),
        ]);
    }
    grid.render()
}

#[cfg(test)]
mod tests {
    use super::super::list::tests::PIPE;
    use super::*;
    use bridge_proto::admin::InviteView;

    #[test]
    fn what_a_person_sees() {
        let invite = |label: &str, code: &str| InviteView {
            conversation_id: "conv_00000000000000a1".into(),
            session_id: label.into(),
            invite_code: code.into(),
            expires_at: "2026-11-21T06:10:00.000Z".into(),
        };
        let view = PairView {
            conversation_id: "conv_00000000000000a1".into(),
            expires_at: "2026-11-21T09:00:00.000Z".into(),
            roles: ["backend developer".into(), "front\x07end".into()],
            invites: [invite("a", "BRIDGE-1111-1111"), invite("b", "BRIDGE-2222-2222")],
        };
        insta::assert_snapshot!(render(PIPE, &view), @r"
        S  ROLE               TELL IT
        a  backend developer  Join the bridge with code BRIDGE-1111-1111.
        b  front\x07end       Join the bridge with code BRIDGE-2222-2222.
        ");
    }
}
