//! What became of a tool call.

use serde_json::Value;

/// Checks that a value has everything its JSON Schema requires, at every level: strict clients refuse it otherwise.
#[track_caller]
pub(crate) fn assert_has_required(schema: &Value, value: &Value) {
    for field in schema["required"].as_array().into_iter().flatten() {
        assert!(value.get(field.as_str().unwrap()).is_some(), "{field} is required and missing: {value}");
    }
    for (field, below) in schema["properties"].as_object().into_iter().flatten() {
        if let Some(value) = value.get(field) {
            assert_has_required(below, value);
        }
    }
    for item in value.as_array().into_iter().flatten() {
        assert_has_required(&schema["items"], item);
    }
}

/// The answer to a request, as it came.
#[derive(Debug, Clone)]
pub(crate) struct Outcome(pub(crate) Value);

impl Outcome {
    /// The structured result of a call that went well; its text block must say the same.
    #[track_caller]
    pub(crate) fn ok(&self) -> Value {
        let result = &self.0["result"];
        assert!(result["isError"] != true && result.is_object(), "the call failed: {}", self.0);
        let structured = result["structuredContent"].clone();
        assert!(structured.is_object(), "no structured content: {}", self.0);
        assert_eq!(self.text_json(), structured, "some clients show only the one, some only the other");
        structured
    }

    /// The error object of a call that the tool refused.
    #[track_caller]
    pub(crate) fn refused(&self) -> Value {
        assert_eq!(self.0["result"]["isError"], true, "the call was not refused: {}", self.0);
        let error = self.text_json();
        assert!(error["error"].is_string() && error["message"].is_string(), "unclear error: {error}");
        error
    }

    /// The word of a refusal.
    #[track_caller]
    pub(crate) fn code(&self) -> String {
        self.refused()["error"].as_str().unwrap().to_owned()
    }

    /// The number of a JSON-RPC error.
    #[track_caller]
    pub(crate) fn rpc_error(&self) -> i64 {
        self.0["error"]["code"].as_i64().unwrap_or_else(|| panic!("no JSON-RPC error: {}", self.0))
    }

    /// Whether it failed in a way that asks for the same call once more.
    pub(crate) fn is_retryable(&self) -> bool {
        self.0["error"]["data"]["retryable"] == true
            || (self.0["result"]["isError"] == true && self.text_json()["retryable"] == true)
    }

    #[track_caller]
    fn text_json(&self) -> Value {
        let content =
            self.0["result"]["content"].as_array().unwrap_or_else(|| panic!("no content: {}", self.0));
        assert_eq!(content.len(), 1, "one text block: {}", self.0);
        assert_eq!(content[0]["type"], "text");
        serde_json::from_str(content[0]["text"].as_str().unwrap()).unwrap()
    }
}
