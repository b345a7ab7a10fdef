//! The daemon from start to end.

use std::os::unix::net::UnixListener;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use bridge_failpoints::{Point, pass};
use bridge_proto::paths::{PathError, Paths};
use clap::Parser;
use thiserror::Error;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::anchor;
use crate::bridge::{Bridge, Tuning, yolo_gate};
use crate::clock;
use crate::config::ConfigError;
use crate::exec;
use crate::live::Registry;
use crate::log;
use crate::net::accept;
use crate::net::listener::{self, ListenError, Listener};
use crate::ops::{self, delivery};
use crate::retention;
use crate::store::{OpenError, Store, StoreError, StoreThreads, state_dir};

/// How often heartbeats that no write has carried along are saved, and finished conversations are forgotten.
const HOUSEKEEPING: Duration = Duration::from_secs(10);

/// How often old snapshots of workspaces are dropped.
const SNAPSHOTS: Duration = Duration::from_secs(3_600);

/// How long reads that are under way may hold up the end.
const LAST_TASKS: Duration = Duration::from_secs(1);
/// How long the writer may take for what is queued.
const LAST_COMMITS: Duration = Duration::from_secs(5);

/// The daemon behind bridge-shim and bridgectl.
#[derive(Debug, Parser)]
#[command(name = "bridged", version, about = "Carries messages between LLM agents on this machine")]
struct Arguments {
    /// Leave the session of the process that starts it (bridge-shim does this)
    #[arg(long)]
    detach: bool,
    /// Configuration file [default: $XDG_CONFIG_HOME/bridged/config.toml]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// Why the daemon could not run.
#[derive(Debug, Error)]
pub enum RunError {
    /// No place for its files.
    #[error(transparent)]
    Paths(#[from] PathError),
    /// The configuration is not valid.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The state could not be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The database could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The socket could not be opened.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// The operating system refused something basic.
    #[error("{what}: {source}")]
    System {
        /// What.
        what: &'static str,
        /// Why.
        source: std::io::Error,
    },
    /// Nobody accepts connections any more.
    #[error("the accepting task died ({0}); see the log")]
    AcceptDied(String),
    /// The writer thread died: nothing can be stored any more.
    #[error("the writer thread died; see the log")]
    WriterDied,
}

/// Entry of the `bridged` binary.
#[must_use]
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("bridged: {error}");
            // Another daemon serving the state is what a racing start wants to find.
            ExitCode::from(if matches!(error, RunError::Open(OpenError::AlreadyRunning { .. })) {
                3
            } else {
                1
            })
        }
    }
}

fn run(arguments: &Arguments) -> Result<(), RunError> {
    log::init("info");
    if arguments.detach
        && let Err(error) = nix::unistd::setsid()
    {
        tracing::debug!(%error, "already a session leader");
    }
    let mut paths = Paths::from_env()?;
    if let Some(config) = &arguments.config {
        paths.config.clone_from(config);
    }
    unblock_signals();
    raise_descriptor_limit();
    state_dir::prepare(&paths.state)?;
    let _lock = state_dir::lock(&paths)?;
    let (bridge, threads) = boot(paths.clone())?;
    bridge.tune_log();
    let Listener { socket, file } = listener::open(&paths.socket)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|source| RunError::System { what: "starting the runtime", source })?;
    let served = runtime.block_on(serve(bridge, socket));
    drop(file);
    runtime.shutdown_timeout(LAST_TASKS);
    threads.join_within(LAST_COMMITS);
    tracing::info!("bridged has ended");
    served
}

/// Opens state and store, without serving anybody yet. The caller holds the state lock.
///
/// # Errors
/// [`RunError`] naming the file and what to do.
pub fn boot(paths: Paths) -> Result<(Arc<Bridge>, StoreThreads), RunError> {
    let keys = state_dir::load_or_create_keys(&paths)?;
    let yolo = yolo_gate(std::env::var_os("YOLO_MODE").as_deref());
    let tuning = Tuning::load(&paths, &keys, yolo)?;
    let (store, threads) = Store::open(&paths, &keys, tuning.config.store.synchronous)?;
    pass(Point::Opened);
    let now = clock::now();
    let registry = Registry::open(store.clone(), &keys, now)?;
    Ok((Arc::new(Bridge::new(store, keys, registry, paths, tuning, now)), threads))
}

async fn serve(bridge: Arc<Bridge>, socket: UnixListener) -> Result<(), RunError> {
    let system = |what| move |source| RunError::System { what, source };
    let listener = tokio::net::UnixListener::from_std(socket).map_err(system("serving the socket"))?;
    let shutdown = CancellationToken::new();
    ops::settle(&bridge).await?;
    let mut serving = tokio::spawn(accept::serve(Arc::clone(&bridge), listener, shutdown.clone()));
    let mut terminate = signal(SignalKind::terminate()).map_err(system("handling SIGTERM"))?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(system("handling SIGINT"))?;
    let mut hang_up = signal(SignalKind::hangup()).map_err(system("handling SIGHUP"))?;
    // Without a handler the kernel would end a daemon whose files have reached their limit, instead of refusing a write.
    let _file_limit = signal(SignalKind::from_raw(nix::libc::SIGXFSZ)).map_err(system("handling SIGXFSZ"))?;
    let retention = tokio::spawn(retention::keep(Arc::clone(&bridge)));
    let anchors = tokio::spawn(anchor::keep(Arc::clone(&bridge)));
    let mut housekeeping = tokio::time::interval(HOUSEKEEPING);
    let mut snapshots = tokio::time::interval(SNAPSHOTS);
    notify(&[sd_notify::NotifyState::Ready]);
    tracing::info!(pid = std::process::id(), socket = %bridge.paths.socket.display(), "bridged is ready");
    let result = loop {
        tokio::select! {
            _ = terminate.recv() => break Ok(()),
            _ = interrupt.recv() => break Ok(()),
            _ = hang_up.recv() => reload(&bridge),
            ended = &mut serving => break Err(RunError::AcceptDied(ended.err().map(|e| e.to_string()).unwrap_or_default())),
            () = bridge.store.writer_died() => break Err(RunError::WriterDied),
            _ = housekeeping.tick() => keep_house(&bridge),
            _ = snapshots.tick() => drop_old_snapshots(&bridge),
        }
    };
    notify(&[sd_notify::NotifyState::Stopping]);
    tracing::info!("bridged is shutting down");
    shutdown.cancel();
    retention.abort();
    anchors.abort();
    if !serving.is_finished()
        && let Err(error) = serving.await
    {
        tracing::error!(%error, "the accepting task failed");
    }
    save_heartbeats(&bridge);
    anchor::cast(&bridge).await;
    result
}

fn notify(state: &[sd_notify::NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(state) {
        tracing::debug!(%error, "the service manager could not be notified");
    }
}

fn reload(bridge: &Bridge) {
    if let Err(error) = bridge.reload() {
        tracing::error!(%error, "the new configuration is not valid; the old one stays in force");
    }
}

/// What must happen now and then though nobody calls.
fn keep_house(bridge: &Arc<Bridge>) {
    let now = clock::now();
    for conversation in bridge.registry.sweep(now) {
        for session in &conversation.sessions {
            delivery::withdraw_stuck(bridge, session, now);
        }
    }
    save_heartbeats(bridge);
}

/// Only a daemon that runs commands takes snapshots.
fn drop_old_snapshots(bridge: &Bridge) {
    let Some(guard) = bridge.tuning().guard.clone() else { return };
    tokio::task::spawn_blocking(move || match exec::prune(&guard, clock::now()) {
        Ok(dropped) => tracing::debug!(dropped, "old snapshots were dropped"),
        Err(error) => tracing::warn!(%error, "old snapshots could not be dropped"),
    });
}

/// Saves signs of life that no write has carried along.
fn save_heartbeats(bridge: &Bridge) {
    for conversation in bridge.registry.sweep(clock::now()) {
        for session in &conversation.sessions {
            let Some(saved) = session.take_unsaved() else { continue };
            let (row, label) = (session.conversation, session.label);
            if !bridge.store.try_submit(move |tx| tx.save_session(row, label, &saved)) {
                session.state().unsaved = true;
            }
        }
    }
}

/// Whoever starts us may have blocked signals, and a blocked mask is inherited: SIGTERM must always end the daemon.
fn unblock_signals() {
    if let Err(error) = nix::sys::signal::SigSet::empty().thread_set_mask() {
        tracing::debug!(%error, "the signal mask could not be emptied");
    }
}

/// Every agent takes a descriptor: use what the system allows, not its cautious default.
fn raise_descriptor_limit() {
    use nix::sys::resource::{Resource, getrlimit, setrlimit};
    let raised = getrlimit(Resource::RLIMIT_NOFILE).and_then(|(soft, hard)| {
        if soft < hard { setrlimit(Resource::RLIMIT_NOFILE, hard, hard) } else { Ok(()) }
    });
    if let Err(error) = raised {
        tracing::debug!(%error, "the limit of open files could not be raised");
    }
}
