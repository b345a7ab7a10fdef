//! The gate through which every text passes before it is stored, logged or shown.

use std::borrow::Cow;
use std::fmt;

use bridge_redact::Engine;
use serde_json::Value;

use super::id::ConversationId;
use super::key::{Keys, Purpose, TOKEN_LENGTH};

/// Placeholder for a session token of this bridge.
const OWN_TOKEN_PLACEHOLDER: &str = "SESSION_TOKEN_REDACTED";

/// Text that has been through the redactor. The store accepts no other; only [`Redactor::clean`] makes it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Clean {
    text: String,
    redactions: u32,
    allowed: u32,
}

impl Clean {
    /// The redacted text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// How many secrets were replaced.
    #[must_use]
    pub fn redactions(&self) -> u32 {
        self.redactions
    }

    /// How many findings a user's allow list let pass.
    #[must_use]
    pub fn allowed(&self) -> u32 {
        self.allowed
    }

    /// The last `bytes` bytes or a little less.
    #[must_use]
    pub fn tail(&self, bytes: usize) -> &str {
        let start = self.text.len().saturating_sub(bytes);
        let start = (start..=self.text.len()).find(|at| self.text.is_char_boundary(*at));
        &self.text[start.unwrap_or(0)..]
    }
}

impl fmt::Display for Clean {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

/// One engine for message bodies, metadata, log lines and audit details.
pub struct Redactor {
    engine: Engine,
    keys: Keys,
}

impl Redactor {
    /// A redactor with the given rules; `keys` tell two secrets of one conversation apart without revealing them.
    #[must_use]
    pub fn new(engine: Engine, keys: Keys) -> Self {
        Self { engine, keys }
    }

    /// Replaces every secret in `text`. `is_own_token` says whether 64 hex digits are a live session token of this
    /// bridge (to everyone else they look like a checksum).
    #[must_use]
    pub fn clean(
        &self,
        conversation: Option<ConversationId>,
        text: &str,
        is_own_token: &dyn Fn(&str) -> bool,
    ) -> Clean {
        self.clean_after(conversation, "", text, is_own_token)
    }

    /// Like [`Self::clean`], but `before`, the end of what the same sender sent last, is seen as context: a secret split
    /// over two messages is caught on the second.
    #[must_use]
    pub fn clean_after(
        &self,
        conversation: Option<ConversationId>,
        before: &str,
        text: &str,
        is_own_token: &dyn Fn(&str) -> bool,
    ) -> Clean {
        let (text, own) = replace_own_tokens(text, is_own_token);
        let scope = conversation.map(|id| id.to_string()).unwrap_or_default();
        let namer = |secret: &str| Some(self.label(&scope, secret));
        let redacted = if before.is_empty() {
            self.engine.redact_named(&text, &namer)
        } else {
            self.engine.redact_after(before, &text, &namer)
        };
        let count = |hits: usize| u32::try_from(hits).unwrap_or(u32::MAX);
        Clean {
            redactions: count(redacted.hits.len()).saturating_add(own),
            allowed: count(redacted.allowed.len()),
            text: redacted.text.into_owned(),
        }
    }

    /// A line of JSON as it stands, if cleaning each text in it changes nothing.
    #[must_use]
    pub fn confirm(
        &self,
        conversation: Option<ConversationId>,
        line: &str,
        is_own_token: &dyn Fn(&str) -> bool,
    ) -> Option<Clean> {
        let value: Value = serde_json::from_str(line).ok()?;
        let is_clean = |text: &str| self.clean(conversation, text, is_own_token).text == text;
        all_texts(&value, &is_clean).then(|| Clean { text: line.to_owned(), redactions: 0, allowed: 0 })
    }

    /// Number of rules in force.
    #[must_use]
    pub fn rule_count(&self) -> usize {
        self.engine.rule_count()
    }

    /// Four symbols that are equal for equal secrets of one conversation and say nothing without the key.
    fn label(&self, scope: &str, secret: &str) -> String {
        const SYMBOLS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
        let digest = self.keys.digest(Purpose::RedactionLabel, &[scope.as_bytes(), secret.as_bytes()]);
        digest.iter().take(4).map(|byte| char::from(SYMBOLS[usize::from(byte & 31)])).collect()
    }
}

/// Whether every text in a value, names included, is such.
fn all_texts(value: &Value, is_such: &dyn Fn(&str) -> bool) -> bool {
    match value {
        Value::String(text) => is_such(text),
        Value::Array(values) => values.iter().all(|value| all_texts(value, is_such)),
        Value::Object(members) => {
            members.iter().all(|(name, value)| is_such(name) && all_texts(value, is_such))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => true,
    }
}

/// Replaces runs of exactly 64 hex digits that `is_own_token` recognises.
fn replace_own_tokens<'t>(text: &'t str, is_own_token: &dyn Fn(&str) -> bool) -> (Cow<'t, str>, u32) {
    let (mut out, mut copied, mut count) = (String::new(), 0, 0);
    let bytes = text.as_bytes();
    let mut start = 0;
    while start < bytes.len() {
        if !bytes[start].is_ascii_hexdigit() {
            start += 1;
            continue;
        }
        let length = bytes[start..].iter().take_while(|b| b.is_ascii_hexdigit()).count();
        let run = &text[start..start + length];
        // A token glued to other hex digits is still a token: look at every window of a short run.
        let hit = (0..=length.saturating_sub(TOKEN_LENGTH).min(TOKEN_LENGTH)).find(|at| {
            run.get(*at..at + TOKEN_LENGTH).is_some_and(|w| is_own_token(&w.to_ascii_lowercase()))
        });
        if let Some(at) = hit {
            out.push_str(&text[copied..start + at]);
            out.push_str(OWN_TOKEN_PLACEHOLDER);
            copied = start + at + TOKEN_LENGTH;
            count += 1;
            start = copied;
        } else {
            start += length;
        }
    }
    if count == 0 {
        return (Cow::Borrowed(text), 0);
    }
    out.push_str(&text[copied..]);
    (Cow::Owned(out), count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_tokens_go_and_other_digests_stay() {
        let token = "ab".repeat(32);
        let digest = "cd".repeat(32);
        let own = |text: &str| text == token;
        let text = format!("sha {digest} mine {token}, glued 0{token}{} end", token.to_uppercase());
        let (clean, count) = replace_own_tokens(&text, &own);
        assert_eq!(count, 3);
        assert_eq!(
            clean,
            format!(
                "sha {digest} mine SESSION_TOKEN_REDACTED, glued 0SESSION_TOKEN_REDACTEDSESSION_TOKEN_REDACTED end"
            )
        );
        assert!(matches!(replace_own_tokens("plain", &own).0, Cow::Borrowed(_)));
    }

    #[test]
    fn a_line_is_confirmed_only_without_secrets() {
        let redactor = Redactor::new(Engine::builtin().unwrap(), Keys::derive(&[3; 32]));
        let own = |_: &str| false;
        let secret = "AKIAIOSFODNN7REALKEY";
        let clean = redactor.clean(None, &format!("the key {secret}"), &own);
        assert_eq!(clean.redactions(), 1, "{clean}");
        let line = serde_json::json!({"m": clean.as_str(), "n": [{"mac": "ab".repeat(32)}]}).to_string();
        assert_eq!(redactor.confirm(None, &line, &own).unwrap().as_str(), line);
        for value in [serde_json::json!({"m": [secret]}), serde_json::json!({secret: 1})] {
            assert_eq!(redactor.confirm(None, &value.to_string(), &own), None, "{value}");
        }
        assert_eq!(redactor.confirm(None, "no JSON", &own), None);
    }

    #[test]
    fn labels_tell_secrets_apart_but_not_across_conversations() {
        let redactor = Redactor::new(Engine::builtin().unwrap(), Keys::derive(&[3; 32]));
        assert_eq!(redactor.label("c", "one"), redactor.label("c", "one"));
        assert_ne!(redactor.label("c", "one"), redactor.label("c", "two"));
        assert_ne!(redactor.label("c", "one"), redactor.label("d", "one"));
    }
}
