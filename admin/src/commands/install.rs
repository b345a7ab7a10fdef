//! `install`: the bridge in the configuration of MCP clients.

use std::ffi::OsString;
use std::io::{IsTerminal as _, stdin};
use std::path::PathBuf;

use bridge_redact::Engine;

use super::install_view::{diff, finish, show_diff, title};
use super::status::holder;
use crate::cli::Install;
use crate::failure::{Done, Failure};
use crate::install::apply;
use crate::install::client::{Client, Launch, Places};
use crate::install::clients::{CLIENTS, by_id};
use crate::install::launch::{find_beside, launch};
use crate::install::plan::{Plan, plan};
use crate::install::report::{Action, Report};
use crate::install::service::{self, Manager, ServiceReport, Setup};
use crate::install::state::State;
use crate::screen::Screen;
use crate::source::paths;
use crate::text::safe_text;

/// A client's plan, or why there is none, with what is shown of it.
type Intent = (Report, Option<Plan>);

pub(super) fn run(screen: &mut Screen, arguments: &Install) -> Result<Done, Failure> {
    let places = places()?;
    // A relative XDG_STATE_HOME, say, must not get into entries.
    paths()?;
    let launch = launch(arguments.agent.as_deref(), variable).map_err(said)?;
    let asks = wants_to_be_asked(screen, arguments)?;
    let only_service = arguments.service && !arguments.all && arguments.client.is_empty();
    let clients = if only_service { Vec::new() } else { chosen(arguments, &places)? };
    let intents = intents(arguments, &clients, &places, &launch)?;
    if !arguments.format.json {
        for (report, _) in &intents {
            if let Some(diff) = &report.diff {
                show_diff(screen, title(report), diff)?;
            }
        }
    }
    let unwanted = arguments.no_service || arguments.project;
    let manager = if unwanted { None } else { Manager::detect(variable) };
    let service = |write| serve(manager, arguments, write, &launch, &places);
    let prospect = service(false)?;
    let changes = intents.iter().any(|(report, _)| report.diff.is_some());
    let serves = prospect.as_ref().is_some_and(|report| report.action != Action::Unchanged);
    let write = !arguments.dry_run && (!asks || !(changes || serves) || confirmed(screen, serves)?);
    let reports = if write && changes { write_all(intents)? } else { prospects(intents) };
    let service = if write { service(true)? } else { prospect };
    let done = finish(screen, &reports, service.as_ref(), arguments.format.json)?;
    if !arguments.format.json && write {
        advise(screen, &reports, service.is_some());
    }
    Ok(done)
}

/// Where the user's files are.
pub(super) fn places() -> Result<Places, Failure> {
    let missing =
        || Failure::Failed("set HOME to an absolute path: configuration files are below it".to_owned());
    Places::from_lookup(variable).ok_or_else(missing)
}

/// A variable of the environment.
pub(super) fn variable(name: &str) -> Option<OsString> {
    std::env::var_os(name)
}

/// An error in its own words.
pub(super) fn said(error: impl std::fmt::Display) -> Failure {
    Failure::Failed(safe_text(&error.to_string()).into_owned())
}

/// The current directory, as the project.
pub(super) fn project() -> Result<PathBuf, Failure> {
    std::env::current_dir().map_err(|error| Failure::failed("the current directory", error))
}

fn wants_to_be_asked(screen: &Screen, arguments: &Install) -> Result<bool, Failure> {
    if arguments.all || !arguments.client.is_empty() || arguments.dry_run || arguments.service {
        return Ok(false);
    }
    if arguments.format.json || !screen.look().terminal || !stdin().is_terminal() {
        return Err(Failure::Usage("name clients with --client, or give --all".to_owned()));
    }
    Ok(true)
}

fn chosen(arguments: &Install, places: &Places) -> Result<Vec<&'static Client>, Failure> {
    if !arguments.client.is_empty() {
        return Ok(arguments.client.iter().filter_map(|id| by_id(id)).collect());
    }
    let mut clients: Vec<_> = CLIENTS.into_iter().filter(|client| client.is_found(places)).collect();
    if arguments.project {
        clients.retain(|client| client.project_file.is_some());
    }
    if clients.is_empty() {
        let known = CLIENTS.map(|client| client.title).join(", ");
        return Err(Failure::Failed(format!(
            "no MCP client was found (neither its program on PATH nor its configuration below {}); known are {known}; \
             name one with --client to configure it all the same",
            places.home.display()
        )));
    }
    Ok(clients)
}

fn intents(
    arguments: &Install,
    clients: &[&'static Client],
    places: &Places,
    launch: &Launch,
) -> Result<Vec<Intent>, Failure> {
    let engine = Engine::builtin().map_err(|error| Failure::failed("redaction rules", error))?;
    let project = if arguments.project { Some(project()?) } else { None };
    let intent = |client: &&'static Client| {
        let file = match &project {
            None => (client.user_file)(places),
            Some(project) => match client.project_file {
                Some(file) => file(project),
                None => {
                    let file = (client.user_file)(places);
                    let error = "has no servers of a project; install without --project";
                    return (Report::failed(client, &file, error), None);
                }
            },
        };
        match plan(client, &file, project.is_some(), launch, arguments.force) {
            Ok(plan) => {
                let report = Report::of(client, &file, plan.action);
                (Report { diff: diff(&engine, &plan), ..report }, Some(plan))
            }
            Err(error) => (Report::failed(client, &file, error), None),
        }
    };
    Ok(clients.iter().map(intent).collect())
}

fn confirmed(screen: &mut Screen, serves: bool) -> Result<bool, Failure> {
    let too = if serves { " and have the service manager run the daemon" } else { "" };
    screen.print(&format!("Write these changes{too}? [y/N] "))?;
    screen.flush()?;
    let mut answer = String::new();
    stdin().read_line(&mut answer).map_err(|error| Failure::failed("reading the answer", error))?;
    screen.line("")?;
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}

fn write_all(intents: Vec<Intent>) -> Result<Vec<Report>, Failure> {
    let mut state = State::open(&paths()?.state).map_err(said)?;
    let mut reports = Vec::new();
    for (mut report, plan) in intents {
        if let Some(plan) = plan.filter(|plan| plan.action != Action::Unchanged) {
            match apply::install(&plan, &mut state) {
                Ok(backup) => report.backup = backup.map(|name| state.backup_path(&name)),
                Err(error) => report = Report::failed(plan.client, &plan.file, error),
            }
        }
        reports.push(report);
    }
    state.close().map_err(said)?;
    Ok(reports)
}

/// Reports of what was not done.
pub(super) fn prospects<P>(intents: Vec<(Report, Option<P>)>) -> Vec<Report> {
    let prospect = |(report, _): (Report, _)| Report { action: report.action.in_prospect(), ..report };
    intents.into_iter().map(prospect).collect()
}

/// Has the service manager run the daemon: where there is one and nothing speaks against it, or on request.
fn serve(
    manager: Option<Manager>,
    arguments: &Install,
    write: bool,
    launch: &Launch,
    places: &Places,
) -> Result<Option<ServiceReport>, Failure> {
    if !arguments.service && manager.is_none() {
        return Ok(None);
    }
    let paths = paths()?;
    let bridged = find_beside("bridged", &variable).map_err(said)?;
    let setup = Setup { bridged: &bridged, paths: &paths, launch, places };
    let attempt = || -> Result<ServiceReport, service::ServiceError> {
        let manager = manager.ok_or(service::ServiceError::NoManager)?;
        if !write {
            let report = service::preview(manager, &setup, &State::peek(&paths.state)?)?;
            return Ok(ServiceReport { action: report.action.in_prospect(), ..report });
        }
        let mut state = State::open(&paths.state)?;
        let report = service::install(manager, &setup, &mut state, holder(&paths), arguments.force);
        state.close()?;
        report
    };
    match attempt() {
        Ok(report) => Ok(Some(report)),
        // Agents are at work already: the daemon they started serves them as well.
        Err(service::ServiceError::Running { .. }) if !arguments.service => Ok(None),
        Err(error) => Ok(Some(ServiceReport {
            action: Action::Failed,
            files: Vec::new(),
            error: Some(error.to_string()),
        })),
    }
}

fn advise(screen: &Screen, reports: &[Report], service: bool) {
    let changed = |report: &&Report| matches!(report.action, Action::Added | Action::Updated);
    let changed: Vec<_> = reports.iter().filter(changed).collect();
    if changed.is_empty() {
        return;
    }
    for report in &changed {
        if let Some(hint) = by_id(&report.client).map(|client| client.hint).filter(|hint| !hint.is_empty()) {
            screen.note(&format!("{} {hint}", title(report)));
        }
    }
    screen.note("Restart clients that are running. `bridgectl uninstall` takes all of this back.");
    if !service {
        screen.note("The first agent starts the daemon by itself, if none runs.");
    }
}
