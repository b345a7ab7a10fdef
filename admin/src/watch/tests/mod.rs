//! The whole screen: what keys and answers make of it, and how it looks.

mod looks;

use crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers};
use ratatui::Terminal;
use ratatui::backend::TestBackend;

use super::app::{App, Link, Pane};
use super::dialog::Dialog;
use super::draw;
use super::feed::{Ask, Outcome, Update};
use super::fixtures::{NOW, conversation, message, prepared, round};
use super::keys;
use super::theme::Theme;
use bridge_proto::admin::yolo::{Approval, Decision, Proof};
use bridge_proto::admin::{ConversationDetail, SaidView};

const FIRST: &str = "conv_0000000000000001";

fn app() -> App {
    let mut app = App::new(Theme { color: false }, NOW, Some(FIRST.to_owned()));
    assert_eq!(app.take_asks(), [Ask::Watch(FIRST.to_owned())]);
    app.apply(Update::Round(Box::new(round())));
    app
}

fn screen(app: &mut App, width: u16, height: u16) -> String {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| draw::draw(frame, app)).unwrap();
    // The backend shows each line in quotes.
    let lines = terminal.backend().to_string();
    lines.lines().map(|line| line[1..line.len() - 1].trim_end()).collect::<Vec<_>>().join("\n")
}

/// What is seen at the smallest usual size.
fn seen(app: &mut App) -> String {
    screen(app, 80, 24)
}

fn press(app: &mut App, code: KeyCode) {
    keys::event(app, &Event::Key(code.into()));
}

fn types(app: &mut App, text: &str) {
    text.chars().for_each(|letter| press(app, KeyCode::Char(letter)));
}

/// The decision that the daemon was asked about last.
fn asked(app: &mut App) -> Decision {
    match app.take_asks().pop() {
        Some(Ask::Prepare(decision)) => decision,
        other => panic!("{other:?}"),
    }
}

#[test]
fn keys_go_round_the_panes() {
    let mut app = app();
    for pane in [Pane::Messages, Pane::Commands, Pane::Audit, Pane::Conversations] {
        press(&mut app, KeyCode::Tab);
        assert_eq!(app.focus, pane);
    }
    press(&mut app, KeyCode::BackTab);
    assert_eq!(app.focus, Pane::Audit);
    types(&mut app, "hl1l");
    assert_eq!(app.focus, Pane::Messages);
}

#[test]
fn another_conversation_is_asked_for_when_it_is_selected() {
    let mut app = app();
    press(&mut app, KeyCode::Down);
    assert_eq!(app.take_asks(), [Ask::Watch("conv_0000000000000002".to_owned())]);
    // The answer to the question before is not this one's.
    app.apply(Update::Round(Box::new(round())));
    assert!(!seen(&mut app).contains("POST /todos"));
    types(&mut app, "k");
    assert_eq!(app.take_asks(), [Ask::Watch(FIRST.to_owned())]);
    types(&mut app, "x");
    assert_eq!(app.take_asks(), [Ask::Expired(true)]);
}

#[test]
fn a_conversation_that_is_not_there_is_said_not_to_be() {
    let mut app = App::new(Theme { color: false }, NOW, Some("conv_00000000000000ff".to_owned()));
    let mut none = round();
    (none.asked, none.watched) = (Some("conv_00000000000000ff".to_owned()), None);
    app.apply(Update::Round(Box::new(none)));
    assert!(seen(&mut app).contains("there is no conversation conv_00000000000000ff"));
    assert_eq!(app.take_asks().pop(), Some(Ask::Watch(FIRST.to_owned())), "the first one instead");
}

#[test]
fn messages_come_states_change_and_scrolling_back_asks_for_older_ones() {
    let mut app = app();
    types(&mut app, "2");
    assert!(seen(&mut app).contains("offered ×2"));
    let messages = vec![message(9, "human", "Use snake_case."), message(12, "b", "NEWEST")];
    let mut next = round();
    next.fresh = false;
    next.watched = Some(ConversationDetail { conversation: conversation(1), messages });
    app.apply(Update::Round(Box::new(next)));
    let picture = seen(&mut app);
    assert!(picture.contains("NEWEST") && !picture.contains("offered ×2"), "{picture}");
    types(&mut app, "g");
    assert_eq!(app.take_asks(), [Ask::Older { conversation: FIRST.to_owned(), before: 7 }]);
    let picture = seen(&mut app);
    assert!(picture.contains("POST /todos") && picture.contains("lines below"), "{picture}");
    app.apply(Update::Older { conversation: FIRST.to_owned(), messages: vec![message(3, "a", "OLDEST")] });
    types(&mut app, "g");
    assert!(seen(&mut app).contains("OLDEST"));
    types(&mut app, "G");
    assert!(seen(&mut app).contains("NEWEST"));
}

#[test]
fn a_filter_hides_what_does_not_hold_it() {
    let mut app = app();
    types(&mut app, "2/SNAKE");
    let picture = seen(&mut app);
    assert!(picture.contains("Use snake_case") && !picture.contains("POST /todos"), "{picture}");
    press(&mut app, KeyCode::Enter);
    types(&mut app, "4/human");
    press(&mut app, KeyCode::Enter);
    let picture = seen(&mut app);
    assert!(picture.contains("say") && !picture.contains("rate_limited"), "{picture}");
    press(&mut app, KeyCode::Esc);
    assert!(seen(&mut app).contains("rate_limi"));
    types(&mut app, "1/00002");
    assert_eq!(app.take_asks(), [Ask::Watch("conv_0000000000000002".to_owned())]);
}

#[test]
fn a_daemon_that_goes_away_is_said_to_be_gone() {
    let mut app = app();
    app.apply(Update::Gone(Some("it closed the connection".to_owned())));
    app.apply(Update::Gone(None));
    app.tick(NOW.after(std::time::Duration::from_secs(12)));
    let picture = seen(&mut app);
    assert!(picture.contains("daemon gone for 12s") && picture.contains("snake_case"), "{picture}");
    app.apply(Update::Round(Box::new(round())));
    assert!(matches!(app.link, Link::Live(_)));
    app.tick(NOW.after(std::time::Duration::from_secs(22)));
    assert!(seen(&mut app).contains("no answer for 10s"));
}

#[test]
fn a_command_is_approved_with_everything_in_view() {
    let mut app = app();
    types(&mut app, "a");
    assert!(app.dialog.is_none() && app.focus == Pane::Commands, "nothing was selected with the eyes yet");
    types(&mut app, "ja");
    let decision = asked(&mut app);
    assert_eq!(decision, Decision::Approve { command: "cmd_0000002a".into() });
    app.apply(Update::Prepared { decision: decision.clone(), prepared: Ok(Box::new(prepared())) });
    insta::assert_snapshot!(seen(&mut app), @r#"
     ● live  bridged 0.1.0, up 2h 5m, 2 agents, 1 conversation               ? help
    ┌ Conversations (2) ─────────────────┐┌ 4 messages, ends in 2h 48m ────────────┐
    │›conv_0000000000000001      2 unread│││ answers 201.                          │
    │  ● a backend dev… ◐ b front\u{202… │││                                       │
    │ conv_0000000000000002       expired│││   - id                                │
    │  ● a backend dev… ○ b front\u{202… │││   - title                             │
    │┏ Confirm ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┓│
    │┃ cmd_0000002a: session a of conv_0000000000000001 (backend developer)       ┃│
    └┃ command      cargo test --all-features -- --nocapture                      ┃│
    ┌┃ program      /usr/bin/cargo                                                ┃│
    │┃ directory    /home/u/todo                                                  ┃│
    │┃ held by      mode restricted, sandbox namespaces, killed after 30 s        ┃│
    │┃ network      none                                                          ┃│
    │┃ may read     the system's directories only                                 ┃│
    └┃ variables    PATH HOME                                                     ┃│
    ┌┃                                                                            ┃┘
    │┃ Retype the code ABC234                                                     ┃┐
    │┃ >                                                                          ┃│
    │┗━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━ Esc: decide nothing ┛│
    │  $ cargo test --all-features -- --…││ 05:57:00 b      send_to_p… rate_limited│
    │ cmd_0000002b by b, 1m ago  approved││ 05:57:00 human  say                  ok│
    │  $ npm test                        ││                                        │
    └────────────────────────────────────┘└────────────────────────────────────────┘
     Tab pane  j/k select  Enter show  a approve  d deny  / filter  q quit
    "#);
    types(&mut app, "ABC234");
    assert!(app.take_asks().is_empty());
    press(&mut app, KeyCode::Enter);
    let proof = Proof { phrase: None, code: "ABC234".into(), passphrase: None };
    assert_eq!(app.take_asks(), [Ask::Decide { decision, proof }]);
    app.apply(Update::Done(Ok(Outcome::Approved(Approval {
        command_id: "cmd_0000002a".into(),
        approval_token: "the-token".into(),
        good_until: "2026-11-21T06:05:00.000Z".into(),
        audit_head: "head".into(),
    }))));
    let picture = seen(&mut app);
    assert!(picture.contains("the-token") && picture.contains("ends in 5m"), "{picture}");
    press(&mut app, KeyCode::Esc);
    assert!(app.dialog.is_none());
}

#[test]
fn what_is_decided_already_is_not_approved_again() {
    let mut app = app();
    types(&mut app, "3jja");
    assert!(app.dialog.is_none() && app.take_asks().is_empty());
    assert!(seen(&mut app).contains("cmd_0000002b is approved already"));
}

#[test]
fn a_mode_is_enabled_as_the_agent_asked() {
    let mut app = app();
    types(&mut app, "3a");
    assert!(matches!(asked(&mut app), Decision::Enable { mode: None, network: false, .. }));
}

#[test]
fn refusing_takes_a_y() {
    let mut app = app();
    types(&mut app, "3jd");
    assert!(seen(&mut app).contains("Deny cmd_0000002a?"));
    types(&mut app, "n");
    assert!(app.take_asks().is_empty());
    types(&mut app, "dy");
    assert_eq!(app.take_asks(), [Ask::Deny { command: "cmd_0000002a".into() }]);
    types(&mut app, "kdy");
    assert_eq!(app.take_asks(), [Ask::Disable { conversation: FIRST.into() }]);
}

#[test]
fn a_message_is_sent() {
    let mut app = app();
    types(&mut app, "mstop q");
    insta::assert_snapshot!(seen(&mut app), @r#"
     ● live  bridged 0.1.0, up 2h 5m, 2 agents, 1 conversation               ? help
    ┌ Conversations (2) ─────────────────┐┌ 4 messages, ends in 2h 48m ────────────┐
    │›conv_0000000000000001      2 unread│││ answers 201.                          │
    │  ● a backend dev… ◐ b front\u{202… │││                                       │
    │ conv_0000000000000002       expired│││   - id                                │
    │  ● a backend dev… ○ b front\u{202… │││   - title                             │
    │┏ Message from human ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┓│
    │┃ to  a (backend developer) and b (front\u{202e}end)                         ┃│
    └┃                                                                            ┃│
    ┌┃ stop q                                                                     ┃│
    │┃                                                                            ┃│
    │┃                                                                            ┃│
    │┃                                                                            ┃│
    │┃                                                                            ┃│
    └┃                                                                            ┃│
    ┌┃                                                                            ┃┘
    │┃                                                                            ┃┐
    │┗━━━━━━━━━━━━━━━━━━━━━━━ Enter sends, Alt-Enter: new line, Tab: to whom, Esc ┛│
    │ cmd_0000002a by a, 1m ago   pending││ 05:57:00 a      create_conversation  ok│
    │  $ cargo test --all-features -- --…││ 05:57:00 b      send_to_p… rate_limited│
    │ cmd_0000002b by b, 1m ago  approved││ 05:57:00 human  say                  ok│
    │  $ npm test                        ││                                        │
    └────────────────────────────────────┘└────────────────────────────────────────┘
     Tab pane  j/k select  m message  x expired  / filter  z zoom  q quit
    "#);
    press(&mut app, KeyCode::Enter);
    let say = Ask::Say { conversation: FIRST.into(), to: None, message: "stop q".into() };
    assert_eq!(app.take_asks(), [say]);
    app.apply(Update::Done(Ok(Outcome::Said(SaidView {
        message_id: "msg_13".into(),
        sent_at: "2026-11-21T06:00:00.000Z".into(),
        recipients: vec!["a".into(), "b".into()],
        redactions: 0,
    }))));
    assert!(seen(&mut app).contains("msg_13 is stored for a and b"));
    app.apply(Update::Done(Err("`say` is for people".into())));
    assert!(seen(&mut app).contains("for people"));
}

#[test]
fn q_and_control_c_end_it() {
    let mut app = app();
    types(&mut app, "q");
    assert!(app.over);
    let mut app = self::app();
    types(&mut app, "m");
    keys::event(&mut app, &Event::Key(KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL)));
    assert!(app.over, "also while something is being typed");
}
