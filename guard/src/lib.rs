//! Commands only with a human: what an agent may propose, what exactly would run, and a sandbox to run it in.
//!
//! ```text
//! Request ──Guard::plan──> Plan ──(a person approves Plan::digest)──> Guard::run ──> Outcome
//! ```
//!
//! * [`policy`] is pure judgement over data: which programs and options each [`Mode`] allows.
//! * [`sandbox`] is the barrier that holds when the judgement was wrong: a tier of kernel isolation.
//! * [`Plan`] is the contract between them: everything that an approval is bound to, and nothing else.

mod guard;
mod mode;
mod outcome;
pub mod output;
mod plan;
pub mod policy;
pub mod protect;
pub mod sandbox;
pub mod snapshot;
mod workspace;

pub use guard::{Guard, GuardConfig, GuardError, Request};
pub use mode::{Mode, UnknownMode};
pub use outcome::{Ended, Outcome, Stream};
pub use plan::{Digest, Plan};
pub use policy::{Command, Policy, PolicyError, Refusal};
pub use sandbox::{RunError, Tier};
pub use workspace::{Workspace, WorkspaceError};
