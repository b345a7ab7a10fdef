//! The connection to the daemon and how far it is.

use std::os::unix::net::UnixStream;
use std::time::Instant;

/// State of the connection.
#[derive(Debug)]
pub(crate) enum Link {
    /// None; the connector is at work.
    Down,
    /// The hello was sent, the daemon has not answered it.
    Greeting {
        /// The connection.
        stream: UnixStream,
        /// When to give up on it.
        deadline: Instant,
    },
    /// Messages flow.
    Up(UnixStream),
    /// The daemon does not want this shim. The client is told, then the shim ends.
    Refused {
        /// Why, in the daemon's words.
        message: String,
        /// When to end even if the client asked for nothing; never where it was served before, since it believes us there
        /// and asks sooner or later.
        until: Option<Instant>,
        /// Whether a request was answered with the reason.
        answered: bool,
    },
}

impl Link {
    /// The open connection.
    pub(crate) fn stream(&self) -> Option<&UnixStream> {
        match self {
            Self::Greeting { stream, .. } | Self::Up(stream) => Some(stream),
            Self::Down | Self::Refused { .. } => None,
        }
    }
}
