//! What the daemon holds in memory: conversations in use, who is connected, who waits.
//!
//! Everything here can be rebuilt from the store; losing it loses nothing but leases, which is what leases are for.

mod commands;
mod connection;
mod peers;
mod post;
pub mod process;
mod registry;
mod session;

pub use commands::Commands;
pub use connection::{Binding, Connection, MAX_SESSIONS, Outlet, Told, Unattached};
pub use peers::{PeerLimits, PeerVerdict};
pub use post::post;
pub use registry::{OwnTokens, Registry};
pub use session::{LiveConversation, LiveSession, SessionState};
