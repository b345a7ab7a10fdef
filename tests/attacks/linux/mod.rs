//! The suite: which lists are run where, and what is said about it.

mod around;
mod attack;
mod canaries;
mod everyday;
mod executor;
mod leftovers;
mod listeners;
mod place;
mod stage;
mod stages;
mod tally;
mod workspace;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use libtest_mimic::{Arguments, Failed, Trial};

use place::Place;
use stages::Stages;
use tally::Tally;

/// Runs at once: more would measure how busy the machine is.
const MOST_THREADS: usize = 2;
/// The list that starts processes without end, and has the machine to itself.
const ALONE: &str = "forks";

/// How a list is run: what went wrong, in words.
type Run = fn(&stages::Borrowed<'_>, &Path, &Tally) -> Vec<String>;

pub(crate) fn main() {
    let mut arguments = Arguments::from_args();
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    arguments.test_threads = Some(arguments.test_threads.unwrap_or(threads).min(MOST_THREADS));
    let stages = Arc::new(Stages::find());
    let tally = Arc::new(Tally::default());
    let mut trials = Vec::new();
    for place in stages.places() {
        for (folder, run) in [("attacks", attack::run as Run), ("everyday", everyday::run)] {
            let tried = |list: &PathBuf| folder == "attacks" || place.tries(&name_of(list));
            for list in lists(folder).into_iter().filter(tried) {
                trials.push(trial(place, folder, list, run, &stages, &tally));
            }
        }
    }
    if let Some(place) = stages.places().into_iter().next() {
        let stages = Arc::clone(&stages);
        trials.push(Trial::test("harm is seen where it is done", move || {
            verdict(&stages.borrow(place, false), attack::rehearse)
        }));
    }
    for (place, why) in stages.missing() {
        println!("NOT TRIED HERE: {place}: {why}");
        trials.push(Trial::test(place.to_string(), || Ok(())).with_ignored_flag(true));
    }
    let conclusion = libtest_mimic::run(&arguments, trials);
    print!("{tally}");
    // Ends the daemons.
    drop(stages);
    conclusion.exit();
}

fn trial(
    place: Place,
    folder: &str,
    list: PathBuf,
    run: Run,
    stages: &Arc<Stages>,
    tally: &Arc<Tally>,
) -> Trial {
    let name = name_of(&list);
    let (stages, tally) = (Arc::clone(stages), Arc::clone(tally));
    let alone = name == ALONE;
    Trial::test(format!("{place}: {folder}: {name}"), move || {
        verdict(&stages.borrow(place, alone), |stage| run(stage, &list, &tally))
    })
}

fn verdict<'s>(
    stage: &stages::Borrowed<'s>,
    run: impl FnOnce(&stages::Borrowed<'s>) -> Vec<String>,
) -> Result<(), Failed> {
    let failures = run(stage);
    if failures.is_empty() { Ok(()) } else { Err(failures.join("\n").into()) }
}

fn name_of(list: &Path) -> String {
    list.file_stem().unwrap().to_string_lossy().into_owned()
}

/// The lists of a folder, in order.
fn lists(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(folder);
    let mut lists: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    lists.sort();
    lists
}
