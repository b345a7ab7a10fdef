//! Counts what the engine changes in trees that hold no secrets: `trees DIR... [--show N]`.
//!
//! Files are cut into pieces of 30 lines, about what an agent quotes in a message.
#![allow(clippy::print_stdout, clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeMap;
use std::path::Path;

use bridge_redact::Engine;

const KINDS: [&str; 34] = [
    "rs", "py", "js", "ts", "mjs", "cjs", "go", "c", "h", "cpp", "java", "md", "toml", "json", "yml", "yaml",
    "sh", "txt", "html", "css", "rb", "lock", "cfg", "ini", "rst", "tsx", "jsx", "sql", "xml", "pl", "pm",
    "lua", "tcl", "conf",
];

#[derive(Default)]
struct Count {
    files: usize,
    changed_files: usize,
    pieces: usize,
    changed: usize,
    bytes: usize,
    rules: BTreeMap<String, usize>,
    shown: usize,
}

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let show = args.iter().position(|a| a == "--show").map_or(0, |i| args[i + 1].parse().unwrap());
    let engine = Engine::builtin().expect("built-in rules");
    for dir in args.iter().take_while(|a| *a != "--show") {
        let mut count = Count::default();
        walk(Path::new(dir), &engine, &mut count, show);
        println!(
            "{dir}: {} files ({} changed), {} pieces, {} changed = {:.3} %, {:.1} MB {:?}",
            count.files,
            count.changed_files,
            count.pieces,
            count.changed,
            100.0 * count.changed as f64 / count.pieces.max(1) as f64,
            count.bytes as f64 / 1e6,
            count.rules
        );
    }
}

fn walk(path: &Path, engine: &Engine, count: &mut Count, show: usize) {
    if path.is_symlink() {
        return;
    }
    if path.is_dir() {
        let mut entries: Vec<_> = std::fs::read_dir(path).unwrap().flatten().map(|e| e.path()).collect();
        entries.sort();
        entries.iter().for_each(|entry| walk(entry, engine, count, show));
        return;
    }
    let kind = path.extension().and_then(|e| e.to_str()).unwrap_or_default();
    let Ok(text) = std::fs::read_to_string(path) else { return };
    if !KINDS.contains(&kind) || text.len() > 2_000_000 {
        return;
    }
    count.files += 1;
    count.bytes += text.len();
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let mut any = false;
    for piece in lines.chunks(30) {
        let piece = piece.concat();
        let redacted = engine.redact(&piece);
        count.pieces += 1;
        if redacted.hits.is_empty() {
            continue;
        }
        any = true;
        count.changed += 1;
        for hit in &redacted.hits {
            *count.rules.entry(hit.rule.to_string()).or_default() += 1;
            if count.shown < show {
                count.shown += 1;
                let from = piece[..hit.span.start].rfind('\n').map_or(0, |i| i + 1);
                let to = piece[hit.span.end..].find('\n').map_or(piece.len(), |i| hit.span.end + i);
                let from = piece.ceil_char_boundary(from.max(hit.span.start.saturating_sub(70)));
                let to = piece.floor_char_boundary(to.min(hit.span.end + 30));
                println!(
                    "{} [{}] {}⟦{}⟧{}",
                    path.file_name().unwrap().to_string_lossy(),
                    hit.rule,
                    &piece[from..hit.span.start].escape_debug(),
                    &piece[hit.span.clone()].escape_debug().to_string().chars().take(90).collect::<String>(),
                    &piece[hit.span.end..to].escape_debug()
                );
            }
        }
    }
    count.changed_files += usize::from(any);
}
