//! A message that an agent sends, and what it looks like when it arrives.

use std::hash::{Hash as _, Hasher as _};

use serde_json::{Value, json};
use siphasher::sip::SipHasher13;

use crate::chance::Chance;
use crate::model::Arrived;

const FILLER: &str = "the quick brown fox jumps over the lazy dog and looks back ";

/// A message and the key it is sent under.
#[derive(Debug, Clone)]
pub(crate) struct Letter {
    /// Its place among those of its sender.
    pub(crate) number: u64,
    text: String,
    /// Its idempotency key, if it has one.
    pub(crate) key: Option<String>,
}

impl Letter {
    /// A letter of that agent, short most times.
    pub(crate) fn new(agent: usize, number: u64, keyed: bool, chance: &mut Chance) -> Self {
        let length = match chance.below(100) {
            0..90 => chance.between(20, 400),
            90..98 => chance.between(2_000, 8_000),
            _ => chance.between(20_000, 45_000),
        };
        let filler: String = FILLER.chars().cycle().skip(chance.below(FILLER.len())).take(length).collect();
        let key = keyed.then(|| format!("agent {agent} letter {number}"));
        Self { number, text: format!("{number} {filler}"), key }
    }

    /// The arguments of `send_to_partner`.
    pub(crate) fn arguments(&self) -> Value {
        match &self.key {
            Some(key) => json!({"message": self.text, "idempotency_key": key}),
            None => json!({"message": self.text}),
        }
    }

    /// A digest of its text.
    pub(crate) fn digest(&self) -> u64 {
        digest(&self.text)
    }
}

/// A message of `check_messages`.
pub(crate) fn arrived(message: &Value) -> Arrived {
    let text = message["message"].as_str().unwrap_or_default();
    let number = text.split(' ').next().and_then(|number| number.parse().ok()).unwrap_or_default();
    Arrived {
        id: message["id"].as_str().unwrap_or_default().to_owned(),
        number,
        digest: digest(text),
        // A message that does not say counts as one that says no.
        redelivered: message["redelivered"].as_bool().unwrap_or_default(),
    }
}

fn digest(text: &str) -> u64 {
    let mut hasher = SipHasher13::new();
    text.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_is_recognised_when_it_arrives() {
        let mut chance = Chance::new(1);
        for number in 1..200 {
            let letter = Letter::new(3, number, true, &mut chance);
            let message =
                json!({"id": "msg_1", "message": letter.arguments()["message"], "redelivered": true});
            let seen = arrived(&message);
            let wanted =
                Arrived { id: "msg_1".to_owned(), number, digest: letter.digest(), redelivered: true };
            assert_eq!(seen, wanted);
            let other = json!({"id": "msg_1", "message": format!("{number} x")});
            assert_ne!(arrived(&other).digest, letter.digest());
        }
    }
}
