//! What an operation says of itself.

use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;

use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::call::Call;
use super::error::OpError;
use super::{input, schema};

/// A tool. Everything is required: what an operation does not say, it cannot get by default.
pub trait Operation: Send + Sync + 'static {
    /// Arguments, without the credentials that [`Authentication::Session`] brings.
    type Input: DeserializeOwned + JsonSchema + Send;
    /// The result.
    type Output: Serialize + JsonSchema + Send;
    /// Everything about the tool but its logic.
    const SPEC: Spec;

    /// The logic. Runs authenticated, within the limits and in its turn.
    fn run(
        call: &mut Call<'_>,
        input: Self::Input,
    ) -> impl Future<Output = Result<Self::Output, OpError>> + Send;
}

/// Everything about a tool but its types and logic.
#[derive(Debug, Clone, Copy)]
pub struct Spec {
    /// Name on the wire.
    pub name: &'static str,
    /// Name for people.
    pub title: &'static str,
    /// What a model needs to know.
    pub description: &'static str,
    /// Which daemons offer it.
    pub gate: Gate,
    /// Who may call it.
    pub authentication: Authentication,
    /// What it is counted as.
    pub rate: RateClass,
    /// What is recorded.
    pub audit: Audit,
    /// What clients may assume.
    pub hints: Hints,
}

/// Which daemons offer an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gate {
    /// Every one.
    Open,
    /// Those that were started with `YOLO_MODE=1`.
    Yolo,
}

/// Who may call an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Authentication {
    /// Any local process of this user; limited per process.
    Process,
    /// A session: by the connection's binding or by an explicit token.
    Session,
}

/// What a call is counted as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RateClass {
    /// Creating conversations.
    Create,
    /// Proving an identity with an invite.
    Join,
    /// Sends and other writes.
    Write,
    /// Reads and waits.
    Read,
}

/// What is recorded of a call that went well. Refusals are always recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audit {
    /// Its change and its row are one transaction.
    WithChange(&'static str),
    /// It changes nothing; its row is written beside the answer.
    Beside(&'static str),
}

impl Audit {
    /// The word in the trail.
    #[must_use]
    pub const fn action(self) -> &'static str {
        match self {
            Self::WithChange(action) | Self::Beside(action) => action,
        }
    }
}

/// The four tool annotations of MCP.
#[derive(Debug, Clone, Copy)]
pub struct Hints {
    /// Does not change anything.
    pub read_only: bool,
    /// May destroy something.
    pub destructive: bool,
    /// Calling again with the same arguments changes nothing more.
    pub idempotent: bool,
    /// Reaches beyond this machine.
    pub open_world: bool,
}

/// The future of a call.
pub(super) type Running<'c> = Pin<Box<dyn Future<Output = Result<Value, OpError>> + Send + 'c>>;

/// An operation without its types.
pub trait Erased: Send + Sync {
    /// What it says of itself.
    fn spec(&self) -> &'static Spec;
    /// JSON Schema of its arguments, credentials included.
    fn input_schema(&self) -> Map<String, Value>;
    /// JSON Schema of its result.
    fn output_schema(&self) -> Map<String, Value>;
    /// Parses the arguments and runs it.
    fn run<'c>(&self, call: &'c mut Call<'_>, arguments: Map<String, Value>) -> Running<'c>;
}

/// Makes an [`Operation`] an [`Erased`] one.
pub struct Tool<O>(PhantomData<fn() -> O>);

impl<O: Operation> Tool<O> {
    /// The only value.
    pub const NEW: Self = Self(PhantomData);
}

impl<O: Operation> Erased for Tool<O> {
    fn spec(&self) -> &'static Spec {
        &O::SPEC
    }

    fn input_schema(&self) -> Map<String, Value> {
        schema::of_input::<O::Input>(O::SPEC.authentication)
    }

    fn output_schema(&self) -> Map<String, Value> {
        schema::of_output::<O::Output>()
    }

    fn run<'c>(&self, call: &'c mut Call<'_>, arguments: Map<String, Value>) -> Running<'c> {
        Box::pin(async move {
            let input = input::parse::<O::Input>(arguments)?;
            let output = O::run(call, input).await?;
            serde_json::to_value(output).map_err(|error| OpError::internal("the result", &error))
        })
    }
}
