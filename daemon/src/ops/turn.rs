//! Calls of one connection take effect in the order in which they arrived.
//!
//! The MCP library runs requests concurrently. Each call is given a turn when its frame is read; it waits for the
//! turns before it and ends its own once its work has its place in the writer's queue (or needs none). Waiting for
//! the disk, or for mail, happens after that, so that nothing long ever blocks the calls behind it.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// A call's place in its connection's order. Dropping it ends the turn.
#[derive(Debug)]
pub struct Turn {
    number: u64,
    order: Arc<Order>,
}

/// Hands out turns.
#[derive(Debug, Default)]
pub struct TurnQueue {
    next: u64,
    order: Arc<Order>,
}

#[derive(Debug, Default)]
struct Order {
    progress: Mutex<Progress>,
    moved: Notify,
}

#[derive(Debug, Default)]
struct Progress {
    /// Every turn below this number has ended.
    serving: u64,
    /// Turns that ended before their time came (cancelled requests).
    ended_early: BTreeSet<u64>,
}

impl TurnQueue {
    /// The turn behind all given so far.
    pub fn next_turn(&mut self) -> Turn {
        let number = self.next;
        self.next += 1;
        Turn { number, order: Arc::clone(&self.order) }
    }
}

impl Turn {
    /// Waits until every earlier turn has ended.
    pub async fn come(&self) {
        loop {
            let moved = self.order.moved.notified();
            if self.order.progress().serving >= self.number {
                return;
            }
            moved.await;
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut progress = self.order.progress();
        progress.ended_early.insert(self.number);
        let before = progress.serving;
        while {
            let serving = progress.serving;
            progress.ended_early.remove(&serving)
        } {
            progress.serving += 1;
        }
        let moved = progress.serving != before;
        drop(progress);
        if moved {
            self.order.moved.notify_waiters();
        }
    }
}

impl Order {
    fn progress(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::pin::pin;
    use std::task::Poll;

    #[tokio::test]
    async fn turns_come_in_order_and_a_dropped_one_opens_no_gap() {
        let mut queue = TurnQueue::default();
        let (first, second, third) = (queue.next_turn(), queue.next_turn(), queue.next_turn());
        first.come().await;
        let mut third_comes = pin!(third.come());
        drop(second);
        std::future::poll_fn(|cx| {
            assert!(third_comes.as_mut().poll(cx).is_pending(), "the first turn has not ended");
            Poll::Ready(())
        })
        .await;
        drop(first);
        third_comes.await;
    }

    #[tokio::test]
    async fn many_tasks_keep_their_order() {
        let mut queue = TurnQueue::default();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let turns: Vec<_> = (0..1_000).map(|_| queue.next_turn()).collect();
        let tasks: Vec<_> = turns
            .into_iter()
            .enumerate()
            .rev()
            .map(|(index, turn)| {
                let seen = Arc::clone(&seen);
                tokio::spawn(async move {
                    turn.come().await;
                    seen.lock().unwrap().push(index);
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        assert_eq!(*seen.lock().unwrap(), (0..1_000).collect::<Vec<_>>());
    }

    /// Each goes in its turn, however they are scheduled, and whichever of them is cancelled before it came.
    #[test]
    fn turns_come_in_order_in_every_order_of_events() {
        use crate::interleave::{Task, every_order, pause};
        for cancelled in 0..4_usize {
            every_order(|| {
                let seen = Arc::new(Mutex::new(Vec::new()));
                let mut queue = TurnQueue::default();
                let mut tasks: Vec<Task> = Vec::new();
                for number in 0..3_usize {
                    let (turn, seen) = (queue.next_turn(), Arc::clone(&seen));
                    tasks.push(Box::pin(async move {
                        if number != cancelled {
                            turn.come().await;
                            seen.lock().unwrap().push(number);
                            pause().await;
                            assert_eq!(seen.lock().unwrap().last(), Some(&number), "its turn had not ended");
                        }
                        drop(turn);
                    }));
                }
                let last = queue.next_turn();
                tasks.push(Box::pin(async move {
                    last.come().await;
                    let expected: Vec<usize> = (0..3).filter(|number| *number != cancelled).collect();
                    assert_eq!(*seen.lock().unwrap(), expected);
                }));
                tasks
            });
        }
    }
}
