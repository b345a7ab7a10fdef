//! The key/value judge: names that mean a secret, in whatever syntax, and their values.

mod extent;
mod judge;
mod link;
mod name;
mod paired;
mod prose;
mod table;

pub(crate) use extent::{Quote, Value, quote_at, quoted_value};
pub(crate) use judge::{Setting, is_inert, is_password, is_strong};
pub(crate) use name::{Name, NameKind};

use crate::scan::Scan;

/// Looks for a name around the anchor `start..end` and for the value it names.
pub(crate) fn check(scan: &mut Scan<'_>, rule: u16, kind: NameKind, start: usize, end: usize) {
    // One name may hold several anchors (`api_secret_key`); the last word decides.
    let Some(name) = Name::around(scan, kind, start, end) else { return };
    if kind == NameKind::Credentials {
        if let Some(value) = prose::pair(scan, &name)
            && judge::is_pair_secret(&scan.text[value.span()])
        {
            scan.found_value(rule, &name, &value);
        }
        return;
    }
    if let Some(link) = link::find(scan, &name) {
        let value = match kind {
            NameKind::Phrase => extent::words(scan, &link).or_else(|| extent::find(scan, &link)),
            NameKind::Otp => extent::find(scan, &link).map(|value| extent::groups(scan, value)),
            _ => extent::find(scan, &link),
        };
        if let Some(value) = value
            && judge::judge(scan, &name, &link, &value)
        {
            scan.found_value(rule, &name, &value);
            return;
        }
    }
    if let Some((link, value)) = paired::find(scan, &name)
        && judge::judge(scan, &name, &link, &value)
    {
        scan.found_value(rule, &name, &value);
        return;
    }
    if let Some((link, value)) = prose::before(scan, &name)
        && judge::judge(scan, &name, &link, &value)
    {
        scan.found_value(rule, &name, &value);
        return;
    }
    if let Some((link, value)) = prose::apart(scan, &name)
        && judge::judge(scan, &name, &link, &value)
    {
        scan.found_value(rule, &name, &value);
        return;
    }
    for (link, value) in table::find(scan, &name) {
        if judge::judge(scan, &name, &link, &value) {
            scan.found_value(rule, &name, &value);
        }
    }
}
