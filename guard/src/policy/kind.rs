//! What an operand or the value of an option must be.

use std::fmt;

/// What an operand or the value of an option must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Something that may be read: in the workspace or on the system's short list.
    Path,
    /// Something in the workspace.
    Inside,
    /// A file in the workspace that may be written: neither the workspace itself nor protected.
    Write,
    /// The same or the workspace itself.
    Target,
    /// A file that may be written and is no address of another machine (`host:file`).
    Archive,
    /// Something that may be read and whose own name is not protected, because a copy keeps it.
    Copied,
    /// A file in the workspace that an interpreter runs.
    Script,
    /// A regular expression or a glob, taken as it is.
    Pattern,
    /// Any text.
    Text,
    /// A number with an optional sign and unit.
    Number,
    /// Letters, digits and `_.,:+%@=/-`, not beginning with a dash.
    Word,
    /// A Git revision, range, or a path in the workspace.
    Revision,
    /// A format beginning with `+`.
    Format,
    /// A `sed` script without commands that run programs or open files.
    Sed,
    /// Permissions without set-id bits.
    Permissions,
    /// A target of `make`, or an assignment that changes no tool.
    MakeTarget,
    /// A package by its name and version, or a path in the workspace.
    Package,
    /// One of these words.
    Choice(Vec<String>),
}

const NAMES: [(&str, Kind); 17] = [
    ("path", Kind::Path),
    ("inside", Kind::Inside),
    ("write", Kind::Write),
    ("target", Kind::Target),
    ("archive", Kind::Archive),
    ("copied", Kind::Copied),
    ("script", Kind::Script),
    ("pattern", Kind::Pattern),
    ("text", Kind::Text),
    ("number", Kind::Number),
    ("word", Kind::Word),
    ("revision", Kind::Revision),
    ("format", Kind::Format),
    ("sed", Kind::Sed),
    ("permissions", Kind::Permissions),
    ("make_target", Kind::MakeTarget),
    ("package", Kind::Package),
];

impl Kind {
    /// The kind of that name, or of `{one,other}`.
    pub(crate) fn parse(name: &str) -> Result<Self, String> {
        if let Some(choices) = name.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
            return Ok(Self::Choice(choices.split(',').map(str::to_owned).collect()));
        }
        match NAMES.iter().find(|(known, _)| *known == name) {
            Some((_, kind)) => Ok(kind.clone()),
            None => {
                let known: Vec<&str> = NAMES.iter().map(|(name, _)| *name).collect();
                Err(format!("there is no kind {name:?}; there are {} and {{one,other}}", known.join(", ")))
            }
        }
    }

    /// Whether unquoted `*`, `?` and `[…]` stand for names of files here.
    pub(crate) const fn expands(&self) -> bool {
        matches!(
            self,
            Self::Path
                | Self::Inside
                | Self::Write
                | Self::Target
                | Self::Copied
                | Self::Script
                | Self::Revision
        )
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Self::Choice(choices) = self {
            return write!(formatter, "{{{}}}", choices.join(","));
        }
        let name = NAMES.iter().find(|(_, kind)| kind == self).map_or("", |(name, _)| name);
        formatter.write_str(name)
    }
}
