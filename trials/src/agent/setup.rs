//! Pairs of agents, brought together before anything is killed.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use serde_json::{Value, json};

use super::{Agent, Identity, Line, proof};
use crate::answer::Answer;
use crate::board::Board;
use crate::chance::Chance;
use crate::home::Home;

/// Makes that many pairs; agents `2n` and `2n + 1` talk to each other. Every second pair is known to its shims by name,
/// the others pass their tokens. `cable` names another way to the daemon for an agent.
pub(crate) fn pairs(
    count: usize,
    seed: u64,
    home: &Arc<Home>,
    board: &Arc<Board>,
    cable: impl Fn(usize) -> Option<PathBuf>,
) -> io::Result<Vec<Agent>> {
    let mut agents = Vec::new();
    for pair in 0..count {
        let [a, b] = [2 * pair, 2 * pair + 1];
        let named = pair % 2 == 1;
        let line = |agent: usize| {
            let identity =
                if named { Identity::Named(format!("agent-{agent}")) } else { Identity::Token(json!({})) };
            Line::new(agent, Arc::clone(home), Arc::clone(board), identity, cable(agent))
        };
        let (mut line_a, mut line_b) = (line(a), line(b));
        let created = expect(
            &mut line_a,
            "create_conversation",
            &json!({"my_role": "one of two", "partner_role": "the other"}),
        )?;
        expect(&mut line_b, "join_conversation", &json!({"invite_code": created["invite_code"]}))?;
        if !named {
            line_a.identity = Identity::Token(proof(&created, "a"));
            line_b.identity = Identity::Token(proof(&created, "b"));
        }
        for (number, partner, line) in [(a, b, line_a), (b, a, line_b)] {
            let chance = Chance::branch(seed, &format!("agent {number}"));
            agents.push(Agent::new(number, partner, Arc::clone(board), line, chance));
        }
    }
    Ok(agents)
}

fn expect(line: &mut Line, tool: &str, arguments: &Value) -> io::Result<Value> {
    match line.one(tool, arguments) {
        Ok(Answer::Done(value)) => Ok(value),
        other => Err(io::Error::other(format!("{tool} failed before anything was killed: {other:?}"))),
    }
}
