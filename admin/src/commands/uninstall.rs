//! `uninstall`: the bridge out of the configuration of MCP clients.

use std::path::PathBuf;

use bridge_redact::Engine;

use super::install::{places, project, prospects, said, variable};
use super::install_view::{diff, finish, show_diff, title};
use crate::cli::Uninstall;
use crate::failure::{Done, Failure};
use crate::install::client::{Client, Places};
use crate::install::clients::{CLIENTS, by_id};
use crate::install::plan::Plan;
use crate::install::report::{Action, Report};
use crate::install::service::{self, Manager, ServiceReport};
use crate::install::state::State;
use crate::install::undo;
use crate::screen::Screen;
use crate::source::paths;

/// A file to look into.
struct Target {
    client: &'static Client,
    file: PathBuf,
    project: bool,
    /// Install has changed it, or the person names its client: whatever becomes of it is reported.
    expected: bool,
}

pub(super) fn run(screen: &mut Screen, arguments: &Uninstall) -> Result<Done, Failure> {
    let engine = Engine::builtin().map_err(|error| Failure::failed("redaction rules", error))?;
    let peek = State::peek(&paths()?.state).map_err(said)?;
    let mut intents = Vec::new();
    for target in targets(arguments, &places()?, &peek)? {
        let Target { client, file, project, expected } = target;
        match undo::plan(client, &file, project, &peek) {
            Ok(plan) if expected || plan.action == Action::Removed => {
                let report = Report::of(client, &file, plan.action);
                intents.push((Report { diff: diff(&engine, &plan), ..report }, Some(plan)));
            }
            Err(error) if expected => intents.push((Report::failed(client, &file, error), None)),
            Ok(_) | Err(_) => {}
        }
    }
    let everything = arguments.client.is_empty() && !arguments.project;
    let has_service = everything && peek.service().is_some();
    if intents.is_empty() && !has_service && !arguments.format.json {
        screen.note("the bridge is in no client's configuration");
        return Ok(Done::Well);
    }
    if !arguments.format.json {
        for (report, _) in &intents {
            if let Some(diff) = &report.diff {
                show_diff(screen, title(report), diff)?;
            }
        }
    }
    if arguments.dry_run {
        let service = peek.service().filter(|_| has_service).map(|record| ServiceReport {
            action: Action::WouldRemove,
            files: record.files.iter().map(|(file, _)| file.clone()).collect(),
            error: None,
        });
        return finish(screen, &prospects(intents), service.as_ref(), arguments.format.json);
    }
    let (reports, service) = write_all(intents, has_service)?;
    finish(screen, &reports, service.as_ref(), arguments.format.json)
}

fn targets(arguments: &Uninstall, places: &Places, state: &State) -> Result<Vec<Target>, Failure> {
    let project = if arguments.project { Some(project()?) } else { None };
    let named = |client: &Client| arguments.client.iter().any(|id| id == client.id);
    let wanted = |client: &Client| arguments.client.is_empty() || named(client);
    let mut targets: Vec<Target> = Vec::new();
    for record in state.records() {
        let here = project.as_ref().is_none_or(|project| record.project && record.file.starts_with(project));
        if let Some(client) = by_id(&record.client).filter(|client| wanted(client) && here) {
            let (file, project) = (record.file.clone(), record.project);
            targets.push(Target { client, file, project, expected: true });
        }
    }
    for client in CLIENTS.into_iter().filter(|client| wanted(client)) {
        let file = match &project {
            None => Some((client.user_file)(places)),
            Some(project) => client.project_file.map(|file| file(project)),
        };
        if let Some(file) = file.filter(|file| !targets.iter().any(|target| target.file == *file)) {
            targets.push(Target { client, file, project: project.is_some(), expected: named(client) });
        }
    }
    Ok(targets)
}

fn write_all(
    intents: Vec<(Report, Option<Plan>)>,
    has_service: bool,
) -> Result<(Vec<Report>, Option<ServiceReport>), Failure> {
    let mut state = State::open(&paths()?.state).map_err(said)?;
    let mut reports = Vec::new();
    for (mut report, plan) in intents {
        if let Some(plan) = plan
            && let Err(error) = undo::uninstall(&plan, &mut state)
        {
            report = Report::failed(plan.client, &plan.file, error);
        }
        reports.push(report);
    }
    let service = has_service.then(|| {
        service::uninstall(Manager::detect(variable), &mut state).unwrap_or_else(|error| ServiceReport {
            action: Action::Failed,
            files: Vec::new(),
            error: Some(error.to_string()),
        })
    });
    state.close().map_err(said)?;
    Ok((reports, service))
}
