//! Texts brought to a width. Every text of others is made safe here, or was before.

use ratatui::style::Style;
use ratatui::text::{Line, Span};
use textwrap::core::display_width;

use super::theme::Theme;
use crate::table::Piece;
use crate::text::safe_lines;

/// The beginning of a safe text that fits into so many columns; what is cut off shows as an ellipsis.
pub(super) fn fit(text: &str, width: usize) -> String {
    if display_width(text) <= width {
        return text.to_owned();
    }
    let mut fitting = String::new();
    for letter in text.chars() {
        fitting.push(letter);
        if display_width(&fitting) >= width {
            fitting.pop();
            break;
        }
    }
    if width > 0 {
        fitting.push('…');
    }
    fitting
}

/// The lines of a text of others, none wider than `width`.
pub(super) fn wrap(text: &str, width: usize) -> Vec<String> {
    safe_lines(text).flat_map(|line| wrap_line(&line, width)).collect()
}

/// A safe line, broken where it is too long.
pub(super) fn wrap_line(line: &str, width: usize) -> Vec<String> {
    let options = textwrap::Options::new(width.max(1)).word_splitter(textwrap::WordSplitter::NoHyphenation);
    textwrap::wrap(line, options).into_iter().map(|line| line.trim_end().to_owned()).collect()
}

/// Pieces on the left and on the right of one line. What is on the right stays; the piece `elastic` on the left gives
/// way.
pub(super) fn spread(
    left: &[(String, Style)],
    elastic: usize,
    right: &[(String, Style)],
    width: usize,
) -> Line<'static> {
    let taken =
        |pieces: &[(String, Style)]| pieces.iter().map(|(text, _)| display_width(text)).sum::<usize>();
    let (mut left, fixed) = (left.to_vec(), taken(left) + taken(right) + usize::from(!right.is_empty()));
    let over = fixed.saturating_sub(width);
    if over > 0
        && let Some((text, _)) = left.get_mut(elastic)
    {
        *text = fit(text, display_width(text).saturating_sub(over));
    }
    let gap = width.saturating_sub(taken(&left) + taken(right));
    let mut spans: Vec<Span<'static>> =
        left.into_iter().map(|(text, style)| Span::styled(text, style)).collect();
    spans.push(Span::raw(" ".repeat(gap)));
    spans.extend(right.iter().map(|(text, style)| Span::styled(text.clone(), *style)));
    Line::from(spans)
}

/// Names in a column, and what stands for them, wrapped beside it.
pub(super) fn facts(theme: Theme, facts: &[(&'static str, Piece)], width: usize) -> Vec<Line<'static>> {
    const NAME: usize = 13;
    let mut lines = Vec::new();
    for (name, (value, tint)) in facts {
        let style = tint.map(|tint| theme.style(tint)).unwrap_or_default();
        for (index, part) in wrap_line(value, width.saturating_sub(NAME)).into_iter().enumerate() {
            let name = if index == 0 { *name } else { "" };
            let name = Span::styled(format!("{name:<NAME$}"), theme.style(crate::screen::Tint::Faint));
            lines.push(Line::from(vec![name, Span::styled(part, style)]));
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_cut_visibly() {
        assert_eq!(fit("backend", 7), "backend");
        assert_eq!(fit("backend", 5), "back…");
        assert_eq!(fit("東京都庁", 5), "東京…");
        assert_eq!((fit("x", 0).as_str(), fit("xy", 1).as_str()), ("", "…"));
    }

    #[test]
    fn no_line_is_wider_than_asked_for_and_nothing_is_obeyed() {
        let text = "one two three\n\n    indented\tby four\u{1b}[2J 東京東京東京 aaaaaaaaaaaaaaaaaaaaaaaaaa";
        for width in 2..40 {
            for line in wrap(text, width) {
                assert!(display_width(&line) <= width, "{width}: {line:?}");
                assert!(!line.contains('\u{1b}'));
            }
        }
        assert_eq!(wrap("a b\n\nc", 10), ["a b", "", "c"]);
        assert_eq!(wrap("", 10), [""]);
    }

    #[test]
    fn the_right_side_stays() {
        let plain = |text: &str| (text.to_owned(), Style::new());
        let line = spread(&[plain("a "), plain("backend developer")], 1, &[plain("b: stored")], 24);
        assert_eq!(line.to_string(), "a backend dev… b: stored");
        let line = spread(&[plain("a")], 0, &[plain("z")], 5);
        assert_eq!(line.to_string(), "a   z");
    }
}
