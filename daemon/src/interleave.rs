#![cfg(test)]
//! Runs tasks in every order in which they can take their steps, and finds those that sleep for ever.
//!
//! A step goes from one point where a task waits to the next. A task takes one only when its waker was called, so what
//! tests work with here are the real primitives, and a notification that is lost shows as a task that nobody wakes.
//! Stateless search over schedules: P. Godefroid, "Model checking for programming languages using VeriSoft" (1997).

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

/// Something that runs beside others.
pub(crate) type Task = Pin<Box<dyn Future<Output = ()>>>;

/// Schedules beyond which a test is too large to be one.
const MOST_SCHEDULES: usize = 2_000_000;

/// Runs the tasks of `setup` in every order; returns how many orders there are.
///
/// # Panics
/// When a task panics, or sleeps with nobody left who could wake it. Says in which order.
pub(crate) fn every_order(setup: impl Fn() -> Vec<Task>) -> usize {
    let mut schedule = Schedule::default();
    for count in 1..=MOST_SCHEDULES {
        schedule.step = 0;
        run(setup(), &mut schedule);
        if !schedule.advance() {
            return count;
        }
    }
    panic!("more than {MOST_SCHEDULES} orders: make the test smaller");
}

/// Lets everybody else go first, or not.
pub(crate) async fn pause() {
    let mut paused = false;
    std::future::poll_fn(|context| {
        if std::mem::replace(&mut paused, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// Which of those that could go went, at each step, and how many could.
#[derive(Debug, Default)]
struct Schedule {
    choices: Vec<(usize, usize)>,
    step: usize,
}

impl Schedule {
    fn choose(&mut self, ready: usize) -> usize {
        if self.step == self.choices.len() {
            self.choices.push((0, ready));
        }
        let (chosen, before) = self.choices[self.step];
        assert_eq!(before, ready, "the tasks depend on more than their order");
        self.step += 1;
        chosen
    }

    /// To the next schedule that was not tried; false after the last.
    fn advance(&mut self) -> bool {
        self.choices.truncate(self.step);
        while let Some((chosen, ready)) = self.choices.pop() {
            if chosen + 1 < ready {
                self.choices.push((chosen + 1, ready));
                return true;
            }
        }
        false
    }
}

struct Awake(AtomicBool);

impl Wake for Awake {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

fn run(tasks: Vec<Task>, schedule: &mut Schedule) {
    let mut tasks: Vec<(Option<Task>, Arc<Awake>)> =
        tasks.into_iter().map(|task| (Some(task), Arc::new(Awake(AtomicBool::new(true))))).collect();
    let mut order = Vec::new();
    loop {
        let can_go =
            |(task, awake): &(Option<Task>, Arc<Awake>)| task.is_some() && awake.0.load(Ordering::Relaxed);
        let ready: Vec<usize> = (0..tasks.len()).filter(|index| can_go(&tasks[*index])).collect();
        if ready.is_empty() {
            let asleep: Vec<usize> = (0..tasks.len()).filter(|index| tasks[*index].0.is_some()).collect();
            assert!(asleep.is_empty(), "tasks {asleep:?} sleep for ever after {order:?}");
            return;
        }
        let next = ready[schedule.choose(ready.len())];
        order.push(next);
        let (task, awake) = &mut tasks[next];
        awake.0.store(false, Ordering::Relaxed);
        let waker = Waker::from(Arc::clone(awake));
        let done =
            task.as_mut().is_some_and(|task| task.as_mut().poll(&mut Context::from_waker(&waker)).is_ready());
        if done {
            *task = None;
        }
    }
}

mod tests {
    use super::*;
    use std::cell::{Cell, RefCell};
    use std::collections::BTreeSet;
    use std::rc::Rc;
    use tokio::sync::Notify;

    #[test]
    fn every_order_is_tried_once() {
        let seen = RefCell::new(Vec::new());
        let count = every_order(|| {
            let order = Rc::new(RefCell::new(String::new()));
            seen.borrow_mut().push(Rc::clone(&order));
            let task = |name: char| -> Task {
                let order = Rc::clone(&order);
                Box::pin(async move {
                    order.borrow_mut().push(name);
                    pause().await;
                    order.borrow_mut().push(name);
                })
            };
            vec![task('a'), task('b')]
        });
        let orders: BTreeSet<String> = seen.borrow().iter().map(|order| order.borrow().clone()).collect();
        assert_eq!((count, orders.len()), (6, 6), "{orders:?}");
    }

    /// The mistake that all this is about: to look first and to listen afterwards.
    #[test]
    #[should_panic(expected = "sleep for ever")]
    fn a_notification_between_look_and_listen_is_found() {
        every_order(|| {
            let (bell, rung) = (Rc::new(Notify::new()), Rc::new(Cell::new(false)));
            let (ringer, was_rung) = (Rc::clone(&bell), Rc::clone(&rung));
            let listener = async move {
                while !rung.get() {
                    pause().await;
                    bell.notified().await;
                }
            };
            let ring = async move {
                was_rung.set(true);
                ringer.notify_waiters();
            };
            vec![Box::pin(listener) as Task, Box::pin(ring)]
        });
    }
}
