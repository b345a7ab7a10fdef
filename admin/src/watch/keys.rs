//! What keys do.

use crossterm::event::{Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use super::app::{App, Pane, Proposal};
use super::dialog::{Details, Dialog, Refusal, SayForm, Turn};
use super::feed::Ask;
use crate::screen::Tint;

/// Entries or lines that a page key moves by where the size of the pane is not known.
const PAGE: isize = 10;

/// Takes in a key, a paste or a new size.
pub(super) fn event(app: &mut App, event: &Event) {
    app.touch();
    match event {
        Event::Key(key) if key.kind != KeyEventKind::Release => press(app, key),
        Event::Paste(text) => match &mut app.dialog {
            Some(dialog) => dialog.paste(text),
            None if app.filtering => {
                app.filter_mut().extend(text.chars().filter(|letter| !letter.is_control()))
            }
            None => {}
        },
        _ => {}
    }
}

fn press(app: &mut App, key: &KeyEvent) {
    if key.modifiers.contains(KeyModifiers::CONTROL) && key.code == KeyCode::Char('c') {
        app.over = true;
    } else if let Some(dialog) = &mut app.dialog {
        let turn = dialog.key(key);
        match turn {
            Turn::Stay => {}
            Turn::Close => app.dialog = None,
            Turn::Ask(ask) => app.ask(ask),
            Turn::AskAndClose(ask) => {
                app.ask(ask);
                app.dialog = None;
            }
        }
    } else if app.filtering {
        filter(app, key);
    } else {
        app.notice = None;
        navigate(app, key);
    }
}

fn filter(app: &mut App, key: &KeyEvent) {
    match key.code {
        KeyCode::Enter => app.filtering = false,
        KeyCode::Esc => {
            app.filter_mut().clear();
            app.filtering = false;
        }
        KeyCode::Backspace => drop(app.filter_mut().pop()),
        KeyCode::Char('u') if key.modifiers.contains(KeyModifiers::CONTROL) => app.filter_mut().clear(),
        KeyCode::Char(letter) => app.filter_mut().push(letter),
        _ => {}
    }
    app.follow_selection();
}

fn navigate(app: &mut App, key: &KeyEvent) {
    let control = key.modifiers.contains(KeyModifiers::CONTROL);
    match key.code {
        KeyCode::Char('d') if control => app.step(page(app) / 2),
        KeyCode::Char('u') if control => app.step(-page(app) / 2),
        KeyCode::Char('f') if control => app.step(page(app)),
        KeyCode::Char('b') if control => app.step(-page(app)),
        KeyCode::Char('j') | KeyCode::Down => app.step(1),
        KeyCode::Char('k') | KeyCode::Up => app.step(-1),
        KeyCode::PageDown | KeyCode::Char(' ') => app.step(page(app)),
        KeyCode::PageUp => app.step(-page(app)),
        KeyCode::Char('g') | KeyCode::Home => app.step(isize::MIN / 2),
        KeyCode::Char('G') | KeyCode::End => end(app),
        KeyCode::Tab | KeyCode::Char('l') | KeyCode::Right => app.focus = app.focus.beside(1),
        KeyCode::BackTab | KeyCode::Char('h') | KeyCode::Left => {
            app.focus = app.focus.beside(Pane::ALL.len() - 1)
        }
        KeyCode::Char('1') => app.focus = Pane::Conversations,
        KeyCode::Char('2') => app.focus = Pane::Messages,
        KeyCode::Char('3') => app.focus = Pane::Commands,
        KeyCode::Char('4') => app.focus = Pane::Audit,
        KeyCode::Char('q') => app.over = true,
        KeyCode::Char(letter) => act(app, letter),
        KeyCode::Enter => open(app),
        KeyCode::Esc => {
            app.zoomed = false;
            app.filter_mut().clear();
            app.follow_selection();
        }
        _ => {}
    }
}

fn act(app: &mut App, letter: char) {
    match letter {
        '?' => app.dialog = Some(Dialog::help()),
        '/' => app.filtering = true,
        'z' => app.zoomed = !app.zoomed,
        'x' => {
            app.with_expired = !app.with_expired;
            app.ask(Ask::Expired(app.with_expired));
        }
        'm' => say(app),
        'a' if app.focus == Pane::Commands => app.begin_approval(),
        'd' if app.focus == Pane::Commands => refuse(app),
        'a' | 'd' => {
            app.focus = Pane::Commands;
            app.notice = Some((
                "select what to decide about, then a to approve or d to deny".to_owned(),
                Tint::Warning,
            ));
        }
        _ => {}
    }
}

fn page(app: &App) -> isize {
    match app.focus {
        Pane::Messages => isize::try_from(app.transcript_size.1).map_or(PAGE, |lines| (lines - 1).max(1)),
        _ => PAGE,
    }
}

fn end(app: &mut App) {
    match app.focus {
        Pane::Messages => app.transcript.follow(),
        _ => app.step(isize::MAX / 2),
    }
}

fn say(app: &mut App) {
    match app.watched() {
        Some(conversation) if !conversation.expired => {
            app.dialog = Some(Dialog::Say(SayForm::new(conversation)))
        }
        Some(_) => {
            app.notice =
                Some(("the conversation has expired: nobody reads it any more".to_owned(), Tint::Bad))
        }
        None => app.notice = Some(("there is no conversation to speak into".to_owned(), Tint::Warning)),
    }
}

fn refuse(app: &mut App) {
    let refusal = app.proposal().map(|proposal| match proposal {
        Proposal::Mode(grant) => Refusal::of_mode(grant),
        Proposal::Command(command) => Refusal::of_command(command),
    });
    app.dialog = refusal.map(Dialog::Refusal).or(app.dialog.take());
}

/// Shows the selected entry whole.
fn open(app: &mut App) {
    let details = match app.focus {
        Pane::Conversations => {
            app.focus = Pane::Messages;
            None
        }
        Pane::Messages => {
            app.zoomed = !app.zoomed;
            None
        }
        Pane::Commands => app.proposal().map(|proposal| Details::of_proposal(proposal, app.now)),
        Pane::Audit => {
            let at = app.audit_picker.position(&app.row_ids());
            at.and_then(|at| app.rows().get(at).map(|row| Details::of_row(row)))
        }
    };
    app.dialog = details.map(Dialog::Details).or(app.dialog.take());
}
