//! A connection that can be torn without anybody dying: a socket that passes on every byte, until it does not.

use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

/// Bytes passed on at once.
const CHUNK: usize = 4 * 1024;
/// No tear is due.
const WHOLE: i64 = i64::MAX;

/// A socket between an agent's shim and the daemon.
#[derive(Debug)]
pub(crate) struct Cable {
    path: PathBuf,
    state: Arc<State>,
}

#[derive(Debug)]
struct State {
    daemon: PathBuf,
    /// Bytes that still pass.
    left: AtomicI64,
    torn: AtomicBool,
    ended: AtomicBool,
}

impl Cable {
    /// Listens on `path` and connects everybody to `daemon`.
    pub(crate) fn lay(path: PathBuf, daemon: &Path) -> io::Result<Self> {
        let listener = UnixListener::bind(&path)?;
        let state = Arc::new(State {
            daemon: daemon.to_owned(),
            left: AtomicI64::new(WHOLE),
            torn: AtomicBool::new(false),
            ended: AtomicBool::new(false),
        });
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            for near in listener.incoming().map_while(Result::ok) {
                if shared.ended.load(Ordering::SeqCst) {
                    return;
                }
                // Without a daemon the connection ends at once, as that of one that dies does.
                if let Ok(far) = UnixStream::connect(&shared.daemon) {
                    connect(&near, &far, &shared);
                }
            }
        });
        Ok(Self { path, state })
    }

    /// Where the shim finds it.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Tears the connection once so many more bytes have passed, wherever in a frame that is.
    pub(crate) fn tear_after(&self, bytes: u64) {
        self.state.left.store(i64::try_from(bytes).unwrap_or(WHOLE), Ordering::SeqCst);
    }

    /// Whether it was torn since this was asked last.
    pub(crate) fn was_torn(&self) -> bool {
        self.state.torn.swap(false, Ordering::SeqCst)
    }
}

impl Drop for Cable {
    fn drop(&mut self) {
        self.state.ended.store(true, Ordering::SeqCst);
        // Wakes the listening thread, which then ends; if it has ended, so be it.
        drop(UnixStream::connect(&self.path));
    }
}

fn connect(near: &UnixStream, far: &UnixStream, state: &Arc<State>) {
    for (from, to) in [(near, far), (far, near)] {
        let (Ok(mut from), Ok(mut to)) = (from.try_clone(), to.try_clone()) else { return };
        let state = Arc::clone(state);
        std::thread::spawn(move || {
            while pass_on(&mut from, &mut to, &state).is_ok_and(|goes_on| goes_on) {}
            for end in [from, to] {
                // Gone already is as good.
                end.shutdown(Shutdown::Both).ok();
            }
        });
    }
}

/// Passes on what is there. False at the end.
fn pass_on(from: &mut impl Read, to: &mut impl Write, state: &State) -> io::Result<bool> {
    let mut chunk = [0; CHUNK];
    let count = from.read(&mut chunk)?;
    let passes = i64::try_from(count).unwrap_or(WHOLE);
    let before = state.left.load(Ordering::SeqCst);
    if before == WHOLE {
        to.write_all(&chunk[..count])?;
        return Ok(count > 0);
    }
    let left = state.left.fetch_sub(passes, Ordering::SeqCst);
    if left > passes {
        to.write_all(&chunk[..count])?;
        return Ok(count > 0);
    }
    state.left.store(WHOLE, Ordering::SeqCst);
    to.write_all(&chunk[..usize::try_from(left.max(0)).unwrap_or(0)])?;
    state.torn.store(true, Ordering::SeqCst);
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cable_passes_everything_on_until_it_is_torn() {
        let dir = tempfile::tempdir().unwrap();
        let daemon = UnixListener::bind(dir.path().join("daemon")).unwrap();
        let cable = Cable::lay(dir.path().join("cable"), &dir.path().join("daemon")).unwrap();
        let mut near = UnixStream::connect(cable.path()).unwrap();
        let (mut far, _) = daemon.accept().unwrap();
        near.write_all(b"there").unwrap();
        let mut heard = [0; 5];
        far.read_exact(&mut heard).unwrap();
        far.write_all(b"back!").unwrap();
        near.read_exact(&mut heard).unwrap();
        assert_eq!(&heard, b"back!");
        cable.tear_after(3);
        near.write_all(b"12345").unwrap();
        let mut rest = Vec::new();
        far.read_to_end(&mut rest).unwrap();
        assert_eq!(rest, b"123");
        near.read_to_end(&mut rest).unwrap();
        assert_eq!((rest.len(), cable.was_torn(), cable.was_torn()), (3, true, false));
    }
}
