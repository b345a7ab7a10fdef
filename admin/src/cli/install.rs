//! `bridgectl install` and `uninstall`

use clap::Args;
use clap::builder::{PossibleValue, PossibleValuesParser};

use super::Json;
use crate::install::clients::CLIENTS;

#[derive(Debug, Args)]
pub(crate) struct Install {
    /// Only this client; may be given several times
    #[arg(long, value_name = "NAME", value_parser = client_ids(), conflicts_with = "all")]
    pub(crate) client: Vec<String>,
    /// Every client that is found
    #[arg(long, short)]
    pub(crate) all: bool,
    /// In the current directory's project instead of for the user
    #[arg(long)]
    pub(crate) project: bool,
    /// Only show what would change
    #[arg(long, short = 'n')]
    pub(crate) dry_run: bool,
    /// Durable name of the agent that these clients run
    #[arg(long, value_name = "NAME")]
    pub(crate) agent: Option<String>,
    /// Replace an entry `bridge` that launches something else
    #[arg(long)]
    pub(crate) force: bool,
    /// Only have the service manager (systemd --user, launchd) run the daemon; with --all or --client also that, or fail
    #[arg(long, conflicts_with = "project")]
    pub(crate) service: bool,
    /// Leave starting the daemon to the first agent, also where there is a service manager
    #[arg(long, conflicts_with = "service")]
    pub(crate) no_service: bool,
    #[command(flatten)]
    pub(crate) format: Json,
}

#[derive(Debug, Args)]
pub(crate) struct Uninstall {
    /// Only from this client; may be given several times
    #[arg(long, value_name = "NAME", value_parser = client_ids(), conflicts_with = "all")]
    pub(crate) client: Vec<String>,
    /// From every client, which is the default
    #[arg(long, short)]
    pub(crate) all: bool,
    /// Only from the current directory's project
    #[arg(long)]
    pub(crate) project: bool,
    /// Only show what would change
    #[arg(long, short = 'n')]
    pub(crate) dry_run: bool,
    #[command(flatten)]
    pub(crate) format: Json,
}

fn client_ids() -> PossibleValuesParser {
    PossibleValuesParser::new(CLIENTS.map(|client| PossibleValue::new(client.id).help(client.title)))
}
