//! Secrets whose syntax takes more than byte classes to read.

mod calls;
mod command;
mod files;
mod header;
mod pem;
mod runs;
mod url;

use serde::Deserialize;

use crate::runs::{ByteClass, ClassId, ClassSet};
use crate::scan::Scan;

/// Names one of the readers in this module.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Detector {
    /// Armoured private keys.
    Pem,
    /// Passwords in URLs.
    Url,
    /// `Bearer …`
    Bearer,
    /// `Basic …`
    Basic,
    /// `Authorization: …`
    Authorization,
    /// `Cookie: …`
    Cookie,
    /// Arguments of well-known programs.
    Command,
    /// A user's name and password as arguments.
    PairCall,
    /// A password that is piped on.
    Echo,
    /// A row of SQL.
    Insert,
    /// `.netrc`
    Netrc,
    /// `.pgpass`
    Pgpass,
    /// Seeds in `otpauth://` URLs.
    Otpauth,
    /// JSON Web Keys.
    Jwk,
    /// Nothing: the rule only names what the pass over long runs finds.
    None,
}

impl Detector {
    /// Reads what stands at the anchor `start..end`.
    pub(crate) fn check(self, scan: &mut Scan<'_>, rule: u16, start: usize, end: usize) {
        match self {
            Detector::Pem => pem::check(scan, rule, start, end),
            Detector::Url => url::check(scan, rule, start, end),
            Detector::Bearer => header::bearer(scan, rule, start, end),
            Detector::Basic => header::basic(scan, rule, start, end),
            Detector::Authorization => header::authorization(scan, rule, start, end),
            Detector::Cookie => header::cookie(scan, rule, start, end),
            Detector::Command => command::check(scan, rule, start, end),
            Detector::PairCall => calls::pair(scan, rule, start, end),
            Detector::Echo => calls::echo(scan, rule, start, end),
            Detector::Insert => calls::insert(scan, rule, start, end),
            Detector::Netrc => files::netrc(scan, rule, start, end),
            Detector::Pgpass => files::pgpass(scan, rule, start, end),
            Detector::Otpauth => files::otpauth(scan, rule, start, end),
            Detector::Jwk => files::jwk(scan, rule, start, end),
            Detector::None => {}
        }
    }
}

pub(crate) use runs::check as unanchored;

/// Rules that name what has no anchor, by index.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Ids {
    /// Random tokens of unknown vendors.
    pub random: u16,
    /// Discord's bot tokens.
    pub discord: u16,
    /// Secrets in base 64.
    pub encoded: u16,
}

/// Byte classes of the readers.
pub(crate) struct Common {
    /// Anything but blanks, controls and double quotes.
    pub bare: ClassId,
    /// Anything but a line end.
    pub line: ClassId,
    /// The characters of RFC 6750 tokens.
    pub token: ClassId,
    /// Base 64 of either alphabet.
    pub base64: ClassId,
    quotes: [ClassId; 3],
}

impl Common {
    /// Adds the classes to `classes`.
    pub(crate) fn new(classes: &mut ClassSet) -> Common {
        let mut class = |member: &dyn Fn(u8) -> bool| classes.intern(ByteClass::from_fn(member));
        let not = |mark: u8| move |b: u8| b != mark && b != b'\n';
        Common {
            bare: class(&|b| b > b' ' && b != b'"' && b != 0x7f),
            line: class(&|b| b != b'\n'),
            token: class(&|b| b.is_ascii_alphanumeric() || b"-._~+/=".contains(&b)),
            base64: class(&|b| b.is_ascii_alphanumeric() || b"+/=-_".contains(&b)),
            quotes: [class(&not(b'"')), class(&not(b'\'')), class(&not(b'`'))],
        }
    }

    /// The bytes of a line that are not `mark`.
    pub(crate) fn not_quote(&self, mark: u8) -> ClassId {
        match mark {
            b'"' => self.quotes[0],
            b'\'' => self.quotes[1],
            _ => self.quotes[2],
        }
    }
}
