//! `bridgectl backup`, `restore` and `db`

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueHint};

use super::Json;

#[derive(Debug, Args)]
pub(crate) struct Backup {
    /// The new file
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) file: PathBuf,
    /// Encrypt it under a passphrase that is asked for on the terminal (an age file)
    #[arg(long, short)]
    pub(crate) encrypt: bool,
    /// Encrypt it under the passphrase in the first line of this file
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) passphrase_file: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) format: Json,
}

#[derive(Debug, Args)]
pub(crate) struct Restore {
    /// The backup
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) file: PathBuf,
    /// Read the passphrase from the first line of this file
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) passphrase_file: Option<PathBuf>,
    /// Do not ask whether the state may be replaced
    #[arg(long, short)]
    pub(crate) yes: bool,
    #[command(flatten)]
    pub(crate) format: Json,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Db {
    /// Prove the database whole: pages, references, audit trail, messages as they were sent
    ///
    /// Ends with 1 when it is not. Works while the daemon runs, and without it.
    Check(Json),
    /// Give the space of removed conversations back to the file system (the daemon must not run)
    Vacuum,
}
