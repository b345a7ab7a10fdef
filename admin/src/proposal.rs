//! What an agent proposes and a person decides: commands and modes, fact by fact. Everything that agents wrote is made
//! visible.

use bridge_proto::admin::yolo::{CommandView, Decision, GrantView, Prepared};

use crate::screen::Tint;
use crate::table::{Piece, plain};
use crate::text::safe_text;

/// What enabling a mode means.
pub(crate) const ENABLE_WARNING: &str = "\
You are about to let the agents of a conversation PROPOSE commands. Nothing runs until you release it, command by command,
with `bridgectl yolo approve` or `bridgectl watch`. What you release runs in a sandbox, with your files of that directory in
its hands.\n";
/// What the last mode adds to that.
pub(crate) const YOLO_WARNING: &str = "\
Mode yolo runs shell lines. The sandbox is then all there is between a line you misread and that directory.\n";

/// A name and what stands for it.
pub(crate) type Fact = (&'static str, Piece);

/// Everything that an approval of a command means.
pub(crate) fn command_facts(command: &CommandView) -> Vec<Fact> {
    let mut facts = vec![
        ("command", plain(safe_text(&command.command))),
        ("program", plain(safe_text(&command.program))),
        ("directory", plain(safe_text(&command.workspace))),
        (
            "held by",
            plain(format!(
                "mode {}, sandbox {}, killed after {} s",
                safe_text(&command.mode),
                safe_text(&command.sandbox),
                command.timeout
            )),
        ),
        ("network", network(command.network)),
        ("may read", plain(list(&command.toolchains, "the system's directories only"))),
        ("variables", plain(list(&command.environment, "none"))),
    ];
    if let Some(outcome) = &command.outcome {
        facts.push(("outcome", plain(safe_text(&outcome.to_string()))));
    }
    facts
}

/// Everything that enabling a mode means.
pub(crate) fn grant_facts(grant: &GrantView) -> Vec<Fact> {
    vec![
        ("mode", (safe_text(&grant.mode).into_owned(), Some(Tint::Warning))),
        ("directory", plain(safe_text(&grant.workspace))),
        ("time", plain(format!("{} s for each command", grant.timeout))),
        ("network", network(grant.network)),
        ("container", plain(if grant.container { "yes" } else { "no" })),
        ("asked by", plain(grant.requester.as_deref().map_or("nobody".into(), safe_text))),
    ]
}

/// Colour of a command's state.
pub(crate) fn state_tint(state: &str) -> Tint {
    match state {
        "pending" => Tint::Warning,
        "approved" | "running" => Tint::Good,
        "denied" | "lost" => Tint::Bad,
        _ => Tint::Faint,
    }
}

/// The decision with everything filled in that was shown: what is confirmed is what was seen, even if an agent asks for
/// something else in the meantime.
pub(crate) fn settled(decision: Decision, prepared: &Prepared) -> Decision {
    match (&prepared.grant, decision) {
        (Some(grant), Decision::Enable { .. }) => Decision::Enable {
            conversation: grant.conversation_id.clone(),
            mode: Some(grant.mode.clone()),
            workspace: Some(grant.workspace.clone()),
            timeout: Some(grant.timeout),
            container: Some(grant.container),
            network: grant.network,
        },
        (_, other) => other,
    }
}

fn network(allowed: bool) -> Piece {
    if allowed { ("ALLOWED".to_owned(), Some(Tint::Bad)) } else { plain("none") }
}

fn list(values: &[String], none: &str) -> String {
    if values.is_empty() {
        return none.to_owned();
    }
    let safe: Vec<_> = values.iter().map(|value| safe_text(value)).collect();
    safe.join(" ")
}
