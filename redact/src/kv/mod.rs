//! The key/value judge: names that mean a secret, in whatever syntax, and their values.

mod extent;
mod judge;
mod link;
mod name;
mod paired;
mod prose;

pub use extent::{Quote, Value, closing_quote, quote_at, quoted_value};
pub use judge::{Setting, is_inert, is_password, is_strong, judge};
pub use link::{Link, Style};
pub use name::{Name, NameKind, Qualifier};

use crate::scan::Scan;

/// Looks for a name around the anchor `start..end` and for the value it names.
pub fn check(scan: &mut Scan<'_>, rule: u16, kind: NameKind, start: usize, end: usize) {
    // One name may hold several anchors (`api_secret_key`); the last word decides.
    let Some(name) = Name::around(scan, kind, start, end) else { return };
    if let Some(link) = link::find(scan, &name) {
        let value = extent::find(scan, &name, &link);
        if let Some(value) = value
            && judge(scan, &name, &link, &value)
        {
            scan.found_value(rule, &name, &value);
            return;
        }
    }
    if let Some((link, value)) = paired::find(scan, &name)
        && judge(scan, &name, &link, &value)
    {
        scan.found_value(rule, &name, &value);
        return;
    }
    if let Some((link, value)) = prose::before(scan, &name)
        && judge(scan, &name, &link, &value)
    {
        scan.found_value(rule, &name, &value);
    }
}
