//! `export`: everything about one conversation, in one file.

mod chart;
mod dossier;
mod html;
mod jsonl;
mod markdown;
mod pieces;
mod timeline;
mod words;

use std::path::Path;

use super::note_offline;
use crate::cli::{Export, Format};
use crate::failure::{Done, Failure};
use crate::output::NewFile;
use crate::screen::Screen;
use crate::source::Source;
use dossier::Dossier;

pub(super) fn run(screen: &mut Screen, arguments: &Export) -> Result<Done, Failure> {
    let mut source = Source::open()?;
    let dossier = Dossier::gather(&mut source, &arguments.conversation, screen.look().now)?;
    let text = match arguments.format {
        Format::Jsonl => jsonl::write(&dossier)?,
        Format::Md => markdown::render(&dossier),
        Format::Html => html::render(&dossier),
    };
    note_offline(screen, source.is_live());
    match arguments.output.as_deref().filter(|path| *path != Path::new("-")) {
        None => screen.print(&text)?,
        Some(path) => {
            let mut file = NewFile::create(path)?;
            file.write(&text)?;
            file.finish()?;
            let messages = super::count(dossier.messages.len() as u64, "message", "messages");
            screen.note(&format!("{messages} in {}", path.display()));
        }
    }
    Ok(Done::Well)
}
