//! The life of a message on its way to one recipient.

use serde::Serialize;

use super::time::Timestamp;

/// `stored → offered → delivered → acknowledged`, or `expired`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(description = "")]
pub enum DeliveryState {
    /// Committed to disk, waiting to be fetched.
    Stored,
    /// Part of an answer that has not yet reached the recipient's client.
    Offered,
    /// Written to the recipient's client.
    Delivered,
    /// The recipient acted after having it.
    Acknowledged,
    /// The conversation ended before the message was acknowledged.
    Expired,
}

/// What the store knows of a message for one recipient.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DeliveryRecord {
    /// How many answers carried the message so far.
    pub attempts: u32,
    /// When the latest of them was put together.
    pub offered_at: Option<Timestamp>,
    /// When it was first written to the recipient's client.
    pub delivered_at: Option<Timestamp>,
    /// When the recipient acknowledged it.
    pub acknowledged_at: Option<Timestamp>,
}

impl DeliveryRecord {
    /// The state to show. `leased`: some live connection holds the message right now; without one an offer that
    /// was not confirmed counts as never made (the daemon or the connection died), and without a recorded offer the
    /// lease is of one that is being committed.
    #[must_use]
    pub fn state(&self, leased: bool, conversation_over: bool) -> DeliveryState {
        if self.acknowledged_at.is_some() {
            DeliveryState::Acknowledged
        } else if conversation_over {
            DeliveryState::Expired
        } else if self.delivered_at.is_some() {
            DeliveryState::Delivered
        } else if leased && self.offered_at.is_some() {
            DeliveryState::Offered
        } else {
            DeliveryState::Stored
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Whatever is written down next of a message, its state never goes back to one that says less, but for an offer
        /// that never arrived.
        #[test]
        fn states_only_go_on(steps in prop::collection::vec(0..4_u8, 0..12), leased: bool) {
            let now = Some(Timestamp::from_millis(1));
            let (mut record, mut before) = (DeliveryRecord::default(), DeliveryState::Stored);
            for step in steps {
                match step {
                    0 => (record.attempts, record.offered_at) = (record.attempts + 1, now),
                    1 => record.offered_at = None,
                    2 => record.delivered_at = now,
                    _ => record.acknowledged_at = now,
                }
                let state = record.state(leased, false);
                let back = before == DeliveryState::Offered && state == DeliveryState::Stored;
                prop_assert!(back || state as u8 >= before as u8, "{before:?} {state:?}");
                prop_assert!(leased || state != DeliveryState::Offered, "nobody holds it");
                let over = record.state(leased, true);
                let expected = if record.acknowledged_at.is_some() { DeliveryState::Acknowledged } else { DeliveryState::Expired };
                prop_assert_eq!(over, expected);
                before = state;
            }
        }
    }

    #[test]
    fn states_follow_the_record() {
        let now = Some(Timestamp::from_millis(1));
        let fresh = DeliveryRecord::default();
        let offered = DeliveryRecord { attempts: 1, offered_at: now, ..fresh };
        let delivered = DeliveryRecord { delivered_at: now, ..offered };
        let acknowledged = DeliveryRecord { acknowledged_at: now, ..delivered };
        assert_eq!(fresh.state(false, false), DeliveryState::Stored);
        assert_eq!(fresh.state(true, false), DeliveryState::Stored);
        assert_eq!(offered.state(true, false), DeliveryState::Offered);
        assert_eq!(offered.state(false, false), DeliveryState::Stored);
        assert_eq!(delivered.state(false, false), DeliveryState::Delivered);
        assert_eq!(delivered.state(false, true), DeliveryState::Expired);
        assert_eq!(acknowledged.state(false, true), DeliveryState::Acknowledged);
    }
}
