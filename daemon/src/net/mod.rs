//! The socket: who may come in, and frames.

pub mod accept;
pub mod frames;
pub mod listener;
