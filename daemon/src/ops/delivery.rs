//! What becomes of messages once an answer that carries them is on its way.

use std::sync::Arc;
use std::time::Duration;

use bridge_failpoints::{Point, pass};

use crate::bridge::Bridge;
use crate::domain::id::MessageId;
use crate::domain::mailbox::LeaseNumber;
use crate::domain::time::Timestamp;
use crate::live::{Connection, LiveSession};
use crate::store::{StoreError, Tx};

/// How long an answer may be on its way to a client before its messages are offered to others.
const CONFIRMATION_PATIENCE: Duration = Duration::from_secs(30);

/// The shim has written the answer of a lease to its client.
pub fn confirm(bridge: &Arc<Bridge>, connection: &Connection, lease: LeaseNumber) {
    pass(Point::BeforeReceiptRecorded);
    for session in connection.attached() {
        let messages = session.delivered(lease, connection.number);
        if !messages.is_empty() {
            let (conversation, label) = (session.conversation, session.label);
            write(bridge, move |tx| tx.mark_delivered(conversation, label, &messages));
            return;
        }
    }
}

/// The answer of a lease will not be sent, or not be looked at: its messages go back to be fetched.
pub fn withdraw(bridge: &Arc<Bridge>, session: &Arc<LiveSession>, lease: LeaseNumber) {
    let messages = session.withdraw(lease);
    put_back(bridge, session, messages);
}

/// Takes back what has been on its way to a client for too long, so that another connection can fetch it.
pub fn withdraw_stuck(bridge: &Arc<Bridge>, session: &Arc<LiveSession>, now: Timestamp) {
    let stuck = session.state().mailbox.stuck(now, CONFIRMATION_PATIENCE);
    for lease in stuck {
        tracing::warn!(session = %session.label, "a client does not take its messages; they may be fetched again");
        withdraw(bridge, session, lease);
    }
}

/// The connection is gone: whatever it held goes back to be fetched.
pub fn release(bridge: &Arc<Bridge>, connection: &Connection) {
    for session in connection.close() {
        let released = session.release(connection.number);
        put_back(bridge, &session, released.undelivered);
    }
}

fn put_back(bridge: &Arc<Bridge>, session: &Arc<LiveSession>, messages: Vec<MessageId>) {
    if messages.is_empty() {
        return;
    }
    let (conversation, label) = (session.conversation, session.label);
    write(bridge, move |tx| tx.mark_not_delivered(conversation, label, &messages));
}

/// Writes from code that cannot wait. What is lost if it fails is a time stamp; the leases live in memory.
fn write(bridge: &Arc<Bridge>, work: impl FnOnce(&mut Tx<'_>) -> Result<(), StoreError> + Send + 'static) {
    let bridge = Arc::clone(bridge);
    tokio::spawn(async move {
        let written = bridge.store.commit(0, work).await;
        if let Err(error) = written {
            tracing::warn!(%error, "the state of a delivery could not be recorded");
        }
    });
}
