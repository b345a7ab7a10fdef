//! Two agents in one conversation.

use serde_json::{Value, json};

use super::{Env, Shim};

/// Two clients, each over a shim of its own, bound to the two sessions of a conversation.
pub(crate) struct Pair {
    pub(crate) a: Shim,
    pub(crate) b: Shim,
    /// What `create_conversation` answered.
    pub(crate) created: Value,
}

impl Pair {
    /// Two fresh clients; one creates the conversation, the other joins it.
    pub(crate) fn new(env: &Env) -> Self {
        let (mut a, mut b) = (Shim::connect(env), Shim::connect(env));
        let created = create(&mut a);
        b.call("join_conversation", json!({"invite_code": created["invite_code"]})).ok();
        Self { a, b, created }
    }

    /// The same, where the clients are processes of their own and the test is the person beside them: a person's
    /// commands are refused below a client.
    pub(crate) fn beside(env: &Env) -> Self {
        let (mut a, mut b) = (Shim::below_client(env), Shim::below_client(env));
        let created = create(&mut a);
        b.call("join_conversation", json!({"invite_code": created["invite_code"]})).ok();
        Self { a, b, created }
    }

    /// Conversation, session and token of `a` or `b`, as arguments.
    pub(crate) fn credentials(&self, session: &str) -> Value {
        credentials(&self.created, session)
    }

    /// The conversation's id.
    pub(crate) fn id(&self) -> &str {
        self.created["conversation_id"].as_str().unwrap()
    }

    /// The token of `a` or `b`.
    pub(crate) fn token(&self, session: &str) -> &str {
        token(&self.created, session)
    }

    /// Sends from `a`; returns the message's id.
    #[track_caller]
    pub(crate) fn send(&mut self, message: &str) -> String {
        let sent = self.a.call("send_to_partner", json!({"message": message})).ok();
        sent["message_id"].as_str().unwrap().to_owned()
    }

    /// What `b` fetches now.
    #[track_caller]
    pub(crate) fn fetch(&mut self) -> Vec<Value> {
        let fetched = self.b.call("check_messages", json!({})).ok();
        fetched["messages"].as_array().unwrap().clone()
    }

    /// The state of a message of `a`.
    #[track_caller]
    pub(crate) fn state(&mut self, message: &str) -> String {
        let status = self.a.call("message_status", json!({"message_ids": [message]})).ok();
        status["messages"][0]["state"].as_str().unwrap().to_owned()
    }
}

/// Creates a conversation.
#[track_caller]
pub(crate) fn create(shim: &mut Shim) -> Value {
    shim.call("create_conversation", json!({"my_role": "backend", "partner_role": "frontend"})).ok()
}

/// The token of `a` or `b` in the answer of `create_conversation`.
pub(crate) fn token<'c>(created: &'c Value, session: &str) -> &'c str {
    created[format!("session_{session}_token")].as_str().unwrap()
}

/// Conversation, session and token of `a` or `b`, as arguments.
pub(crate) fn credentials(created: &Value, session: &str) -> Value {
    json!({
        "conversation_id": created["conversation_id"],
        "session_id": session,
        "token": token(created, session),
    })
}

/// One object with the fields of both.
pub(crate) fn with(mut base: Value, more: Value) -> Value {
    let Value::Object(more) = more else { panic!("not an object: {more}") };
    base.as_object_mut().unwrap().extend(more);
    base
}
