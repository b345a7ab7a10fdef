//! The model must accept what a right bridge does, whatever dies, and must see every kind of wrong.

use proptest::prelude::*;

use super::*;

fn arrived(number: u64, redelivered: bool) -> Arrived {
    Arrived { id: format!("msg_{number}"), number, digest: number * 7, redelivered }
}

/// A channel with `count` answered sends.
fn sent(count: u64) -> Channel {
    let mut channel = Channel::default();
    for number in 1..=count {
        channel.begin(number, number, number * 7);
        channel.answered(number, &format!("msg_{number}"));
    }
    channel
}

fn found(channel: Channel) -> Vec<Violation> {
    channel.finish().1
}

#[test]
fn a_loss_is_seen() {
    let mut channel = sent(3);
    channel.arrived(&[arrived(1, false), arrived(3, false)]);
    assert_eq!(found(channel), [Violation::Lost { number: 2, id: "msg_2".to_owned() }]);
}

#[test]
fn a_send_without_an_answer_may_be_lost() {
    let mut channel = Channel::default();
    channel.begin(1, 1, 7);
    channel.begin(2, 2, 14);
    channel.arrived(&[arrived(2, false)]);
    let (tally, violations) = channel.finish();
    assert_eq!((violations, tally.unknown_missing, tally.unknown_arrived), (vec![], 1, 1));
}

#[test]
fn a_duplicate_must_be_marked() {
    let mut channel = sent(1);
    channel.arrived(&[arrived(1, false)]);
    channel.arrived(&[arrived(1, true)]);
    channel.arrived(&[arrived(1, false)]);
    assert_eq!(found(channel), [Violation::UnmarkedDuplicate { number: 1, id: "msg_1".to_owned() }]);
}

#[test]
fn one_send_under_two_ids_is_seen_from_either_end() {
    let twice = |number, first: &str, second: &str| {
        [Violation::StoredTwice { number, first: first.to_owned(), second: second.to_owned() }]
    };
    let mut channel = sent(1);
    channel.arrived(&[arrived(1, false), Arrived { id: "msg_9".to_owned(), ..arrived(1, true) }]);
    assert_eq!(found(channel), twice(1, "msg_1", "msg_9"));
    let mut channel = sent(1);
    channel.retry(1);
    channel.answered(1, "msg_2");
    channel.arrived(&[arrived(1, false)]);
    assert_eq!(found(channel)[0], twice(1, "msg_1", "msg_2")[0]);
}

#[test]
fn what_was_answered_first_arrives_first() {
    let mut channel = sent(3);
    channel.arrived(&[arrived(1, false), arrived(3, false), arrived(2, false)]);
    assert_eq!(found(channel), [Violation::OutOfOrder { number: 2, later: 3 }]);
}

#[test]
fn what_was_under_way_together_may_arrive_in_any_order() {
    let mut channel = Channel::default();
    channel.begin(1, 1, 7);
    channel.begin(2, 2, 14);
    channel.answered(1, "msg_1");
    channel.answered(2, "msg_2");
    channel.arrived(&[arrived(2, false), arrived(1, false)]);
    assert_eq!(found(channel), []);
}

#[test]
fn what_was_written_in_one_go_keeps_its_order() {
    let burst = |retried: bool| {
        let mut channel = Channel::default();
        channel.begin(1, 5, 7);
        channel.begin(2, 5, 14);
        if retried {
            channel.retry(1);
        }
        channel.answered(1, "msg_1");
        channel.answered(2, "msg_2");
        channel.arrived(&[arrived(2, false), arrived(1, false)]);
        found(channel)
    };
    assert_eq!(burst(false), [Violation::OutOfOrder { number: 1, later: 2 }]);
    assert_eq!(burst(true), [], "its first attempt may never have been read");
}

#[test]
fn what_nobody_sent_and_what_changed_is_seen() {
    let mut channel = sent(1);
    channel.arrived(&[arrived(2, false)]);
    channel.arrived(&[Arrived { digest: 1, ..arrived(1, false) }]);
    let violations = found(channel);
    assert!(matches!(violations[0], Violation::Invented { number: 2, .. }), "{violations:?}");
    assert!(matches!(violations[1], Violation::Altered { number: 1, .. }), "{violations:?}");
}

#[test]
fn states_only_go_back_from_offered() {
    use State::{Acknowledged, Delivered, Offered, Stored};
    for (before, after, allowed) in [
        (Stored, Acknowledged, true),
        (Offered, Stored, true),
        (Delivered, Offered, false),
        (Delivered, Stored, false),
        (Acknowledged, Delivered, false),
        (Acknowledged, Acknowledged, true),
    ] {
        let mut channel = sent(1);
        channel.arrived(&[arrived(1, false)]);
        channel.state("msg_1", before);
        channel.state("msg_1", after);
        let violations = found(channel);
        assert_eq!(violations.is_empty(), allowed, "{before} then {after}: {violations:?}");
    }
}

#[test]
fn nothing_is_acknowledged_unread_or_read_after_that() {
    let mut channel = sent(1);
    channel.state("msg_1", State::Acknowledged);
    channel.arrived(&[arrived(1, true)]);
    let violations = found(channel);
    assert!(matches!(violations[0], Violation::AcknowledgedUnread { .. }), "{violations:?}");
    assert!(matches!(violations[1], Violation::CameAfterAcknowledged { .. }), "{violations:?}");
}

#[test]
fn what_is_open_in_the_end_is_named() {
    let states = [("msg_1".to_owned(), State::Acknowledged), ("msg_2".to_owned(), State::Delivered)];
    let wrong = Violation::NotAcknowledged { id: "msg_2".to_owned(), state: State::Delivered };
    assert_eq!(unacknowledged(&states), [wrong]);
}

/// A step in the life of a channel whose processes die.
#[derive(Debug, Clone)]
enum Step {
    /// Send; the answer is lost that often before the sender has it.
    Send(u8),
    /// Fetch that many; the recipient reads them, or dies before.
    Fetch(usize, bool),
    /// The recipient's next call.
    Act,
    /// The sender asks for the state of everything.
    Ask,
    /// The recipient's side dies.
    Die,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (0_u8..3).prop_map(Step::Send),
        3 => (1_usize..5, any::<bool>()).prop_map(|(count, read)| Step::Fetch(count, read)),
        2 => Just(Step::Act),
        1 => Just(Step::Ask),
        1 => Just(Step::Die),
    ];
    prop::collection::vec(step, 1..80)
}

/// A right bridge in a dozen lines: what is stored, how often it was tried, what the recipient holds.
#[derive(Default)]
struct Bridge {
    channel: Channel,
    attempts: Vec<u32>,
    acknowledged: usize,
    held: usize,
    read: bool,
}

/// What a wrong bridge does to one message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wrong {
    Nothing,
    Loses(usize),
    Unmarks,
}

impl Bridge {
    fn step(&mut self, step: &Step, wrong: Wrong) {
        match *step {
            Step::Send(lost) => {
                self.attempts.push(0);
                let number = self.attempts.len() as u64;
                self.channel.begin(number, number, number * 7);
                (0..lost).for_each(|_| self.channel.retry(number));
                self.channel.answered(number, &format!("msg_{number}"));
            }
            Step::Fetch(count, read) => self.fetch(count, read, wrong),
            Step::Act => {
                if self.read {
                    self.acknowledged += std::mem::take(&mut self.held);
                }
            }
            Step::Ask => {
                for index in 0..self.attempts.len() {
                    let held = index < self.acknowledged + self.held;
                    let state = match (index < self.acknowledged, held) {
                        (true, _) => State::Acknowledged,
                        (false, true) => State::Offered,
                        (false, false) => State::Stored,
                    };
                    self.channel.state(&format!("msg_{}", index + 1), state);
                }
            }
            Step::Die => self.held = 0,
        }
    }

    fn fetch(&mut self, count: usize, read: bool, wrong: Wrong) {
        if self.held > 0 {
            return;
        }
        self.held = count.min(self.attempts.len() - self.acknowledged);
        self.read = read;
        let range = self.acknowledged..self.acknowledged + self.held;
        let messages: Vec<Arrived> = range
            .filter(|index| wrong != Wrong::Loses(*index))
            .map(|index| {
                let again = std::mem::replace(&mut self.attempts[index], 1) > 0;
                arrived(index as u64 + 1, again && wrong != Wrong::Unmarks)
            })
            .collect();
        if read {
            self.channel.arrived(&messages);
        }
    }

    fn finish(mut self, wrong: Wrong) -> (Tally, Vec<Violation>) {
        self.held = 0;
        while self.acknowledged < self.attempts.len() {
            self.step(&Step::Fetch(5, true), wrong);
            self.step(&Step::Act, wrong);
        }
        self.channel.finish()
    }
}

fn history(steps: &[Step], wrong: Wrong) -> (Tally, Vec<Violation>) {
    let mut bridge = Bridge::default();
    steps.iter().for_each(|step| bridge.step(step, wrong));
    bridge.finish(wrong)
}

proptest! {
    #[test]
    fn a_right_bridge_is_never_blamed(steps in steps()) {
        let (tally, violations) = history(&steps, Wrong::Nothing);
        prop_assert_eq!(violations, vec![]);
        prop_assert_eq!(tally.arrived, tally.begun);
    }

    #[test]
    fn a_bridge_that_loses_one_is_always_caught(steps in steps(), victim in 0_usize..20) {
        let (tally, violations) = history(&steps, Wrong::Loses(victim));
        let lost = violations.iter().any(|found| matches!(found, Violation::Lost { .. }));
        prop_assert_eq!(lost, (victim as u64) < tally.begun);
    }

    #[test]
    fn a_bridge_that_never_marks_is_caught_whenever_something_came_again(steps in steps()) {
        let (tally, violations) = history(&steps, Wrong::Unmarks);
        prop_assert_eq!(tally.repeated, violations.len() as u64);
    }
}
