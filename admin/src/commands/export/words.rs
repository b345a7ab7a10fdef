//! Particulars in words rather than JSON.

use bridge_guard::Ended;
use serde_json::Value;

/// How a command ended. An outcome that this build does not know is shown as it stands.
pub(super) fn outcome(outcome: &Value) -> String {
    let ended = serde_json::from_value(outcome["ended"].clone());
    let (Ok(ended), Some(millis)) = (ended, outcome["duration_ms"].as_u64()) else {
        return outcome.to_string();
    };
    let ended = match ended {
        Ended::Code(code) => format!("exit code {code}"),
        Ended::Signal(signal) => format!("killed by signal {signal}"),
        Ended::TimedOut => "killed: its time was over".to_owned(),
    };
    let remarks = outcome["remarks"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let remarks: String = remarks.map(|remark| format!("; {remark}")).collect();
    format!("{ended} after {}.{} s{remarks}", millis / 1_000, millis % 1_000 / 100)
}

/// Names and values of an object; anything else as it stands.
pub(super) fn details(details: &Value) -> String {
    let value = |value: &Value| value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
    match details {
        Value::Object(members) => {
            let parts: Vec<_> =
                members.iter().map(|(name, member)| format!("{name}: {}", value(member))).collect();
            parts.join(", ")
        }
        other => value(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn outcomes_and_particulars() {
        let known = json!({"ended": {"code": 0}, "duration_ms": 48_210, "remarks": ["killed 1 survivor"]});
        assert_eq!(outcome(&known), "exit code 0 after 48.2 s; killed 1 survivor");
        assert_eq!(
            outcome(&json!({"ended": "timed_out", "duration_ms": 30_000})),
            "killed: its time was over after 30.0 s"
        );
        assert_eq!(outcome(&json!({"new": 1})), r#"{"new":1}"#);
        assert_eq!(details(&json!({"mode": "safe", "network": false})), "mode: safe, network: false");
        assert_eq!(details(&json!({})), "");
        assert_eq!(details(&json!("tampered")), "tampered");
    }
}
