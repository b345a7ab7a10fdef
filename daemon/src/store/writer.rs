//! The writer thread: group commit.
//!
//! It takes one job, drains what else is queued (up to [`BATCH_JOBS`] and [`BATCH_BYTES`]) into one transaction with
//! a savepoint per job, commits once, and only then answers everybody. No linger: whoever arrives during a commit
//! shares the next one.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};

use bridge_failpoints::{Point, pass};
use rusqlite::Connection;
use rusqlite::OptionalExtension as _;
use tokio::sync::{mpsc, oneshot};

use super::Prepared;
use super::error::{OpenError, StoreError};
use super::open::{io_error, sqlite};
use super::read::anchor::{Beginning, beginning};
use super::seal::{self, Seal, SealFile};
use super::tx::{Hooks, Tx};
use crate::clock;
use crate::domain::audit::{Entry, Head};
use crate::domain::key::Keys;

const BATCH_JOBS: usize = 256;
const BATCH_BYTES: usize = 8 << 20;

/// A piece of work and the one who waits for it.
pub(super) trait Job: Send {
    /// Bytes it will roughly write.
    fn weight(&self) -> usize;
    /// Does the work inside the open savepoint. On an error the savepoint is rolled back.
    fn run(&mut self, tx: &mut Tx<'_>) -> Result<(), StoreError>;
    /// Answers: after the commit with `Ok`, or with what befell the whole batch.
    fn finish(self: Box<Self>, committed: Result<(), StoreError>);
}

pub(super) struct TypedJob<T, F> {
    weight: usize,
    work: Option<F>,
    outcome: Option<Result<T, StoreError>>,
    reply: oneshot::Sender<Result<T, StoreError>>,
}

impl<T, F> TypedJob<T, F> {
    pub(super) fn new(weight: usize, work: F, reply: oneshot::Sender<Result<T, StoreError>>) -> Self {
        Self { weight, work: Some(work), outcome: None, reply }
    }
}

impl<T, F> Job for TypedJob<T, F>
where
    T: Send,
    F: FnOnce(&mut Tx<'_>) -> Result<T, StoreError> + Send,
{
    fn weight(&self) -> usize {
        self.weight
    }

    fn run(&mut self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        let Some(work) = self.work.take() else { return Ok(()) };
        match work(tx) {
            Ok(value) => {
                self.outcome = Some(Ok(value));
                Ok(())
            }
            Err(error) => {
                self.outcome = Some(Err(error.clone()));
                Err(error)
            }
        }
    }

    fn finish(self: Box<Self>, committed: Result<(), StoreError>) {
        let answer = match (committed, self.outcome) {
            (Ok(()), Some(outcome)) => outcome,
            (Ok(()), None) => Err(StoreError::Closing),
            (Err(_), Some(Err(own))) => Err(own),
            (Err(error), _) => Err(error),
        };
        // The one who asked may be gone; the work stands all the same.
        drop(self.reply.send(answer));
    }
}

pub(super) struct Writer {
    connection: Connection,
    keys: Keys,
    head: Head,
    seal: SealFile,
}

/// What became of a batch's jobs before the commit.
struct Ran {
    job: Box<dyn Job>,
    hooks: Hooks,
}

impl Writer {
    pub(super) fn new(connection: Connection, keys: Keys, seal_path: &Path) -> Result<Self, OpenError> {
        let database = PathBuf::from(connection.path().unwrap_or_default());
        let unreadable = |source| sqlite("reading the audit trail of", &database, source);
        let head = load_head(&connection).map_err(unreadable)?;
        let sealed = seal::read(seal_path, &keys).map_err(|source| io_error("reading", seal_path, source))?;
        let beginning = beginning(&connection, &keys).map_err(unreadable)?;
        let contradiction = contradiction(&connection, &beginning, &head, &sealed).map_err(unreadable)?;
        if let Some(details) = &contradiction {
            seal::set_aside(seal_path, clock::now(), details)
                .map_err(|source| io_error("keeping", seal_path, source))?;
        }
        let seal = SealFile::open(seal_path).map_err(|source| io_error("opening", seal_path, source))?;
        // From the first row on there is a seal: a missing one is always somebody's doing.
        seal.write(&keys, &head).map_err(|source| io_error("writing", seal_path, source))?;
        let mut writer = Self { connection, keys, head, seal };
        if let Some(details) = contradiction {
            tracing::error!(%details, "the audit trail contradicts its seal; run `bridgectl audit verify`");
            writer.record_contradiction(details);
        }
        Ok(writer)
    }

    /// Serves the queue until every sender is gone, then brings everything to rest.
    pub(super) fn run(mut self, mut queue: mpsc::Receiver<Box<dyn Job>>) {
        let mut batch = VecDeque::with_capacity(BATCH_JOBS);
        while let Some(first) = queue.blocking_recv() {
            let mut bytes = first.weight();
            batch.push_back(first);
            while batch.len() < BATCH_JOBS && bytes < BATCH_BYTES {
                let Ok(job) = queue.try_recv() else { break };
                bytes += job.weight();
                batch.push_back(job);
            }
            self.commit_batch(&mut batch);
        }
        if let Err(error) = self.seal.flush() {
            tracing::warn!(%error, "the audit seal could not be flushed");
        }
    }

    fn commit_batch(&mut self, batch: &mut VecDeque<Box<dyn Job>>) {
        let before = self.head;
        let mut ran = Vec::with_capacity(batch.len());
        let committed = self.run_batch(batch, &mut ran);
        if committed.is_err() {
            self.head = before;
            if !self.connection.is_autocommit()
                && let Err(error) = self.connection.execute_batch("ROLLBACK")
            {
                tracing::error!(%error, "a failed batch could not be rolled back");
            }
        } else if let Err(error) = self.seal.write(&self.keys, &self.head) {
            tracing::warn!(%error, "the audit seal could not be written");
        }
        pass(Point::AfterSeal);
        for Ran { job, hooks } in ran {
            hooks.run(committed.is_ok());
            job.finish(committed.clone());
        }
        // Jobs behind the one that broke the batch never ran.
        for job in batch.drain(..) {
            job.finish(committed.clone());
        }
    }

    fn run_batch(
        &mut self,
        batch: &mut VecDeque<Box<dyn Job>>,
        ran: &mut Vec<Ran>,
    ) -> Result<(), StoreError> {
        let now = clock::now();
        self.statement("BEGIN IMMEDIATE")?;
        while let Some(mut job) = batch.pop_front() {
            let before = self.head;
            self.statement("SAVEPOINT job")?;
            let mut tx = Tx::new(&self.connection, &self.keys, &mut self.head, now);
            let result = job.run(&mut tx);
            let (hooks, followers) = tx.into_parts();
            for Prepared(follower) in followers.into_iter().rev() {
                batch.push_front(follower);
            }
            match result {
                Ok(()) => {
                    ran.push(Ran { job, hooks });
                    self.statement("RELEASE job")?;
                }
                Err(error) => {
                    self.head = before;
                    hooks.run(false);
                    ran.push(Ran { job, hooks: Hooks::default() });
                    // A full disk or an I/O error may have rolled back the whole transaction on its own.
                    if self.connection.is_autocommit() {
                        return Err(error);
                    }
                    self.statement("ROLLBACK TO job")?;
                    self.statement("RELEASE job")?;
                }
            }
        }
        pass(Point::BeforeCommit);
        self.statement("COMMIT")?;
        pass(Point::AfterCommit);
        Ok(())
    }

    fn statement(&self, sql: &str) -> Result<(), StoreError> {
        self.connection.prepare_cached(sql)?.execute([])?;
        Ok(())
    }

    /// Puts what was found at the start into the trail itself.
    fn record_contradiction(&mut self, details: String) {
        let entry = Entry {
            at: clock::now(),
            conversation: None,
            actor: "daemon".to_owned(),
            action: "seal_contradicted".to_owned(),
            outcome: "tampered".to_owned(),
            details,
        };
        let (reply, _nobody) = oneshot::channel();
        let job = TypedJob::new(0, move |tx: &mut Tx<'_>| tx.append_audit(entry), reply);
        self.commit_batch(&mut VecDeque::from([Box::new(job) as Box<dyn Job>]));
    }
}

fn load_head(connection: &Connection) -> rusqlite::Result<Head> {
    let last = connection
        .query_row("SELECT seq, mac FROM audit ORDER BY seq DESC LIMIT 1", [], |row| {
            Ok(Head { seq: row.get(0)?, mac: row.get(1)? })
        })
        .optional()?;
    Ok(last.unwrap_or(Head::EMPTY))
}

/// Why the seal does not fit the database, as a JSON object, or `None` when it does.
fn contradiction(
    connection: &Connection,
    beginning: &Beginning,
    head: &Head,
    sealed: &Seal,
) -> rusqlite::Result<Option<String>> {
    let found = match sealed {
        Seal::Missing | Seal::Broken if head.seq == 0 => return Ok(None),
        Seal::Missing => serde_json::json!({"seal": "missing", "rows": head.seq}),
        Seal::Broken => serde_json::json!({"seal": "broken", "rows": head.seq}),
        Seal::At(sealed) => {
            // Rows up to the anchor were removed after their time.
            let removed = matches!(beginning, Beginning::After(start) if sealed.seq <= start.seq);
            let stands = removed
                || sealed.seq == 0
                || connection
                    .query_row("SELECT seq, mac FROM audit WHERE seq = ?1", [sealed.seq], |row| {
                        Ok(Head { seq: row.get(0)?, mac: row.get(1)? })
                    })
                    .optional()?
                    .is_some_and(|row| row.matches(sealed));
            if stands {
                return Ok(None);
            }
            serde_json::json!({"seal": "contradicted", "sealed_rows": sealed.seq, "rows": head.seq})
        }
    };
    Ok(Some(found.to_string()))
}
