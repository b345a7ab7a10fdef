//! `audit export`: the whole trail, one JSON object per line.

use std::path::Path;

use bridge_proto::admin::AuditFilter;

use crate::failure::{Done, Failure};
use crate::output::NewFile;
use crate::screen::Screen;
use crate::source::{PAGE, Source};
use crate::text::safe_json;

pub(super) fn run(screen: &mut Screen, output: Option<&Path>) -> Result<Done, Failure> {
    let mut source = Source::open()?;
    let Some(path) = output.filter(|path| *path != Path::new("-")) else {
        export(&mut source, |line| screen.line(line))?;
        return Ok(Done::Well);
    };
    let mut file = NewFile::create(path)?;
    let rows = export(&mut source, |line| file.line(line))?;
    file.finish()?;
    screen.note(&format!("{} in {}", super::count(rows, "row", "rows"), path.display()));
    Ok(Done::Well)
}

/// Every row that is there when its turn comes; returns how many.
fn export(source: &mut Source, mut line: impl FnMut(&str) -> Result<(), Failure>) -> Result<u64, Failure> {
    let mut filter = AuditFilter { limit: PAGE, ..AuditFilter::default() };
    let mut rows = 0;
    loop {
        let page = source.audit(&filter)?;
        let Some(last) = page.last() else { return Ok(rows) };
        filter.after = last.seq;
        for row in &page {
            line(&safe_json(row)?)?;
            rows += 1;
        }
    }
}
