//! The stages there are: built when first needed, lent to one list at a time.

use std::cell::{RefCell, RefMut};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, RwLock, RwLockReadGuard, RwLockWriteGuard};

use tempfile::TempDir;

use super::executor;
use super::place::Place;
use super::stage::Stage;

const BINARIES: [(&str, &str); 2] =
    [("bridgectl", env!("CARGO_BIN_EXE_bridgectl")), ("bridged", env!("CARGO_BIN_EXE_bridged"))];

pub(crate) struct Stages {
    programs: TempDir,
    places: Vec<(Place, Option<PathBuf>)>,
    missing: Vec<(Place, String)>,
    idle: Mutex<Vec<Stage>>,
    alone: RwLock<()>,
}

impl Stages {
    /// Finds out what works here.
    pub(crate) fn find() -> Self {
        let programs = tempfile::Builder::new().prefix("bp").tempdir_in("/tmp").unwrap();
        fs::set_permissions(programs.path(), fs::Permissions::from_mode(0o755)).unwrap();
        for (name, binary) in BINARIES {
            fs::copy(binary, programs.path().join(name)).unwrap();
        }
        let (mut places, mut missing) = (Vec::new(), Vec::new());
        for place in Place::all() {
            match works(place, programs.path()) {
                Ok(()) => places.push((place, toolchain(place))),
                Err(why) => missing.push((place, why)),
            }
        }
        Self { programs, places, missing, idle: Mutex::default(), alone: RwLock::default() }
    }

    pub(crate) fn places(&self) -> Vec<Place> {
        self.places.iter().map(|(place, _)| *place).collect()
    }

    /// Where nothing can be tried, and why.
    pub(crate) fn missing(&self) -> &[(Place, String)] {
        &self.missing
    }

    /// A stage for one list; with `alone`, while no other list runs.
    pub(crate) fn borrow(&self, place: Place, alone: bool) -> Borrowed<'_> {
        let turn = if alone {
            Turn::Alone(self.alone.write().unwrap())
        } else {
            Turn::Shared(self.alone.read().unwrap())
        };
        let found = {
            let mut idle = self.idle.lock().unwrap();
            idle.iter().position(|stage| stage.place == place).map(|index| idle.swap_remove(index))
        };
        let toolchain = || self.places.iter().find(|(known, _)| *known == place).unwrap().1.clone();
        let stage = found.unwrap_or_else(|| Stage::build(place, self.programs.path(), toolchain()));
        Borrowed { stages: self, stage: RefCell::new(Some(stage)), _turn: turn }
    }
}

/// Held while a list runs.
#[expect(dead_code, reason = "holding it is all")]
enum Turn<'s> {
    Shared(RwLockReadGuard<'s, ()>),
    Alone(RwLockWriteGuard<'s, ()>),
}

/// A stage that is given back afterwards.
pub(crate) struct Borrowed<'s> {
    stages: &'s Stages,
    stage: RefCell<Option<Stage>>,
    _turn: Turn<'s>,
}

impl Borrowed<'_> {
    pub(crate) fn stage(&self) -> RefMut<'_, Stage> {
        RefMut::map(self.stage.borrow_mut(), |stage| stage.as_mut().unwrap())
    }
}

impl Drop for Borrowed<'_> {
    fn drop(&mut self) {
        self.stages.idle.lock().unwrap().extend(self.stage.take());
    }
}

/// Whether the executor can run anything at a place; if not, why.
fn works(place: Place, programs: &Path) -> Result<(), String> {
    let home = tempfile::Builder::new().prefix("bw").tempdir_in("/tmp").unwrap();
    fs::set_permissions(home.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let path = |name: &str| home.path().join(name);
    for name in ["c/bridged", "w", "t"] {
        fs::create_dir_all(path(name)).unwrap();
    }
    fs::write(path("c/bridged/config.toml"), format!("[yolo]\nsandbox = \"{}\"\n", place.tier)).unwrap();
    place.own(home.path());
    let mut executor = place.command(&programs.join("bridgectl"));
    executor.env("HOME", home.path()).env("TMPDIR", path("t")).env("XDG_CONFIG_HOME", path("c"));
    let told = executor::ask(executor, "safe", "true", path("w").to_str().unwrap(), 20_000)?;
    match told.answer {
        answer if answer.ran() && answer.tier.as_deref() == Some(place.tier) => Ok(()),
        answer => Err(answer.reason.unwrap_or_else(|| answer.stderr.clone())),
    }
}

/// Rust's own directory, if there is one that the user of a place can read.
fn toolchain(place: Place) -> Option<PathBuf> {
    let output = Command::new("rustc").args(["--print", "sysroot"]).output().ok()?;
    let path = PathBuf::from(String::from_utf8(output.stdout).ok()?.trim());
    // By another program: `setpriv` itself still finds what only root does.
    let mut cargo = place.command(Path::new("/usr/bin/env"));
    cargo.arg(path.join("bin/cargo")).arg("--version");
    let status = cargo.stdout(Stdio::null()).stderr(Stdio::null()).status().ok()?;
    status.success().then_some(path)
}
