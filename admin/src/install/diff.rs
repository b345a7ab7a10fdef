//! A change as people read it.

use std::path::Path;

use bridge_redact::Engine;
use similar::TextDiff;

/// Unchanged lines around a change.
const CONTEXT: usize = 2;
/// Characters of a line that are shown: some clients write their whole configuration as one.
const LONGEST_LINE: usize = 300;

/// A unified diff of a file. Neighbouring lines may hold keys of other servers, so secrets are taken out.
pub(crate) fn unified(engine: &Engine, file: &Path, before: &str, after: &str) -> String {
    let name = file.display().to_string();
    let diff = TextDiff::from_lines(before, after);
    let text = diff.unified_diff().context_radius(CONTEXT).header(&name, &name).to_string();
    let text = engine.redact(&text).text;
    text.split_inclusive('\n').map(shortened).collect()
}

fn shortened(line: &str) -> String {
    match line.char_indices().nth(LONGEST_LINE) {
        Some((at, _)) => format!("{}…\n", &line[..at]),
        None => line.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_with_its_surroundings_and_without_secrets() {
        let secret = format!("ghp_{}", "0123456789abcdefghijABCDEFGHIJ012345");
        let before = format!("{{\n  \"token\": \"{secret}\"\n}}\n");
        let after = format!("{{\n  \"token\": \"{secret}\",\n  \"x\": 1\n}}\n");
        let shown = unified(&Engine::builtin().unwrap(), Path::new("/f"), &before, &after);
        assert!(shown.contains("--- /f\n+++ /f\n") && shown.contains("+  \"x\": 1\n"), "{shown}");
        assert!(!shown.contains(&secret), "{shown}");
    }

    #[test]
    fn endless_lines_are_cut() {
        let shown = unified(&Engine::builtin().unwrap(), Path::new("/f"), &"x".repeat(1000), "y");
        assert!(shown.lines().all(|line| line.chars().count() <= LONGEST_LINE + 1), "{shown}");
    }
}
