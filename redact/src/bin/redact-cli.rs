//! `redact-cli [--jsonl] [--explain] [--rules FILE] | --test FILE | --check FILE`
#![allow(clippy::print_stderr, clippy::print_stdout)]

use std::io::{stderr, stdin, stdout};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use bridge_redact::Engine;
use bridge_redact::cli::{Show, run_check, run_jsonl, run_plain};

#[derive(Default)]
struct Arguments {
    jsonl: bool,
    explain: bool,
    rules: Option<PathBuf>,
    test: Option<PathBuf>,
    check: Option<PathBuf>,
}

fn main() -> ExitCode {
    match arguments().and_then(run) {
        Ok(code) => code,
        Err(problem) => {
            eprintln!("redact-cli: {problem}");
            ExitCode::from(2)
        }
    }
}

fn arguments() -> Result<Arguments, String> {
    let mut parsed = Arguments::default();
    let mut rest = std::env::args_os().skip(1);
    while let Some(argument) = rest.next() {
        let mut file = || rest.next().map(PathBuf::from).ok_or("a FILE must follow");
        match argument.to_str() {
            Some("--jsonl") => parsed.jsonl = true,
            Some("--explain") => parsed.explain = true,
            Some("--rules") => parsed.rules = Some(file()?),
            Some("--test") => parsed.test = Some(file()?),
            Some("--check") => parsed.check = Some(file()?),
            _ => return Err(format!("unknown argument {}", argument.to_string_lossy())),
        }
    }
    Ok(parsed)
}

fn read(path: &Path) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))
}

fn run(arguments: Arguments) -> Result<ExitCode, String> {
    if let Some(path) = arguments.test.as_ref().or(arguments.check.as_ref()) {
        let checked =
            run_check(&read(path)?, path, arguments.test.is_some(), stdout()).map_err(|e| e.to_string())?;
        println!("{} rules are good", checked.len());
        return Ok(ExitCode::SUCCESS);
    }
    let engine = match &arguments.rules {
        Some(path) => Engine::with_user_rules(&read(path)?, path),
        None => Engine::builtin(),
    };
    let engine = engine.map_err(|e| e.to_string())?;
    let show = if arguments.explain { Show::Hits } else { Show::Text };
    let summary = if arguments.jsonl {
        run_jsonl(&engine, show, stdin().lock(), stdout().lock(), stderr())
    } else {
        run_plain(&engine, show, stdin().lock(), stdout().lock())
    };
    let summary = summary.map_err(|e| e.to_string())?;
    Ok(if summary.bad_lines == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
