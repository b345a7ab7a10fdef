//! Databases with much in them, really sent.

use std::io;

use super::raw::Raw;
use super::rig::{Rig, send};

/// Conversations that the messages are spread over.
const CONVERSATIONS: usize = 400;
/// Connections that fill it.
const FILLERS: usize = 16;

/// Sends about that many messages of that size, many at once, in new conversations.
pub(crate) fn fill(rig: &Rig, messages: usize, bytes: usize) -> io::Result<()> {
    let (socket, line) = (rig.socket(), send(bytes));
    std::thread::scope(|scope| {
        let fillers: Vec<_> = (0..FILLERS)
            .map(|_| {
                scope.spawn(|| {
                    for _ in 0..CONVERSATIONS / FILLERS {
                        Raw::sender(&socket)?.fill(&line, messages / CONVERSATIONS)?;
                    }
                    Ok(())
                })
            })
            .collect();
        fillers.into_iter().try_for_each(|filler| {
            filler.join().map_err(|_| io::Error::other("a filling thread panicked"))?
        })
    })
}
