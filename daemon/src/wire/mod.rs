//! Frames on a connection, and who is on its other side.

pub mod frames;

use bridge_proto::hello::ClientHello;
use tokio_util::sync::CancellationToken;

use frames::{FrameReader, FrameWriter};

/// A peer that has said hello.
pub struct Peer {
    /// Frames from it.
    pub reader: FrameReader,
    /// Frames to it.
    pub writer: FrameWriter,
    /// Its process id, from the kernel.
    pub pid: Option<i32>,
    /// What it said.
    pub hello: ClientHello,
    /// Cancelled when the daemon is to end.
    pub shutdown: CancellationToken,
}
