//! Everything that touches the database.
//!
//! One writer thread owns the only connection that writes. Work comes to it as closures over a [`Tx`], is drained
//! into one transaction for everybody who waits (group commit) and answered only after the commit. Reading goes
//! through a pool of connections that cannot write.

pub mod check;
mod checkpoint;
pub mod error;
pub mod open;
pub mod read;
mod schema;
pub mod seal;
pub mod snapshot;
pub mod state_dir;
mod tx;
pub mod vacuum;
mod writer;

use std::fmt;
use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::thread::JoinHandle;
use std::time::Duration;

use r2d2::{Pool, PooledConnection};
use r2d2_sqlite::SqliteConnectionManager;
use tokio::sync::{mpsc, oneshot};

use crate::domain::key::Keys;
use bridge_proto::paths::Paths;
pub use error::{OpenError, StoreError};
pub use open::Synchronous;
pub use tx::{
    ArchivedSession, BatchLimits, NewArchive, NewCommand, NewConversation, NewMessage, NewSession,
    OfferedMessage, Pruned, Redeemed, Redemption, SavedSession, Sent, Tx,
};
use writer::{Job, TypedJob};

/// Jobs that may wait for the writer; beyond that callers are refused.
const QUEUE: usize = 1_024;
/// How long a caller waits for a place in the queue before it is refused.
const QUEUE_PATIENCE: Duration = Duration::from_secs(2);
/// Connections for quick looks; the one runtime thread uses one at a time.
const READERS: u32 = 4;
/// Connections for reads that may take long; more of them wait their turn, away from the runtime thread.
const LONG_READERS: u32 = 2;
/// How long a long read waits for its turn.
const LONG_PATIENCE: Duration = Duration::from_secs(30);

/// Handle to the database; cheap to clone.
#[derive(Clone)]
pub struct Store {
    jobs: mpsc::Sender<Box<dyn Job>>,
    readers: Pool<SqliteConnectionManager>,
    long_readers: Pool<SqliteConnectionManager>,
}

/// The threads behind a [`Store`].
pub struct StoreThreads {
    writer: JoinHandle<()>,
    checkpointer: checkpoint::Checkpointer,
}

/// Answer of the writer that is still to come: when the work is on disk, or with whatever the work or the commit ran into;
/// nothing of it is in the database then.
#[must_use = "nothing is on disk until the answer is there"]
pub struct Commit<T>(oneshot::Receiver<Result<T, StoreError>>);

impl<T> Future for Commit<T> {
    type Output = Result<T, StoreError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(context).map(|answer| answer.unwrap_or(Err(StoreError::Closing)))
    }
}

/// Work that waits for other work to take it along ([`Tx::follow`]).
pub struct Prepared(Box<dyn Job>);

impl Prepared {
    /// Work, and the answer that comes if it is ever taken along; [`StoreError::Closing`] if it is dropped instead.
    pub fn new<T, F>(work: F) -> (Self, Commit<T>)
    where
        T: Send + 'static,
        F: FnOnce(&mut Tx<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        (Self(Box::new(TypedJob::new(0, work, reply))), Commit(answer))
    }
}

impl fmt::Debug for Prepared {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Prepared")
    }
}

impl Store {
    /// Opens the database and starts its threads.
    ///
    /// # Errors
    /// [`OpenError`] naming the path and what to do.
    pub fn open(
        paths: &Paths,
        keys: &Keys,
        synchronous: Synchronous,
    ) -> Result<(Self, StoreThreads), OpenError> {
        let database = paths.database();
        let connection = open::open_writer(&database, synchronous)?;
        let (jobs, queue) = mpsc::channel(QUEUE);
        let writer = writer::Writer::new(connection, keys.clone(), &paths.seal())?;
        let writer = std::thread::Builder::new()
            .name("writer".to_owned())
            .spawn(move || writer.run(queue))
            .map_err(OpenError::Thread)?;
        let checkpointer = checkpoint::Checkpointer::start(&database)?;
        let readers = reader_pool(database.clone(), READERS);
        let long_readers = reader_pool(database, LONG_READERS);
        Ok((Self { jobs, readers, long_readers }, StoreThreads { writer, checkpointer }))
    }

    /// Queues work for the writer. Returns once the work has its place in the order of all writes.
    ///
    /// # Errors
    /// [`StoreError::Overloaded`] when the queue stays full, [`StoreError::Closing`] during shutdown.
    pub async fn submit<T, F>(&self, weight: usize, work: F) -> Result<Commit<T>, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Tx<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let place = match self.jobs.try_reserve() {
            Ok(place) => place,
            Err(mpsc::error::TrySendError::Closed(())) => return Err(StoreError::Closing),
            Err(mpsc::error::TrySendError::Full(())) => {
                match tokio::time::timeout(QUEUE_PATIENCE, self.jobs.reserve()).await {
                    Ok(Ok(place)) => place,
                    Ok(Err(_)) => return Err(StoreError::Closing),
                    Err(_) => return Err(StoreError::Overloaded),
                }
            }
        };
        place.send(Box::new(TypedJob::new(weight, work, reply)));
        Ok(Commit(answer))
    }

    /// Queues work and waits until it is on disk.
    ///
    /// # Errors
    /// Those of [`Self::submit`], and whatever the work or the commit ran into; nothing of it is in the database then.
    pub async fn commit<T, F>(&self, weight: usize, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Tx<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        self.submit(weight, work).await?.await
    }

    /// Queues work whose answer nobody needs, from code that cannot wait. Returns whether there was room.
    pub fn try_submit<F>(&self, work: F) -> bool
    where
        F: FnOnce(&mut Tx<'_>) -> Result<(), StoreError> + Send + 'static,
    {
        let (reply, _nobody) = oneshot::channel();
        self.jobs.try_send(Box::new(TypedJob::new(0, work, reply))).is_ok()
    }

    /// Resolves when the writer has ended although the store is in use.
    pub async fn writer_died(&self) {
        self.jobs.closed().await;
    }

    /// A connection that cannot write, for a read that may take long. Blocks until one is free: never call it on the
    /// runtime thread.
    ///
    /// # Errors
    /// [`StoreError`] when none is free in time or the database cannot be opened.
    pub fn long_reader(&self) -> Result<PooledConnection<SqliteConnectionManager>, StoreError> {
        self.long_readers
            .get_timeout(LONG_PATIENCE)
            .map_err(|error| StoreError::Unwritable { detail: error.to_string() })
    }

    /// A connection that cannot write, for one quick look.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be opened.
    pub fn reader(&self) -> Result<PooledConnection<SqliteConnectionManager>, StoreError> {
        self.readers.get().map_err(|error| StoreError::Unwritable { detail: error.to_string() })
    }
}

impl StoreThreads {
    /// Like [`Self::join`], but gives up waiting after a while: somebody may still hold a [`Store`] for a long read, and
    /// what is committed is on disk.
    pub fn join_within(self, patience: Duration) {
        let (done, ended) = std::sync::mpsc::channel::<()>();
        std::thread::spawn(move || {
            self.join();
            // Dropping the sender says it.
            drop(done);
        });
        if ended.recv_timeout(patience) == Err(std::sync::mpsc::RecvTimeoutError::Timeout) {
            tracing::warn!("the store did not come to rest in time");
        }
    }

    /// Waits until the writer has committed what was queued; every [`Store`] must have been dropped before.
    pub fn join(self) {
        if self.writer.join().is_err() {
            tracing::error!("the writer thread panicked");
        }
        self.checkpointer.stop();
    }
}

fn reader_pool(database: PathBuf, size: u32) -> Pool<SqliteConnectionManager> {
    let manager = SqliteConnectionManager::file(database)
        .with_flags(open::read_only_flags())
        .with_init(|connection| open::configure_reader(connection));
    Pool::builder()
        .max_size(size)
        .min_idle(Some(0))
        .test_on_check_out(false)
        .connection_timeout(Duration::from_secs(5))
        .thread_pool(Arc::new(scheduled_thread_pool()))
        .build_unchecked(manager)
}

/// One thread is enough to open a handful of connections.
fn scheduled_thread_pool() -> scheduled_thread_pool::ScheduledThreadPool {
    scheduled_thread_pool::ScheduledThreadPool::builder()
        .num_threads(1)
        .thread_name_pattern("reader-pool-{}")
        .build()
}
