//! What one bystander notices of a crowd and of clients that behave badly, and what it costs the daemon.
//!
//! The bystander's sends are timed with and without the flood in turn, on the same daemon; where what burdens it stays (a
//! full mailbox, many conversations), on two daemons in turn. The column of the yardstick is the time without.

use std::io::{self, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::client::micros;
use super::figures::{Figure, Latencies};
use super::memory::rss_mb;
use super::raw::Raw;
use super::rig::{Rig, send, tool_call};
use super::scenarios::{Scenario, Setting};
use super::twins::{TURNS, Twins, sample};

/// All of them; they run when they are asked for by name.
pub(crate) const ALL: &[Scenario] = &[
    Scenario::on_request("flood: 1 sends without a pause", |s| beside(s, greedy)),
    Scenario::on_request("flood: 1,000 idle, 200 busy", |s| beside(s, crowd)),
    Scenario::on_request("flood: 20 send and never read", |s| beside(s, deaf)),
    Scenario::on_request("flood: 500 open and never speak", |s| beside(s, mute)),
    Scenario::on_request("flood: 100 half frames, byte by byte", |s| beside(s, dripping)),
    Scenario::on_request("flood: 100,000 unread messages", unread),
    Scenario::on_request("flood: 10,000 conversations", conversations),
];

/// Threads that do harm until they are dropped.
struct Flood {
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<io::Result<()>>>,
}

impl Flood {
    /// One thread for each of `members`; each repeats `act` for ever.
    fn of<M: Send + 'static>(members: Vec<M>, act: fn(&mut M) -> io::Result<()>) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let threads = members.into_iter().map(|mut member| {
            let stop = Arc::clone(&stop);
            std::thread::spawn(move || {
                while !stop.load(Ordering::Relaxed) {
                    act(&mut member)?;
                }
                Ok(())
            })
        });
        Self { threads: threads.collect(), stop }
    }

    /// Ends it; an error in it is one of the measurement.
    fn end(mut self) -> io::Result<()> {
        self.stop.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            thread.join().map_err(|_| io::Error::other("a flooding thread panicked"))??;
        }
        Ok(())
    }
}

/// A thousand agents that wait and two hundred that send five times a second each.
fn crowd(socket: &Path) -> io::Result<Flood> {
    let idle = (0..1_000).map(|_| Raw::client(socket)).collect::<io::Result<Vec<_>>>()?;
    let idle = Arc::new(idle);
    let busy = (0..20)
        .map(|_| {
            let ten = (0..10).map(|_| Raw::sender(socket)).collect::<io::Result<Vec<_>>>()?;
            Ok((ten, Arc::clone(&idle)))
        })
        .collect::<io::Result<Vec<_>>>()?;
    Ok(Flood::of(busy, |(ten, _idle)| {
        for raw in ten.iter_mut() {
            std::thread::sleep(Duration::from_millis(20));
            raw.call(&send(200))?;
        }
        Ok(())
    }))
}

/// One that always has as many sends under way as a connection may, with limits far away.
fn greedy(socket: &Path) -> io::Result<Flood> {
    Ok(Flood::of(vec![Raw::sender(socket)?], |raw| raw.fill(&send(200), 200)))
}

/// Ask for much and take nothing: the daemon must stop reading from them, not keep what they do not take.
fn deaf(socket: &Path) -> io::Result<Flood> {
    let impatient = |socket: &Path| {
        let raw = Raw::client(socket)?;
        raw.stream.set_write_timeout(Some(Duration::from_millis(50)))?;
        Ok((raw, socket.to_owned()))
    };
    let members = (0..20).map(|_| impatient(socket)).collect::<io::Result<Vec<(Raw, PathBuf)>>>()?;
    Ok(Flood::of(members, |(raw, socket)| {
        match raw.write(b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\"}") {
            // The daemon reads no more; half a frame may have gone out, which is part of the harm.
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            // It was thrown out.
            Err(_) => *raw = Raw::client(socket)?,
            Ok(()) => {}
        }
        Ok(())
    }))
}

/// Connect, say nothing, connect again when they are thrown out.
fn mute(socket: &Path) -> io::Result<Flood> {
    let members = (0..10)
        .map(|_| {
            let fifty = (0..50).map(|_| UnixStream::connect(socket)).collect::<io::Result<Vec<_>>>()?;
            Ok((fifty, socket.to_owned()))
        })
        .collect::<io::Result<Vec<(Vec<UnixStream>, PathBuf)>>>()?;
    Ok(Flood::of(members, |(fifty, socket)| {
        for stream in fifty.iter_mut() {
            stream.set_read_timeout(Some(Duration::from_millis(2)))?;
            if matches!(stream.read(&mut [0]), Ok(0)) {
                *stream = UnixStream::connect(&*socket)?;
            }
        }
        Ok(())
    }))
}

/// Speak frames of which the end never comes, a byte at a time: half of them in place of the hello.
fn dripping(socket: &Path) -> io::Result<Flood> {
    let members = (0..10)
        .map(|_| {
            let ten = (0..10)
                .map(|number| {
                    if number % 2 == 0 {
                        UnixStream::connect(socket)
                    } else {
                        Raw::client(socket).map(|raw| raw.stream)
                    }
                })
                .collect::<io::Result<Vec<_>>>()?;
            Ok((begin(ten)?, socket.to_owned()))
        })
        .collect::<io::Result<Vec<(Vec<UnixStream>, PathBuf)>>>()?;
    Ok(Flood::of(members, |(ten, socket)| {
        for stream in ten.iter_mut() {
            if stream.write_all(b" ").is_err() {
                *stream = UnixStream::connect(&*socket)?;
                stream.write_all(&1_000_000_u32.to_be_bytes())?;
            }
        }
        std::thread::sleep(Duration::from_millis(1));
        Ok(())
    }))
}

/// Announces a frame of a megabyte on each.
fn begin(mut streams: Vec<UnixStream>) -> io::Result<Vec<UnixStream>> {
    for stream in &mut streams {
        stream.write_all(&1_000_000_u32.to_be_bytes())?;
    }
    Ok(streams)
}

/// A bystander on one daemon, without and with the flood in turn.
fn beside(setting: &Setting, flood: fn(&Path) -> io::Result<Flood>) -> io::Result<Vec<Figure>> {
    let rig = Rig::start(&setting.binaries, setting.scratch.path())?;
    let mut bystander = rig.sender()?;
    let (mut quiet, mut flooded) = (Latencies::default(), Latencies::default());
    let before = rss_mb(rig.daemon.0.id())?;
    let mut most = before;
    for _ in 0..TURNS {
        sample(&mut bystander, &mut quiet, setting.load / TURNS)?;
        let harm = flood(&rig.socket())?;
        sample(&mut bystander, &mut flooded, setting.load / TURNS)?;
        most = most.max(rss_mb(rig.daemon.0.id())?);
        harm.end()?;
    }
    let mut figures = compared(&mut flooded, &mut quiet);
    figures.push(Figure::beside("most memory (RSS)", "MB", most, before));
    Ok(figures)
}

fn compared(flooded: &mut Latencies, quiet: &mut Latencies) -> Vec<Figure> {
    vec![
        flooded.against(quiet, "bystander's send p50", 0.5),
        flooded.against(quiet, "bystander's send p99", 0.99),
    ]
}

/// A bystander on a daemon that `burden` was put on, and one on a fresh daemon, in turn.
fn burdened(
    setting: &Setting,
    burden: impl FnOnce(&Rig) -> io::Result<Vec<Figure>>,
) -> io::Result<Vec<Figure>> {
    let twins = Twins::start(setting)?;
    let own = burden(&twins.heavy)?;
    let (mut flooded, mut quiet) = twins.sends(setting.load)?;
    let mut figures = compared(&mut flooded, &mut quiet);
    let (heavy, light) = (rss_mb(twins.heavy.daemon.0.id())?, rss_mb(twins.light.daemon.0.id())?);
    figures.push(Figure::beside("memory (RSS)", "MB", heavy, light));
    figures.extend(own);
    Ok(figures)
}

/// A mailbox that nobody empties: a send into it and a fetch from it against the same in a fresh conversation.
fn unread(setting: &Setting) -> io::Result<Vec<Figure>> {
    burdened(setting, |rig| {
        let mut full = Raw::client(&rig.socket())?;
        let created = full.create()?["result"]["structuredContent"].clone();
        full.fill(&send(200), 100_000)?;
        let mut empty = Raw::client(&rig.socket())?;
        let fresh = empty.create()?["result"]["structuredContent"].clone();
        empty.fill(&send(200), 1_000)?;
        let (mut sends, mut fetches) =
            ([Latencies::default(), Latencies::default()], [Latencies::default(), Latencies::default()]);
        let mut readers = [Raw::client(&rig.socket())?, Raw::client(&rig.socket())?];
        let tokens = [created, fresh].map(|created| {
            let word = |name: &str| created[name].as_str().unwrap_or_default().to_owned();
            (word("conversation_id"), word("session_b_token"))
        });
        for _ in 0..40 {
            for (at, sender) in [&mut full, &mut empty].into_iter().enumerate() {
                let began = Instant::now();
                sender.call(&send(200))?;
                sends[at].0.push(micros(began.elapsed()));
                let (conversation, token) = &tokens[at];
                let fetch =
                    format!(r#"{{"conversation_id":"{conversation}","session_id":"b","token":"{token}"}}"#);
                let began = Instant::now();
                readers[at].call(&tool_call("check_messages", &fetch))?;
                fetches[at].0.push(micros(began.elapsed()));
            }
        }
        let ([mut sent, mut sent_beside], [mut fetched, mut fetched_beside]) = (sends, fetches);
        Ok(vec![
            sent.against(&mut sent_beside, "send into it p50", 0.5),
            fetched.against(&mut fetched_beside, "check of it p50", 0.5),
        ])
    })
}

/// Conversations that were made and are still in use, each with a message.
fn conversations(setting: &Setting) -> io::Result<Vec<Figure>> {
    burdened(setting, |rig| {
        let mut made = 0_u32;
        for _ in 0..20 {
            let mut raw = Raw::client(&rig.socket())?;
            for _ in 0..500 {
                raw.create()?;
                raw.call(&send(200))?;
                made += 1;
            }
        }
        Ok(vec![Figure::alone("conversations made", "", f64::from(made))])
    })
}

/// So that this process and the daemons it starts can hold thousands of connections; what the system allows is enough.
pub(crate) fn raise_descriptor_limit() -> io::Result<()> {
    use nix::sys::resource::{Resource, getrlimit, setrlimit};
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
    setrlimit(Resource::RLIMIT_NOFILE, hard, hard)?;
    Ok(())
}
