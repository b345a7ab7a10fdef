//! `config`: the configuration file, checked, shown, found.

use std::path::Path;

use bridge_daemon::config::Config as Settings;
use bridge_redact::Engine;

use super::count;
use crate::cli::Config;
use crate::failure::{Done, Failure};
use crate::screen::Screen;
use crate::source::paths;

pub(super) fn run(screen: &mut Screen, command: &Config) -> Result<Done, Failure> {
    match command {
        Config::Path => screen.line(&paths()?.config.display().to_string())?,
        Config::Show => screen.print(&effective(&paths()?.config)?)?,
        Config::Check { file: Some(file) } => {
            // The daemon does without a configuration; somebody who names one means one that is there.
            std::fs::metadata(file).map_err(|error| Failure::failed(file.display(), error))?;
            check(screen, file)?;
        }
        Config::Check { file: None } => {
            let file = paths()?.config;
            if file.exists() {
                check(screen, &file)?;
            } else {
                screen.line(&format!("there is no {}: the defaults are in effect", file.display()))?;
            }
        }
    }
    Ok(Done::Well)
}

fn check(screen: &mut Screen, file: &Path) -> Result<(), Failure> {
    let settings = load(file)?;
    let rules = engine(&settings)?.rule_count();
    screen.line(&format!(
        "{} is valid ({})",
        file.display(),
        count(rules as u64, "redaction rule", "redaction rules")
    ))
}

fn effective(file: &Path) -> Result<String, Failure> {
    let settings = load(file)?;
    let origin = if file.exists() {
        format!("# {} and defaults\n", file.display())
    } else {
        "# defaults\n".to_owned()
    };
    let text = toml::to_string(&settings).map_err(|error| Failure::failed("writing TOML", error))?;
    Ok(origin + &text)
}

/// Reads a configuration.
pub(super) fn load(file: &Path) -> Result<Settings, Failure> {
    Settings::load(file).map_err(|error| Failure::Failed(error.to_string()))
}

/// The redaction rules that a configuration asks for.
pub(super) fn engine(settings: &Settings) -> Result<Engine, Failure> {
    match &settings.redaction.rules {
        None => Engine::builtin().map_err(|error| Failure::failed("redaction rules", error)),
        Some(path) => engine_with(path),
    }
}

/// Reads a file of redaction rules.
pub(super) fn read_rules(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path).map_err(|error| Failure::failed(path.display(), error))
}

/// The built-in redaction rules and those of a file.
pub(super) fn engine_with(rules: &Path) -> Result<Engine, Failure> {
    Engine::with_user_rules(&read_rules(rules)?, rules)
        .map_err(|error| Failure::failed("redaction rules", error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_is_itself_a_configuration() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("config.toml");
        std::fs::write(&file, "[conversation]\nlifetime_minutes = 5\n").unwrap();
        let shown = effective(&file).unwrap();
        assert!(shown.contains("lifetime_minutes = 5") && shown.contains("per_minute = 10"), "{shown}");
        assert_eq!(Settings::parse(&shown, &file).unwrap(), load(&file).unwrap());
    }

    #[test]
    fn a_mistake_names_file_and_key() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("config.toml");
        std::fs::write(&file, "[conversation]\nlifetime_minuts = 5\n").unwrap();
        let error = load(&file).unwrap_err();
        assert_eq!(error.exit_code(), 1);
        assert!(error.to_string().contains("did you mean"), "{error}");
    }
}
