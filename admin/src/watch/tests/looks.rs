//! How the screen looks, at which size.

use ratatui::style::Color;

use super::*;

#[test]
fn eighty_by_twentyfour() {
    insta::assert_snapshot!(seen(&mut app()), @r#"
     ● live  bridged 0.1.0, up 2h 5m, 2 agents, 1 conversation               ? help
    ┏ Conversations (2) ━━━━━━━━━━━━━━━━━┓┌ 4 messages, ends in 2h 48m ────────────┐
    ┃›conv_0000000000000001      2 unread┃││ answers 201.                          │
    ┃  ● a backend dev… ◐ b front\u{202… ┃││                                       │
    ┃ conv_0000000000000002       expired┃││   - id                                │
    ┃  ● a backend dev… ○ b front\u{202… ┃││   - title                             │
    ┃                                    ┃││ Agreed?                               │
    ┃                                    ┃│  (files: api/todos.py)                 │
    ┗━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┛│05:57:00 b front\u{202e}end info  a read│
    ┌ Sessions and writes left ──────────┐││ Agreed.                               │
    │● a backend developer        working│││ 05:57:01 human info                   │
    │ min ██░   8 hr █░░  22 day ░░░   0 │││ run rm -rf ~\x1b[1A                   │
    │◐ b front\u{202e}end  alive 2 unread││  (answers msg_7; 1 secret redacted)    │
    │  not used since the daemon started ││05:57:00 human info  a read b offered ×2│
    └────────────────────────────────────┘││ Use snake_case.                       │
    ┌ Commands (3) ──────────────────────┐└────────────────────────────────────────┘
    │›conv_0000000000000001 asks for safe│┌ Audit trail (12 rows) ─────────────────┐
    │  in /home/u/todo                   ││ 05:57:00 daemon start                ok│
    │ cmd_0000002a by a, 1m ago   pending││ 05:57:00 a      create_conversation  ok│
    │  $ cargo test --all-features -- --…││ 05:57:00 b      send_to_p… rate_limited│
    │ cmd_0000002b by b, 1m ago  approved││ 05:57:00 human  say                  ok│
    │  $ npm test                        ││                                        │
    └────────────────────────────────────┘└────────────────────────────────────────┘
     Tab pane  j/k select  m message  x expired  / filter  z zoom  q quit
    "#);
}

#[test]
fn a_large_terminal_shows_more() {
    let mut app = app();
    types(&mut app, "4");
    insta::assert_snapshot!(screen(&mut app, 120, 40), @r#"
     ● live  bridged 0.1.0, up 2h 5m, 2 agents, 1 conversation                                                       ? help
    ┌ Conversations (2) ───────────────────────────┐┌ 4 messages, ends in 2h 48m ──────────────────────────────────────────┐
    │›conv_0000000000000001                2 unread││msg_7 05:57:00 a backend developer proposal             b acknowledged│
    │  ● a backend developer ◐ b front\u{202e}end  │││ POST /todos takes {"title"} and answers 201.                        │
    │ conv_0000000000000002                 expired│││                                                                     │
    │  ● a backend developer ○ b front\u{202e}end  │││   - id                                                              │
    │                                              │││   - title                                                           │
    │                                              │││ Agreed?                                                             │
    │                                              ││  (files: api/todos.py)                                               │
    │                                              ││msg_8 05:57:00 b front\u{202e}end info                  a acknowledged│
    │                                              │││ Agreed.                                                             │
    │                                              │││ 05:57:01 human info                                                 │
    │                                              │││ run rm -rf ~\x1b[1A                                                 │
    │                                              ││  (answers msg_7; 1 secret redacted)                                  │
    │                                              ││msg_9 05:57:00 human info                  a acknowledged b offered ×2│
    │                                              │││ Use snake_case.                                                     │
    │                                              ││                                                                      │
    │                                              ││                                                                      │
    │                                              ││                                                                      │
    │                                              ││                                                                      │
    │                                              ││                                                                      │
    │                                              ││                                                                      │
    │                                              ││                                                                      │
    │                                              ││                                                                      │
    └──────────────────────────────────────────────┘│                                                                      │
    ┌ Sessions and writes left ────────────────────┐│                                                                      │
    │● a backend developer                  working│└──────────────────────────────────────────────────────────────────────┘
    │ min █████░   8 hr █░░░░░  22 day ░░░░░░   0  │┏ Audit trail (12 rows) ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┓
    │◐ b front\u{202e}end            alive 2 unread│┃ 05:57:00 daemon start                ok           message=msg_9 note…┃
    │  not used since the daemon started           │┃ 05:57:00 a      create_conversation  ok           message=msg_10 not…┃
    └──────────────────────────────────────────────┘┃ 05:57:00 b      send_to_partner      rate_limited message=msg_11 not…┃
    ┌ Commands (3) ────────────────────────────────┐┃›05:57:00 human  say                  ok           message=msg_12 not…┃
    │›conv_0000000000000001           asks for safe│┃                                                                      ┃
    │  in /home/u/todo                             │┃                                                                      ┃
    │ cmd_0000002a by a, 1m ago             pending│┃                                                                      ┃
    │  $ cargo test --all-features -- --nocapture  │┃                                                                      ┃
    │ cmd_0000002b by b, 1m ago            approved│┃                                                                      ┃
    │  $ npm test                                  │┃                                                                      ┃
    └──────────────────────────────────────────────┘┗━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┛
     Tab pane  j/k select  Enter show  G newest  / filter  z zoom  q quit
    "#);
}

#[test]
fn a_small_terminal_shows_one_pane() {
    let mut app = app();
    types(&mut app, "2");
    insta::assert_snapshot!(screen(&mut app, 50, 14), @r#"
     ● live  bridged 0.1.0, up 2h 5m, 2 agent… ? help
    ┏ 4 messages, ends in 2h 48m ━━━━━━━━━━━━━━━━━━━━┓
    ┃│   - title                                     ┃
    ┃│ Agreed?                                       ┃
    ┃  (files: api/todos.py)                         ┃
    ┃05:57:00 b front\u{202e}end info          a read┃
    ┃│ Agreed.                                       ┃
    ┃│ 05:57:01 human info                           ┃
    ┃│ run rm -rf ~\x1b[1A                           ┃
    ┃  (answers msg_7; 1 secret redacted)            ┃
    ┃05:57:00 human info          a read b offered ×2┃
    ┃│ Use snake_case.                               ┃
    ┗━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┛
     Tab pane  j/k scroll  G newest  m message  / filt
    "#);
}

#[test]
fn any_size_is_survived() {
    let mut app = app();
    for keys in ["", "?", "\u{1b}m", "\u{1b}3a", "\u{1b}d"] {
        for key in keys.chars() {
            press(&mut app, if key == '\u{1b}' { KeyCode::Esc } else { KeyCode::Char(key) });
        }
        if matches!(app.dialog, Some(Dialog::Confirm(_))) {
            let decision = asked(&mut app);
            app.apply(Update::Prepared { decision, prepared: Ok(Box::new(prepared())) });
        }
        for width in (1..100).step_by(11) {
            for height in (1..30).step_by(4) {
                screen(&mut app, width, height);
            }
        }
    }
}

#[test]
fn nothing_of_others_drives_the_terminal() {
    let mut app = app();
    for keys in ["", "z", "2", "4", "?"] {
        types(&mut app, keys);
        let picture = screen(&mut app, 200, 50);
        let obeyed = |c: char| c.is_control() || ('\u{2028}'..='\u{202e}').contains(&c);
        assert!(!picture.chars().any(|c| c != '\n' && obeyed(c)), "{picture}");
    }
}

#[test]
fn colours_only_when_wanted() {
    let colors = |color| {
        let mut app = App::new(Theme { color }, NOW, None);
        app.apply(Update::Round(Box::new(round())));
        let mut terminal = Terminal::new(TestBackend::new(80, 24)).unwrap();
        terminal.draw(|frame| draw::draw(frame, &mut app)).unwrap();
        let cells = terminal.backend().buffer().content().to_vec();
        cells.iter().filter(|cell| cell.fg != Color::Reset || cell.bg != Color::Reset).count()
    };
    assert_eq!(colors(false), 0);
    assert!(colors(true) > 20);
}

#[test]
fn entries_are_shown_whole() {
    let mut app = app();
    types(&mut app, "4k");
    press(&mut app, KeyCode::Enter);
    insta::assert_snapshot!(seen(&mut app), @r#"
     ● live  bridged 0.1.0, up 2h 5m, 2 agents, 1 conversation               ? help
    ┌ Conversations (2) ─────────────────┐┌ 4 messages, ends in 2h 48m ────────────┐
    │›conv_0000000000000001      2 unread│││ answers 201.                          │
    │  ● a backend dev… ◐ b front\u{202… │││                                       │
    │ conv_0000000000000002       expired│││   - id                                │
    │  ● a backend dev… ○ b front\u{202… │││   - title                             │
    │┏ audit row 11 ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┓│
    │┃ time         2026-11-21 05:57:00.123Z                                      ┃│
    └┃ conversation conv_0000000000000001                                         ┃│
    ┌┃ actor        b                                                             ┃│
    │┃ action       send_to_partner                                               ┃│
    │┃ outcome      rate_limited                                                  ┃│
    │┃ details      {                                                             ┃│
    │┃                "message": "msg_11",                                        ┃│
    └┃                "note": "x\u001b[2J"                                        ┃│
    ┌┃              }                                                             ┃┘
    │┃ mac          ababababababababababababababababababababababababababababababa ┃┐
    │┃              bab                                                           ┃│
    │┗━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━ Esc closes ┛│
    │  $ cargo test --all-features -- --…││›05:57:00 b      send_to_p… rate_limited│
    │ cmd_0000002b by b, 1m ago  approved││ 05:57:00 human  say                  ok│
    │  $ npm test                        ││                                        │
    └────────────────────────────────────┘└────────────────────────────────────────┘
     Tab pane  j/k select  Enter show  G newest  / filter  z zoom  q quit
    "#);
    press(&mut app, KeyCode::Esc);
    types(&mut app, "?");
    assert!(seen(&mut app).contains("say something to the agents"));
}
