//! A look at a JSON-RPC message's `id` and `method` without parsing the rest.

use std::borrow::Cow;
use std::fmt;

use serde::Deserializer as _;
use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

/// What a message says of itself at the top level. Fields are `None` when absent or not yet seen where the
/// bytes end or stop being JSON.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Peek<'a> {
    /// The `id` exactly as written (a number or a quoted string).
    pub id: Option<&'a str>,
    /// The `method`.
    pub method: Option<Cow<'a, str>>,
    /// Whether the bytes are one complete JSON object.
    pub complete: bool,
}

/// Reads `id` and `method` of a message. Never fails: a broken or cut message yields what stood before the break,
/// so that an error can still be addressed to the request it answers.
#[must_use]
pub fn peek(message: &[u8]) -> Peek<'_> {
    let mut found = Peek::default();
    let mut deserializer = serde_json::Deserializer::from_slice(message);
    let parsed = deserializer.deserialize_map(TopLevel(&mut found)).is_ok();
    found.complete = parsed && deserializer.end().is_ok();
    found
}

struct TopLevel<'p, 'a>(&'p mut Peek<'a>);

impl<'a> Visitor<'a> for TopLevel<'_, 'a> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON-RPC message")
    }

    fn visit_map<M: MapAccess<'a>>(self, mut map: M) -> Result<(), M::Error> {
        while let Some(key) = map.next_key::<Cow<'a, str>>()? {
            match &*key {
                "id" => {
                    let raw: &'a RawValue = map.next_value()?;
                    let text = raw.get();
                    // JSON-RPC ids are strings or numbers; anything else cannot be answered to.
                    if !text.starts_with(['{', '[', 'n', 't', 'f']) {
                        self.0.id = Some(text);
                    }
                }
                "method" => self.0.method = Some(map.next_value::<BorrowedStr<'a>>()?.0),
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }
}

/// A string borrowed from the input where it has no escapes (a plain `Cow` would always copy).
struct BorrowedStr<'a>(Cow<'a, str>);

impl<'de> serde::Deserialize<'de> for BorrowedStr<'de> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl<'de> Visitor<'de> for Text {
            type Value = BorrowedStr<'de>;
            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a string")
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(BorrowedStr(Cow::Borrowed(text)))
            }
            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(BorrowedStr(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(Text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_messages() {
        let p =
            peek(br#"{"jsonrpc":"2.0","id":"a\"1","method":"tools/call","params":{"id":9,"method":"no"}}"#);
        assert_eq!((p.id, p.method.as_deref(), p.complete), (Some(r#""a\"1""#), Some("tools/call"), true));
        let p = peek(br#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#);
        assert_eq!((p.id, p.complete), (None, true));
        assert_eq!(peek(br#"{"id":null,"method":"x"}"#).id, None);
    }

    #[test]
    fn broken_messages_yield_what_stood_before_the_break() {
        assert_eq!(peek(br#"{"id":7,"method":"tools/call","params":{"a":"#).id, Some("7"));
        assert_eq!(peek(b"{\"id\":8,\"x\":\"\xff\xfe").id, Some("8"));
        assert_eq!(peek(b"nonsense"), Peek::default());
        assert_eq!(peek(b""), Peek::default());
    }

    #[test]
    fn deep_nesting_is_no_recursion() {
        let mut deep = br#"{"id":3,"params":"#.to_vec();
        deep.extend(std::iter::repeat_n(b'[', 10_000));
        deep.extend(std::iter::repeat_n(b']', 10_000));
        deep.push(b'}');
        let p = peek(&deep);
        assert_eq!((p.id, p.complete), (Some("3"), true));
    }

    #[test]
    fn a_lone_surrogate_elsewhere_hides_nothing() {
        assert_eq!(peek(br#"{"params":{"m":"\ud800"},"id":4}"#).id, Some("4"));
    }
}
