//! The socket: who may come in.

pub mod accept;
pub mod listener;
