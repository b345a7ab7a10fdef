//! Which entry of a list is selected: by its id, so that it stays selected while others come and go.

/// The selected entry.
#[derive(Debug, Default)]
pub(super) struct Picker {
    selected: Option<String>,
    /// Unless told otherwise the last entry is meant, not the first: the list grows at its end.
    follows: bool,
}

impl Picker {
    /// Stays at the end of a list that grows there.
    pub(super) fn following() -> Self {
        Self { selected: None, follows: true }
    }

    /// Position of the selected entry among those.
    pub(super) fn position(&self, ids: &[String]) -> Option<usize> {
        let last = ids.len().checked_sub(1)?;
        let found = self.selected.as_ref().and_then(|selected| ids.iter().position(|id| id == selected));
        Some(found.unwrap_or(if self.follows { last } else { 0 }))
    }

    /// Selects that one.
    pub(super) fn select(&mut self, id: Option<String>) {
        self.selected = id;
    }

    /// Moves by that many entries, and no further than the ends.
    pub(super) fn step(&mut self, ids: &[String], by: isize) {
        let Some(at) = self.position(ids) else { return };
        let to = at.saturating_add_signed(by).min(ids.len() - 1);
        let at_end = self.follows && to + 1 == ids.len();
        self.selected = if at_end { None } else { ids.get(to).cloned() };
    }
}

/// The first of `rows` entries to be shown, so that the one at `position` is among them.
pub(super) fn offset(position: Option<usize>, entries: usize, rows: usize) -> usize {
    let position = position.unwrap_or(0);
    position.saturating_sub(rows / 2).min(entries.saturating_sub(rows))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(names: &str) -> Vec<String> {
        names.chars().map(String::from).collect()
    }

    #[test]
    fn what_is_selected_stays_selected_while_others_come_and_go() {
        let mut picker = Picker::default();
        assert_eq!(picker.position(&[]), None);
        picker.step(&ids("abc"), 1);
        assert_eq!(picker.position(&ids("abc")), Some(1));
        assert_eq!(picker.position(&ids("xyabc")), Some(3));
        assert_eq!(picker.position(&ids("ac")), Some(0), "gone");
        picker.step(&ids("abc"), isize::MAX);
        assert_eq!(picker.position(&ids("abc")), Some(2));
        picker.step(&ids("abc"), isize::MIN);
        assert_eq!(picker.position(&ids("abc")), Some(0));
    }

    #[test]
    fn the_end_of_a_growing_list_is_followed_until_left() {
        let mut picker = Picker::following();
        assert_eq!(picker.position(&ids("abc")), Some(2));
        picker.step(&ids("abc"), -1);
        assert_eq!(picker.position(&ids("abcde")), Some(1));
        picker.step(&ids("abcde"), 9);
        assert_eq!(picker.position(&ids("abcdef")), Some(5));
    }

    #[test]
    fn the_selected_entry_is_always_in_view() {
        for rows in 1..12 {
            for position in 0..10 {
                let offset = offset(Some(position), 10, rows);
                assert!((offset..offset + rows).contains(&position), "{rows} {position}");
                assert!(rows > 10 || offset + rows <= 10, "no empty rows below");
            }
        }
    }
}
