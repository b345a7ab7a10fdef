//! The writer thread and what it leaves on disk: group commit, savepoints, the audit chain and its seal.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(clippy::disallowed_methods, reason = "tampering takes a connection of its own")]

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use bridge_daemon::domain::audit::Entry;
use bridge_daemon::domain::key::Keys;
use bridge_daemon::domain::time::Timestamp;
use bridge_daemon::store::read::verify::{Noted, verify};
use bridge_daemon::store::{Prepared, Store, StoreError, StoreThreads, Synchronous, state_dir};
use bridge_proto::admin::VerifyReport;
use bridge_proto::paths::Paths;
use proptest::prelude::*;

struct Opened {
    store: Store,
    threads: StoreThreads,
    keys: Keys,
    paths: Paths,
}

fn open(directory: &Path) -> Opened {
    let state = directory.join("bridged");
    let paths = Paths { socket: state.join("s"), config: state.join("c"), state };
    state_dir::prepare(&paths.state).unwrap();
    let keys = state_dir::load_or_create_keys(&paths).unwrap();
    let (store, threads) = Store::open(&paths, &keys, Synchronous::Full).unwrap();
    Opened { store, threads, keys, paths }
}

impl Opened {
    fn verify(&self) -> VerifyReport {
        verify(&self.store.reader().unwrap(), &self.keys, &self.paths.seal(), Noted::Nothing).unwrap()
    }

    fn close(self) -> (Keys, Paths) {
        drop(self.store);
        self.threads.join();
        (self.keys, self.paths)
    }
}

fn entry(details: usize) -> Entry {
    Entry {
        at: Timestamp::from_millis(1),
        conversation: None,
        actor: "test".into(),
        action: "count".into(),
        outcome: "ok".into(),
        details: details.to_string(),
    }
}

fn count(counter: &AtomicUsize) {
    counter.fetch_add(1, Ordering::Relaxed);
}

fn refused() -> StoreError {
    StoreError::Refused { detail: "on purpose".into() }
}

#[tokio::test]
async fn a_failing_job_takes_nobody_with_it() {
    let directory = tempfile::tempdir().unwrap();
    let opened = open(directory.path());
    let (committed, rolled_back) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let mut answers = Vec::new();
    for number in 0..500 {
        let (yes, no) = (Arc::clone(&committed), Arc::clone(&rolled_back));
        let submitted = opened.store.submit(10, move |tx| {
            tx.append_audit(entry(number))?;
            tx.after_commit(move || count(&yes));
            tx.after_rollback(move || count(&no));
            if number % 7 == 3 { Err(refused()) } else { Ok(number) }
        });
        answers.push((number, submitted.await.unwrap()));
    }
    for (number, answer) in answers {
        match answer.await {
            Ok(value) => assert_eq!(value, number),
            Err(error) => assert!(number % 7 == 3 && matches!(error, StoreError::Refused { .. })),
        }
    }
    let failed = (0..500).filter(|n| n % 7 == 3).count();
    assert_eq!(rolled_back.load(Ordering::Relaxed), failed);
    assert_eq!(committed.load(Ordering::Relaxed), 500 - failed);
    let report = opened.verify();
    assert!(report.whole, "{report:?}");
    assert_eq!(report.rows, i64::try_from(500 - failed).unwrap());
    opened.close();
}

#[tokio::test]
async fn what_follows_shares_the_commit_and_stands_by_itself() {
    let directory = tempfile::tempdir().unwrap();
    let opened = open(directory.path());
    for (number, (leader_fails, follower_fails)) in
        [(false, false), (false, true), (true, false), (true, true)].into_iter().enumerate()
    {
        let heads = Arc::new(Mutex::new(Vec::new()));
        let (seen, before) = (Arc::clone(&heads), Arc::clone(&heads));
        let (follower, mut follows) = Prepared::new(move |tx| {
            seen.lock().unwrap().push(tx.head().seq);
            tx.append_audit(entry(number))?;
            if follower_fails { Err(refused()) } else { Ok(()) }
        });
        let leader = opened.store.submit(0, move |tx| {
            tx.append_audit(entry(number))?;
            before.lock().unwrap().push(tx.head().seq);
            // Neither is on disk before both are.
            tx.follow(follower);
            if leader_fails { Err(refused()) } else { Ok(()) }
        });
        let led = leader.await.unwrap().await;
        let followed = (&mut follows).await;
        assert_eq!((led.is_err(), followed.is_err()), (leader_fails, follower_fails));
        let heads = heads.lock().unwrap();
        assert_eq!(heads[1] - heads[0], if leader_fails { -1 } else { 0 }, "right behind it");
    }
    let report = opened.verify();
    assert!(report.whole && report.rows == 4, "{report:?}");
    opened.close();
}

#[tokio::test]
async fn what_is_never_taken_along_says_so() {
    let (prepared, commit) = Prepared::new(|_| Ok(()));
    drop(prepared);
    assert!(matches!(commit.await, Err(StoreError::Closing)));
}

#[tokio::test]
async fn what_was_answered_is_there_after_reopening_and_the_seal_knows_it() {
    let directory = tempfile::tempdir().unwrap();
    let opened = open(directory.path());
    for number in 0..20 {
        opened.store.commit(0, move |tx| tx.append_audit(entry(number))).await.unwrap();
    }
    assert_eq!(opened.verify().sealed_rows, Some(20));
    opened.close();
    let opened = open(directory.path());
    let report = opened.verify();
    assert!(report.whole && report.rows == 20, "{report:?}");
    opened.close();
}

#[tokio::test]
async fn a_cut_trail_is_noticed_at_the_next_start_and_the_evidence_kept() {
    let directory = tempfile::tempdir().unwrap();
    let opened = open(directory.path());
    for number in 0..20 {
        opened.store.commit(0, move |tx| tx.append_audit(entry(number))).await.unwrap();
    }
    let (_, paths) = opened.close();
    let tampering = rusqlite::Connection::open(paths.database()).unwrap();
    tampering.execute("DELETE FROM audit WHERE seq > 15", []).unwrap();
    drop(tampering);
    let opened = open(directory.path());
    // The daemon goes on, and its new rows must not heal the trail.
    opened.store.commit(0, move |tx| tx.append_audit(entry(99))).await.unwrap();
    let report = opened.verify();
    assert!(!report.whole, "{report:?}");
    assert!(report.findings[0].problem.contains("contradicting its seal"), "{report:?}");
    opened.close();
}

#[tokio::test]
async fn a_database_of_a_newer_version_is_refused_untouched() {
    let directory = tempfile::tempdir().unwrap();
    let (_, paths) = open(directory.path()).close();
    let newer = rusqlite::Connection::open(paths.database()).unwrap();
    newer.pragma_update(None, "user_version", 99).unwrap();
    drop(newer);
    let keys = state_dir::load_keys(&paths.key()).unwrap();
    let error = Store::open(&paths, &keys, Synchronous::Full).err().unwrap().to_string();
    assert!(error.contains("schema version 99") && error.contains("newer bridged"), "{error}");
}

/// What a job does.
#[derive(Debug, Clone, Copy)]
enum Deed {
    Appends,
    /// Appends, then fails: nothing of it may stay.
    Fails,
    /// Its caller has lost interest before it ran: the work stands all the same.
    IsForgotten,
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Jobs of any kind in any order, from several tasks at once: each task's rows stand in the order in which it
    /// submitted them, everybody is answered once with what became of his own job, and the chain is whole.
    #[test]
    fn jobs_of_any_kind_keep_their_order_and_the_chain(
        queues in prop::collection::vec(
            prop::collection::vec(prop::sample::select(vec![Deed::Appends, Deed::Fails, Deed::IsForgotten]), 0..40),
            1..5,
        ),
    ) {
        let directory = tempfile::tempdir().unwrap();
        let opened = open(directory.path());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let tasks: Vec<_> = queues
            .iter()
            .enumerate()
            .map(|(queue, deeds)| runtime.spawn(submit_all(opened.store.clone(), queue, deeds.clone())))
            .collect();
        for task in tasks {
            runtime.block_on(task).unwrap();
        }
        prop_assert!(opened.verify().whole);
        let (_, paths) = opened.close();
        let kept = details(&paths);
        for (queue, deeds) in queues.iter().enumerate() {
            let expected: Vec<String> = (0..deeds.len())
                .filter(|place| !matches!(deeds[*place], Deed::Fails))
                .map(|place| (queue * 1_000 + place).to_string())
                .collect();
            let own: Vec<&String> =
                kept.iter().filter(|row| row.parse::<usize>().unwrap() / 1_000 == queue).collect();
            prop_assert_eq!(own, expected.iter().collect::<Vec<_>>());
        }
    }
}

async fn submit_all(store: Store, queue: usize, deeds: Vec<Deed>) {
    let mut answers = Vec::new();
    for (place, deed) in deeds.into_iter().enumerate() {
        let commit = store
            .submit(10, move |tx| {
                tx.append_audit(entry(queue * 1_000 + place))?;
                if matches!(deed, Deed::Fails) { Err(refused()) } else { Ok(place) }
            })
            .await
            .unwrap();
        if !matches!(deed, Deed::IsForgotten) {
            answers.push((place, deed, commit));
        }
    }
    for (place, deed, commit) in answers {
        match commit.await {
            Ok(answer) => assert!(matches!(deed, Deed::Appends) && answer == place),
            Err(error) => assert!(matches!(deed, Deed::Fails), "{error}"),
        }
    }
}

fn details(paths: &Paths) -> Vec<String> {
    let connection = rusqlite::Connection::open(paths.database()).unwrap();
    let mut statement = connection.prepare("SELECT details FROM audit ORDER BY seq").unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}
