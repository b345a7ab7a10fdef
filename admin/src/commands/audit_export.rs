//! `audit export`: the whole trail, one JSON object per line.

use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use bridge_proto::admin::AuditFilter;

use crate::failure::{Done, Failure};
use crate::screen::Screen;
use crate::source::{PAGE, Source};
use crate::text::safe_json;

pub(super) fn run(screen: &mut Screen, output: Option<&Path>) -> Result<Done, Failure> {
    let mut source = Source::open()?;
    let Some(path) = output.filter(|path| *path != Path::new("-")) else {
        export(&mut source, |line| screen.line(line))?;
        return Ok(Done::Well);
    };
    let failed = |error: io::Error| match error.kind() {
        io::ErrorKind::AlreadyExists => {
            Failure::Failed(format!("{} exists; choose a new name", path.display()))
        }
        _ => Failure::failed(path.display(), error),
    };
    // Somebody's evidence is not overwritten, and is nobody else's to read.
    let file = File::options().write(true).create_new(true).mode(0o600).open(path).map_err(failed)?;
    let mut file = BufWriter::new(file);
    let rows = export(&mut source, |line| writeln!(file, "{line}").map_err(failed))?;
    let file = file.into_inner().map_err(|error| failed(error.into_error()))?;
    file.sync_all().map_err(failed)?;
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
