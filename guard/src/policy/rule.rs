//! The names of the rules that refuse, stable for programs and the audit trail.

/// There is no command, or only blanks.
pub(crate) const EMPTY: &str = "empty";
/// Control, invisible or bidirectional characters.
pub(crate) const CHARACTERS: &str = "characters";
/// Characters that look like ASCII where only ASCII is read.
pub(crate) const LOOK_ALIKE: &str = "look_alike";
/// A shell's metacharacter outside quotes, in the modes that have no shell.
pub(crate) const METACHARACTER: &str = "metacharacter";
/// Quotes that do not close.
pub(crate) const QUOTE: &str = "quote";
/// Too many words or bytes.
pub(crate) const SIZE: &str = "size";
/// A pattern that names nothing, or leads out of the workspace.
pub(crate) const GLOB: &str = "glob";
/// A program that no policy knows.
pub(crate) const UNKNOWN_PROGRAM: &str = "unknown_program";
/// A program that the lower modes never run.
pub(crate) const FORBIDDEN_PROGRAM: &str = "forbidden_program";
/// A program or option of a later mode.
pub(crate) const MODE: &str = "mode";
/// A program that is not on the path.
pub(crate) const NOT_INSTALLED: &str = "not_installed";
/// A program whose file must not be run: setuid, in the workspace, writable by everybody.
pub(crate) const PROGRAM_FILE: &str = "program_file";
/// A subcommand that is not on the list.
pub(crate) const SUBCOMMAND: &str = "subcommand";
/// An option that is not on the list.
pub(crate) const OPTION: &str = "option";
/// An option that is known to be dangerous.
pub(crate) const FORBIDDEN_OPTION: &str = "forbidden_option";
/// A value of the wrong kind.
pub(crate) const VALUE: &str = "value";
/// Too many or too few operands.
pub(crate) const OPERANDS: &str = "operands";
/// A path out of the workspace.
pub(crate) const PATH: &str = "path";
/// A file that no command may write.
pub(crate) const PROTECTED: &str = "protected";
/// A shell line that cannot be understood with certainty.
pub(crate) const SHELL_SYNTAX: &str = "shell_syntax";
/// A way to other users' rights.
pub(crate) const PRIVILEGE: &str = "privilege";
/// Removing or taking over what is not the workspace's.
pub(crate) const DESTRUCTION: &str = "destruction";
/// Disks and memory.
pub(crate) const DEVICE: &str = "device";
/// Processes without end.
pub(crate) const FORK_BOMB: &str = "fork_bomb";
/// The machine itself: power, kernel, mounts, firewall.
pub(crate) const SYSTEM: &str = "system";
/// Code or a program that a person cannot see in the line.
pub(crate) const UNSEEN_CODE: &str = "unseen_code";

/// All of them.
pub const RULES: [&str; 26] = [
    EMPTY,
    CHARACTERS,
    LOOK_ALIKE,
    METACHARACTER,
    QUOTE,
    SIZE,
    GLOB,
    UNKNOWN_PROGRAM,
    FORBIDDEN_PROGRAM,
    MODE,
    NOT_INSTALLED,
    PROGRAM_FILE,
    SUBCOMMAND,
    OPTION,
    FORBIDDEN_OPTION,
    VALUE,
    OPERANDS,
    PATH,
    PROTECTED,
    SHELL_SYNTAX,
    PRIVILEGE,
    DESTRUCTION,
    DEVICE,
    FORK_BOMB,
    SYSTEM,
    UNSEEN_CODE,
];
