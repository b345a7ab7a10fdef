//! Commands only with a human: what an agent may propose, what exactly would run, and a sandbox to run it in.
//!
//! ```text
//! Request ──Guard::plan──> Plan ──(a person approves Plan::digest)──> Guard::run ──> Outcome
//! ```
//!
//! * [`policy`] is pure judgement over data: which programs and options each [`Mode`] allows.
//! * [`sandbox`] is the barrier that holds when the judgement was wrong: a tier of kernel isolation.
//! * [`protect`], [`snapshot`] and [`output`] surround a run: what a command must not change is put back, what it may
//!   change can be restored, and what it wrote is made fit to be read.
//! * [`attempt`] is both at once, for a person at a terminal.
//! * [`Plan`] is the contract between them: everything that an approval is bound to, and nothing else.

pub mod attempt;
mod busy;
mod confine;
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

pub use confine::Budget;
pub use guard::{Guard, GuardConfig, GuardError, Occasion, Request};
pub use mode::{Mode, UnknownMode};
pub use outcome::{Ended, Outcome, Stream};
pub use plan::{Digest, Plan};
pub use policy::{Command, Policy, PolicyError, Refusal};
pub use sandbox::{RunError, Tier};
pub use workspace::{Workspace, WorkspaceError};
