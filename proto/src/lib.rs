//! The wire between `bridged`, `bridge-shim` and `bridgectl`, and the places they meet.
//!
//! Everything here is plain data and pure functions: no async runtime, no sockets, no files. The shim, the
//! daemon and the admin tool each bring their own I/O.

pub mod admin;
pub mod control;
pub mod frame;
pub mod hello;
pub mod paths;
pub mod peek;

/// Number of the protocol spoken on the socket. Both sides must name the same one in their hello.
pub const PROTOCOL: u32 = 1;
