//! Two agents who found one conversation after the other while the daemon dies: what was answered exists, an invite lets
//! one in, and the first message arrives.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::agent::{Identity, Line, proof};
use crate::answer::Answer;
use crate::board::Board;
use crate::home::Home;
use crate::model::Violation;

/// How long a first message may take, deaths of the daemon included.
const ARRIVAL: Duration = Duration::from_secs(60);

/// The two, each over a shim of its own.
pub(crate) struct Wanderers {
    board: Arc<Board>,
    founder: Line,
    guest: Line,
}

/// How the first message of a conversation begins.
pub(crate) const FIRST: &str = "first of conversation";

/// A broken promise, in words.
type Broken = String;

impl Wanderers {
    pub(crate) fn new(home: &Arc<Home>, board: Arc<Board>) -> Self {
        // Nobody gives orders to these two.
        let own = Arc::new(Board::new(2));
        let line =
            |number| Line::new(number, Arc::clone(home), Arc::clone(&own), Identity::Token(json!({})), None);
        Self { board, founder: line(0), guest: line(1) }
    }

    /// Until the storm is over; returns how many conversations were founded.
    pub(crate) fn run(mut self) -> u64 {
        let mut founded = 0;
        while self.board.is_stormy() {
            match self.found(founded) {
                Ok(()) => founded += 1,
                Err(problem) => {
                    let agent = "a founder of conversations".to_owned();
                    self.board.violation(Violation::Misanswered { agent, problem });
                }
            }
        }
        self.founder.close();
        self.guest.close();
        founded
    }

    fn found(&mut self, number: u64) -> Result<(), Broken> {
        let roles = json!({"my_role": "founder", "partner_role": "guest"});
        let Some(created) = until_answered(&self.board, &mut self.founder, "create_conversation", &roles)?
        else {
            return Ok(());
        };
        let invite = json!({"invite_code": created["invite_code"]});
        let joined = match self.guest.one("join_conversation", &invite) {
            Ok(Answer::Done(joined)) => Some(joined),
            Ok(Answer::Refused(problem)) => return Err(format!("a fresh invite was refused: {problem}")),
            // Nobody knows whether the invite is used up; the tokens are good all the same.
            _ => None,
        };
        if joined.is_some()
            && let Ok(Answer::Done(_)) = self.founder.one("join_conversation", &invite)
        {
            return Err("an invite let somebody in a second time".to_owned());
        }
        let mut send = proof(&created, "a");
        send["message"] = json!(format!("{FIRST} {number}"));
        send["idempotency_key"] = json!("first");
        let Some(sent) = until_answered(&self.board, &mut self.founder, "send_to_partner", &send)? else {
            return Ok(());
        };
        self.arrives(&proof(&created, "b"), &sent["message_id"])
    }

    fn arrives(&mut self, guest: &Value, id: &Value) -> Result<(), Broken> {
        let began = Instant::now();
        while began.elapsed() < ARRIVAL {
            let Some(fetched) = until_answered(&self.board, &mut self.guest, "check_messages", guest)? else {
                return Ok(());
            };
            if fetched["messages"]
                .as_array()
                .is_some_and(|all| all.iter().any(|message| message["id"] == *id))
            {
                return Ok(());
            }
        }
        Err(format!("{id}, the first message of a conversation, has not arrived"))
    }
}

/// Repeats a call until it is answered; `None` when the storm is over before.
fn until_answered(
    board: &Board,
    line: &mut Line,
    tool: &str,
    arguments: &Value,
) -> Result<Option<Value>, Broken> {
    while board.is_stormy() {
        match line.one(tool, arguments) {
            Ok(Answer::Done(value)) => return Ok(Some(value)),
            Ok(Answer::Unknown | Answer::NotNow) | Err(_) => {}
            Ok(other) => return Err(format!("{tool} was not answered with a result: {other:?}")),
        }
    }
    Ok(None)
}
