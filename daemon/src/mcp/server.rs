//! Answers MCP requests by the table of operations.

use std::borrow::Cow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock};

use rmcp::handler::server::ServerHandler;
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, DiscoverResult, ErrorData,
    Implementation, InitializeRequestParams, InitializeResult, ListToolsResult, PaginatedRequestParams,
    ProgressNotificationParam, ProgressToken, ProtocolVersion, ServerCapabilities, ServerConfig,
    SubscriptionFilter, Tool, ToolAnnotations,
};
use rmcp::service::{NotificationContext, Peer, RequestContext, RoleServer, SubscriptionContext};
use serde_json::Value;

use super::transport::Arrival;
use super::{channel, displayable};
use crate::bridge::Bridge;
use crate::live::Connection;
use crate::ops::dispatch::{self, Answer, Request};
use crate::ops::{Gate, INSTRUCTIONS, ProgressFn, TABLE, delivery};

/// Definitions are the same for everybody and for ever: built once.
static TOOLS: LazyLock<Vec<Tool>> = LazyLock::new(build_tools);

/// The MCP server of one connection.
pub(super) struct BridgeServer {
    bridge: Arc<Bridge>,
    connection: Arc<Connection>,
    /// Whether the client is told of messages over a channel.
    announces: AtomicBool,
}

impl BridgeServer {
    pub(super) fn new(bridge: Arc<Bridge>, connection: Arc<Connection>) -> Self {
        Self { bridge, connection, announces: AtomicBool::new(false) }
    }

    fn has_channel(&self) -> bool {
        self.bridge.tuning().config.mcp.claude_channel
    }

    fn info(&self, channel: bool) -> ServerConfig {
        let mut capabilities =
            ServerCapabilities::builder().enable_tools().enable_tool_list_changed().build();
        let mut instructions = INSTRUCTIONS.to_owned();
        if channel {
            capabilities.experimental = Some(channel::capability());
            instructions.push_str(channel::INSTRUCTIONS);
        }
        let implementation =
            Implementation::new("bridged", env!("CARGO_PKG_VERSION")).with_title("Agent bridge");
        ServerConfig::new(capabilities).with_server_info(implementation).with_instructions(instructions)
    }

    /// Remembers what the client calls itself, for people.
    fn note_client(&self, client: &Implementation) {
        let name = format!("{} {}", client.name, client.version);
        // The first name counts.
        let _known = self.connection.client.set(displayable(&self.bridge, &name));
    }

    async fn answer(&self, arrival: &Arrival, answer: Answer) -> CallToolResult {
        // Not sent after all, or sent without what it should have carried: the messages must come again.
        if let Some((session, lease)) = answer.lease
            && (answer.result.is_err()
                || !self.connection.expect_confirmation(arrival.id(), Arc::clone(&session), lease))
        {
            delivery::withdraw(&self.bridge, &session, lease);
        }
        match answer.result {
            Ok(value) => structured(value),
            // No structured content: it would have to fit the tool's output schema.
            Err(error) => CallToolResult::error(vec![ContentBlock::text(error.to_json().to_string())]),
        }
    }
}

impl ServerHandler for BridgeServer {
    fn get_info(&self) -> ServerConfig {
        self.info(self.has_channel())
    }

    fn supported_protocol_versions(&self) -> Cow<'static, [ProtocolVersion]> {
        let highest = &self.bridge.tuning().config.mcp.highest_revision;
        let position = ProtocolVersion::KNOWN_VERSIONS.iter().position(|version| version.as_str() == highest);
        let count = position.map_or(ProtocolVersion::KNOWN_VERSIONS.len(), |index| index + 1);
        Cow::Borrowed(&ProtocolVersion::KNOWN_VERSIONS[..count])
    }

    async fn initialize(
        &self,
        request: InitializeRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<InitializeResult, ErrorData> {
        self.note_client(&request.client_info);
        let negotiated = self.negotiate_initialize(&request);
        context.peer.set_peer_info(request);
        negotiated
    }

    async fn discover(&self, context: RequestContext<RoleServer>) -> Result<DiscoverResult, ErrorData> {
        if let Some(client) = context.client_info() {
            self.note_client(&client);
        }
        // Revisions without a handshake have no channels.
        let versions = self.supported_protocol_versions().into_owned();
        Ok(DiscoverResult::from_server_info(versions, self.info(false)))
    }

    async fn on_initialized(&self, context: NotificationContext<RoleServer>) {
        // The daemon behind a client that stayed may be another one: let it look at the tools again.
        if self.connection.reconnect && context.peer.notify_tool_list_changed().await.is_err() {
            tracing::debug!(
                connection = self.connection.number,
                "the client was gone before it could be told of the tools"
            );
        }
        if self.has_channel() && !self.announces.swap(true, Ordering::Relaxed) {
            tokio::spawn(channel::announce(Arc::clone(&self.connection), context.peer));
        }
    }

    fn accepted_subscription_filter(&self, _requested: &SubscriptionFilter) -> Option<SubscriptionFilter> {
        Some(SubscriptionFilter::builder().tools_list_changed().build())
    }

    async fn listen(&self, context: SubscriptionContext) -> Result<(), ErrorData> {
        let Some(_permit) = self.connection.listen_permit() else {
            return Err(ErrorData::invalid_request("this connection has too many open subscriptions", None));
        };
        if self.connection.reconnect && context.sink().notify_tool_list_changed().await.is_err() {
            tracing::debug!(connection = self.connection.number, "a subscription ended before it began");
        }
        tokio::select! {
            () = context.cancelled() => {}
            () = self.connection.closed.cancelled() => {}
        }
        Ok(())
    }

    async fn list_tools(
        &self,
        _request: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let offered = TOOLS.iter().filter(|tool| dispatch::find(&self.bridge, &tool.name).is_some());
        Ok(ListToolsResult::with_all_items(offered.cloned().collect()))
    }

    fn get_tool(&self, name: &str) -> Option<Tool> {
        dispatch::find(&self.bridge, name)?;
        TOOLS.iter().find(|tool| tool.name == name).cloned()
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let Some(operation) = dispatch::find(&self.bridge, &request.name) else {
            let known: Vec<&str> = dispatch::offered(&self.bridge).map(|known| known.spec().name).collect();
            let text = format!("there is no tool of that name; the tools are {}", known.join(", "));
            return Err(ErrorData::invalid_params(text, None));
        };
        let Some(arrival) = context.extensions.get::<Arc<Arrival>>() else {
            return Err(ErrorData::internal_error("the call came by no connection", None));
        };
        let progress =
            context.meta.get_progress_token().map(|token| report_progress(context.peer.clone(), token));
        let call = Request {
            arguments: request.arguments.unwrap_or_default(),
            turn: arrival.take_turn(),
            cancelled: context.ct.clone(),
            progress,
        };
        let answer = dispatch::dispatch(&self.bridge, &self.connection, operation, call).await;
        Ok(self.answer(arrival, answer).await.into())
    }
}

/// As [`CallToolResult::structured`], which writes the text by way of the formatter, at twice the cost.
fn structured(value: Value) -> CallToolResult {
    // Writing a value that has string keys only into memory cannot fail.
    let text = serde_json::to_string(&value).unwrap_or_default();
    let mut result = CallToolResult::success(vec![ContentBlock::text(text)]);
    result.structured_content = Some(value);
    result
}

fn report_progress(peer: Peer<RoleServer>, token: ProgressToken) -> ProgressFn {
    Box::new(move |waited, most| {
        let (peer, token) = (peer.clone(), token.clone());
        Box::pin(async move {
            #[expect(clippy::cast_precision_loss, reason = "seconds up to 300")]
            let note = ProgressNotificationParam::new(token, waited as f64)
                .with_total(most as f64)
                .with_message("waiting for messages");
            if peer.notify_progress(note).await.is_err() {
                tracing::debug!("a client was gone while it waited");
            }
        })
    })
}

/// The tool definitions as `tools/list` shows them in a daemon whose gate for commands is closed or open.
#[must_use]
pub fn tool_definitions(gates: &[Gate]) -> Value {
    let open = |tool: &&Tool| {
        TABLE.iter().any(|known| known.spec().name == tool.name && gates.contains(&known.spec().gate))
    };
    serde_json::to_value(TOOLS.iter().filter(open).collect::<Vec<_>>()).unwrap_or_default()
}

fn build_tools() -> Vec<Tool> {
    TABLE
        .iter()
        .map(|operation| {
            let spec = operation.spec();
            let hints = ToolAnnotations::new()
                .read_only(spec.hints.read_only)
                .destructive(spec.hints.destructive)
                .idempotent(spec.hints.idempotent)
                .open_world(spec.hints.open_world);
            Tool::new(spec.name, spec.description, operation.input_schema())
                .with_title(spec.title)
                .with_raw_output_schema(Arc::new(operation.output_schema()))
                .with_annotations(hints)
        })
        .collect()
}
