//! Reads what a client wrote.

use rmcp::model::{
    CallToolRequest, CallToolRequestMethod, CallToolRequestParams, ClientJsonRpcMessage, ClientRequest,
    JsonRpcMessage, JsonRpcVersion2_0, RequestId,
};
use serde::Deserialize;

/// A `tools/call` and nothing else.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ToolCall {
    #[serde(rename = "jsonrpc")]
    _version: JsonRpcVersion2_0,
    id: RequestId,
    #[serde(rename = "method")]
    _method: CallToolRequestMethod,
    params: CallToolRequestParams,
}

/// Parses a message. The library tries one kind of message after the other on a buffered copy; nearly everything that
/// comes is a `tools/call`, so that is tried first, directly on the bytes.
///
/// # Errors
/// The library's, when it is no message at all.
pub fn client_message(payload: &[u8]) -> Result<ClientJsonRpcMessage, serde_json::Error> {
    // Bytes that are no text are none anywhere, also where a field is passed over.
    let call = std::str::from_utf8(payload).ok().and_then(|text| serde_json::from_str::<ToolCall>(text).ok());
    let Some(call) = call else { return serde_json::from_slice(payload) };
    let mut params = call.params;
    let meta = params.meta.take();
    let mut request = CallToolRequest::new(params);
    // Where the library's own parser puts it.
    if let Some(meta) = meta {
        request.extensions.insert(meta);
    }
    Ok(JsonRpcMessage::request(ClientRequest::CallToolRequest(request), call.id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_short_way_ends_where_the_librarys_way_does() {
        for text in [
            r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"x","arguments":{"a":[1,{"b":"ä\n"}]}}}"#,
            r#"{"params":{"_meta":{"progressToken":"t","io.modelcontextprotocol/protocolVersion":"2026-07-28"},"name":"x"},"id":"7","jsonrpc":"2.0","method":"tools/call"}"#,
            r#"{"jsonrpc":"2.0","id":2,"method":"tools/list"}"#,
            r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#,
        ] {
            let (ours, theirs) =
                (client_message(text.as_bytes()), serde_json::from_str::<ClientJsonRpcMessage>(text));
            let (ours, theirs) = (ours.unwrap(), theirs.unwrap());
            assert_eq!(
                serde_json::to_value(&ours).unwrap(),
                serde_json::to_value(&theirs).unwrap(),
                "{text}"
            );
            if let (JsonRpcMessage::Request(a), JsonRpcMessage::Request(b)) = (&ours, &theirs) {
                use rmcp::model::GetMeta as _;
                assert_eq!(a.request.get_meta(), b.request.get_meta(), "{text}");
            }
        }
    }

    #[test]
    fn what_the_library_refuses_is_refused() {
        for text in [
            r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"x"},"result":{}}"#,
            r#"{"jsonrpc":"1.0","id":1,"method":"tools/call","params":{"name":"x"}}"#,
            r#"{"jsonrpc":"2.0","id":{},"method":"tools/call","params":{"name":"x"}}"#,
        ] {
            assert!(serde_json::from_str::<ClientJsonRpcMessage>(text).is_err(), "{text}");
            assert!(client_message(text.as_bytes()).is_err(), "{text}");
        }
        let no_text = b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"x\",\"unknown\":\"\xb0\"}}";
        assert!(client_message(no_text).is_err());
    }
}
