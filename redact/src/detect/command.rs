//! Passwords among the arguments of well-known programs.

use std::ops::Range;

use crate::kv::{Setting, is_inert, is_password};
use crate::scan::Scan;
use crate::words::Makeup;

/// Longest command line that is read.
const LONGEST: usize = 1024;
const MOST_ARGUMENTS: usize = 48;
const MOST_NESTED: u8 = 3;

/// What an argument holds.
#[derive(Clone, Copy)]
enum Holds {
    /// `user:SECRET`
    AfterColon,
    /// `user%SECRET`
    AfterPercent,
    /// `user,SECRET`
    AfterComma,
    /// The next argument is the secret.
    Next,
    /// The secret is glued to the flag.
    Glued,
    /// Glued or next.
    Either,
}

use Holds::{AfterColon, AfterComma, AfterPercent, Either, Glued, Next};

type Flags = &'static [(&'static str, Holds)];

/// Programs and the flags whose values are secrets.
const PROGRAMS: [(&[&str], Flags); 17] = [
    (
        &["curl", "http", "https", "xh", "wget"],
        &[
            ("-u", AfterColon),
            ("--user", AfterColon),
            ("-U", AfterColon),
            ("--proxy-user", AfterColon),
            ("-a", AfterColon),
            ("--auth", AfterColon),
        ],
    ),
    (&["mysql", "mysqldump", "mysqladmin", "mariadb", "mariadb-dump", "mysqlsh", "mycli"], &[("-p", Glued)]),
    (&["sshpass"], &[("-p", Either)]),
    (&["redis-cli", "valkey-cli"], &[("-a", Next), ("--pass", Next)]),
    (
        &[
            "docker",
            "podman",
            "helm",
            "skopeo",
            "oc",
            "argocd",
            "az",
            "twine",
            "cqlsh",
            "cypher-shell",
            "buildah",
            "crane",
            "nerdctl",
        ],
        &[("-p", Next), ("--dest-creds", AfterColon), ("--src-creds", AfterColon), ("--creds", AfterColon)],
    ),
    (&["mongo", "mongosh", "mongodump", "mongorestore", "mongoexport"], &[("-p", Either)]),
    (&["sqlcmd", "isql", "bcp", "ipmitool", "tsql"], &[("-P", Either)]),
    (&["ldapsearch", "ldapadd", "ldapmodify", "ldapwhoami", "ldapdelete"], &[("-w", Either)]),
    (&["smbclient", "rpcclient", "smbget"], &[("-U", AfterPercent), ("--user", AfterPercent)]),
    (&["7z", "7za", "unrar", "rar"], &[("-p", Glued)]),
    (&["zip", "unzip"], &[("-P", Either)]),
    (&["lftp"], &[("-u", AfterComma)]),
    (&["psexec", "evil-winrm", "crackmapexec", "netexec", "nxc"], &[("-p", Next)]),
    (&["snmpwalk", "snmpget"], &[("-A", Next), ("-X", Next), ("-c", Next)]),
    (&["ssh-keygen"], &[("-N", Next), ("-P", Next)]),
    (&["openssl"], &[("-k", Next), ("-K", Next)]),
    (&["pg_dump", "psql"], &[]),
];

/// Reads the command line that begins with the anchor.
pub(super) fn check(scan: &mut Scan<'_>, rule: u16, start: usize, end: usize) {
    let bytes = scan.bytes();
    let glued = bytes.get(end).is_some_and(|b| b.is_ascii_alphanumeric());
    if !crate::boundary::opens(bytes, start) || glued {
        return;
    }
    // A few programs may stand on one line, as in `docker exec db mysql …`.
    let again = if start < scan.commands.0 { scan.commands.1 + 1 } else { 0 };
    if again > MOST_NESTED {
        return;
    }
    let line_end = scan.runs.end(scan.set.common.line, start).min(start + LONGEST);
    let arguments = split(bytes, start, line_end);
    let read = arguments.last().map_or(end, |last| last.end);
    scan.commands = (read.max(scan.commands.0), again);
    scan.runs.count(read - start);
    let Some(program) = arguments.first().map(|range| &bytes[range.clone()]) else { return };
    if program == b"curl" {
        for pair in arguments.windows(2).filter(|pair| matches!(&bytes[pair[0].clone()], b"-b" | b"--cookie"))
        {
            super::header::cookies(scan, rule, pair[1].clone());
        }
    }
    for span in flagged(bytes, program, &arguments).into_iter().chain(positional(bytes, &arguments)) {
        add(scan, rule, span);
    }
}

fn flagged(bytes: &[u8], program: &[u8], arguments: &[Range<usize>]) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let known = PROGRAMS.iter().find(|(names, _)| names.iter().any(|name| name.as_bytes() == program));
    let flags = known.map_or(&[][..], |(_, flags)| flags);
    for (index, argument) in arguments.iter().enumerate().skip(1) {
        let text = &bytes[argument.clone()];
        if text.starts_with(b"pass:") {
            found.push(argument.start + 5..argument.end);
        }
        if !text.starts_with(b"-") {
            continue;
        }
        let next = arguments.get(index + 1);
        for (flag, holds) in flags {
            let Some(rest) = text.strip_prefix(flag.as_bytes()) else { continue };
            let equals = usize::from(rest.first() == Some(&b'=') && flag.starts_with("--"));
            let glued = argument.start + flag.len() + equals..argument.end;
            let exact = rest.is_empty();
            if !exact && flag.starts_with("--") && equals == 0 {
                continue;
            }
            let value = if exact { next.cloned() } else { Some(glued) };
            let value = value.filter(|_| match holds {
                Next => exact,
                Glued => !exact,
                _ => true,
            });
            let Some(value) = value else { continue };
            found.extend(part(bytes, value, *holds));
        }
    }
    found
}

fn part(bytes: &[u8], value: Range<usize>, holds: Holds) -> Option<Range<usize>> {
    let mark = match holds {
        AfterColon => b':',
        AfterPercent => b'%',
        AfterComma => b',',
        Next | Glued | Either => return Some(value),
    };
    let at = memchr::memchr(mark, &bytes[value.clone()])?;
    Some(value.start + at + 1..value.end)
}

/// Secrets that are known by their place: `htpasswd -b FILE USER SECRET`.
fn positional(bytes: &[u8], arguments: &[Range<usize>]) -> Option<Range<usize>> {
    let words: Vec<&[u8]> = arguments.iter().map(|range| &bytes[range.clone()]).collect();
    let index = match words.as_slice() {
        [b"htpasswd", b"-nb" | b"-bn" | b"-nbB" | b"-nbm" | b"-Bbn", _, _, ..] => 3,
        [b"htpasswd", flags, _, _, _, ..] if flags.starts_with(b"-") && flags.contains(&b'b') => 4,
        [b"rabbitmqctl", b"add_user" | b"change_password", _, _, ..] => 3,
        [b"vault", b"login", _, ..] => 2,
        [b"wpa_passphrase", _, _, ..] => 2,
        [b"net", b"user", _, _, ..] => 3,
        [b"rclone", b"obscure", _, ..] => 2,
        [b"net", b"use", rest @ ..] => 2 + rest.iter().position(|w| w.starts_with(b"/user:"))? + 1,
        _ => return None,
    };
    arguments.get(index).filter(|range| !bytes[range.start..].starts_with(b"-")).cloned()
}

fn add(scan: &mut Scan<'_>, rule: u16, span: Range<usize>) {
    let Some(text) = scan.text.get(span.clone()) else { return };
    if text.len() < 4 || is_inert(text) {
        return;
    }
    let makeup = Makeup::of(text);
    if is_password(text, &makeup, Setting::Firm) {
        scan.add(rule, span);
    }
}

/// Splits a command line; quotes are taken off, pipes and separators end it.
fn split(bytes: &[u8], start: usize, end: usize) -> Vec<Range<usize>> {
    let mut arguments = Vec::new();
    let mut at = start;
    while at < end && arguments.len() < MOST_ARGUMENTS {
        let rest = &bytes[at..end];
        at += rest.iter().take_while(|b| b" \t".contains(b)).count();
        let Some(&first) = bytes[at..end].first() else { break };
        let escaped = usize::from(first == b'\\' && matches!(bytes.get(at + 1), Some(b'"' | b'\'')));
        match bytes[(at + escaped).min(end - 1)] {
            b'|' | b';' | b'&' => break,
            b'\\' => at += 1,
            quote @ (b'"' | b'\'') => {
                let from = (at + escaped + 1).min(end);
                let length = memchr::memchr(quote, &bytes[from..end]).unwrap_or(end - from);
                arguments.push(from..(from + length).saturating_sub(escaped).max(from));
                at = (from + length + 1).min(end);
            }
            _ => {
                let length = word_length(&bytes[at..end]);
                arguments.push(at..at + length);
                at += length.max(1);
            }
        }
    }
    arguments
}

/// A word may have a quoted part: `--user="ops:…"`, `-p'…'`.
fn word_length(rest: &[u8]) -> usize {
    rest.iter().take_while(|b| !b" \t\"'`\\;|)".contains(b)).count()
}
