//! Reading arguments, with errors that name the argument.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::error::OpError;

/// Parses the arguments of an operation.
pub(super) fn parse<T: DeserializeOwned>(arguments: Map<String, Value>) -> Result<T, OpError> {
    serde_path_to_error::deserialize(Value::Object(arguments)).map_err(|error| {
        let path = error.path().to_string();
        let field = if path == "." { "arguments".to_owned() } else { path };
        OpError::Input { field, problem: error.into_inner().to_string() }
    })
}

/// Refuses a text outside `least..=most` characters (not bytes).
pub(super) fn check_length(
    field: &'static str,
    text: &str,
    least: usize,
    most: usize,
) -> Result<(), OpError> {
    let count = text.chars().count();
    if count < least {
        return Err(OpError::input(field, format!("has {count} characters, at least {least} are needed")));
    }
    if count > most {
        return Err(OpError::input(
            field,
            format!("has {count} characters, at most {most} are allowed; shorten or split it"),
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;
    use serde_json::json;

    #[derive(Debug, Deserialize)]
    #[allow(dead_code)]
    struct Input {
        text: String,
        #[serde(default)]
        files: Vec<String>,
    }

    #[test]
    fn errors_name_the_argument() {
        let error = |value: Value| match value {
            Value::Object(map) => parse::<Input>(map).unwrap_err().to_string(),
            _ => String::new(),
        };
        assert_eq!(error(json!({})), "arguments: missing field `text`");
        assert_eq!(error(json!({"text": 1})), "text: invalid type: integer `1`, expected a string");
        assert_eq!(
            error(json!({"text": "", "files": ["a", 2]})),
            "files[1]: invalid type: integer `2`, expected a string"
        );
    }

    #[test]
    fn lengths_count_characters() {
        assert!(check_length("message", &"ä".repeat(50_000), 0, 50_000).is_ok());
        assert!(
            check_length("message", &"a".repeat(50_001), 0, 50_000)
                .unwrap_err()
                .to_string()
                .contains("50001")
        );
        assert!(check_length("my_role", "ab", 3, 100).is_err());
    }
}
