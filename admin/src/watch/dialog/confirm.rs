//! Releasing a command or enabling a mode: the same proof as the commands ask for. Everything is shown and must have
//! been in view; then the phrase, where it is asked for, the retyped code and, where one is configured, the passphrase.

use bridge_proto::admin::yolo::{Decision, Prepared, Proof};
use crossterm::event::{KeyCode, KeyEvent};

use super::Turn;
use super::editor::Editor;
use super::reader::Reader;
use crate::proposal::settled;
use crate::watch::feed::{Ask, Outcome};

/// A decision on its way.
#[derive(Debug)]
pub(in crate::watch) struct Confirm {
    decision: Decision,
    pub(super) stage: Stage,
    pub(super) reader: Reader,
    /// Why the last key did nothing.
    pub(super) hint: Option<&'static str>,
}

/// How far it is.
#[derive(Debug)]
pub(super) enum Stage {
    /// The daemon is asked what it means.
    Asking,
    /// The person reads and types.
    Typing(Typing),
    /// The daemon is told.
    Deciding,
    /// It is done, or was refused.
    Over(Result<Outcome, String>),
}

/// What the person has typed so far.
#[derive(Debug)]
pub(super) struct Typing {
    pub(super) prepared: Box<Prepared>,
    pub(super) field: Field,
    pub(super) editor: Editor,
    phrase: Option<String>,
    code: String,
}

/// What is being typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    Phrase,
    Code,
    Passphrase,
}

impl Confirm {
    /// Begins with asking the daemon, which the caller does.
    pub(in crate::watch) fn new(decision: Decision) -> Self {
        Self { decision, stage: Stage::Asking, reader: Reader::default(), hint: None }
    }

    /// Takes in what a decision means, if it is this one's.
    pub(in crate::watch) fn prepared(
        &mut self,
        decision: &Decision,
        prepared: Result<Box<Prepared>, String>,
    ) {
        if !matches!(self.stage, Stage::Asking) || *decision != self.decision {
            return;
        }
        self.stage = match prepared {
            Err(problem) => Stage::Over(Err(problem)),
            Ok(prepared) => {
                self.decision = settled(self.decision.clone(), &prepared);
                let field = if prepared.phrase.is_some() { Field::Phrase } else { Field::Code };
                let (phrase, code) = (None, String::new());
                Stage::Typing(Typing { prepared, field, editor: Editor::default(), phrase, code })
            }
        };
    }

    /// Whether the daemon's next word is about this decision.
    pub(in crate::watch) fn decides(&self) -> bool {
        matches!(self.stage, Stage::Deciding)
    }

    /// Takes in what became of it.
    pub(in crate::watch) fn decided(&mut self, outcome: Result<Outcome, String>) {
        (self.stage, self.reader) = (Stage::Over(outcome), Reader::default());
    }

    /// Only a passphrase may be pasted: the rest is there to be read.
    pub(super) fn paste(&mut self, text: &str) {
        match &mut self.stage {
            Stage::Typing(Typing { field: Field::Passphrase, editor, .. }) => {
                editor.insert(text.trim_end_matches(['\r', '\n']));
            }
            _ => self.hint = Some("this must be typed, not pasted"),
        }
    }

    pub(super) fn key(&mut self, key: &KeyEvent) -> Turn {
        self.hint = None;
        match (&mut self.stage, key.code) {
            // What the daemon was told cannot be called back by closing a window.
            (Stage::Deciding, _) => return Turn::Stay,
            (_, KeyCode::Esc) | (Stage::Over(_), KeyCode::Enter | KeyCode::Char('q')) => return Turn::Close,
            _ if self.reader.page_key(key) => {}
            (Stage::Typing(_), _) if !self.reader.has_read() => {
                self.hint = Some("read to the end first: PgDn or the down key");
            }
            (Stage::Typing(typing), KeyCode::Enter) if typing.editor.text().trim().is_empty() => {}
            (Stage::Typing(typing), KeyCode::Enter) => {
                if let Some(proof) = typing.enter() {
                    self.stage = Stage::Deciding;
                    return Turn::Ask(Ask::Decide { decision: self.decision.clone(), proof });
                }
            }
            (Stage::Typing(typing), _) => typing.editor.key(key),
            _ => {}
        }
        Turn::Stay
    }
}

impl Typing {
    /// Takes the field as typed and goes on to the next; the proof once there is none.
    fn enter(&mut self) -> Option<Proof> {
        let typed = std::mem::take(&mut self.editor).text().to_owned();
        match self.field {
            Field::Phrase => {
                self.phrase = Some(typed.trim().to_owned());
                self.field = Field::Code;
            }
            Field::Code => {
                typed.trim().clone_into(&mut self.code);
                if self.prepared.passphrase {
                    self.field = Field::Passphrase;
                } else {
                    return Some(self.proof(None));
                }
            }
            Field::Passphrase => return Some(self.proof(Some(typed))),
        }
        None
    }

    fn proof(&mut self, passphrase: Option<String>) -> Proof {
        Proof { phrase: self.phrase.take(), code: std::mem::take(&mut self.code), passphrase }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::watch::fixtures::{grant, prepared};

    fn approve() -> Decision {
        Decision::Approve { command: "cmd_0000002a".into() }
    }

    fn confirm(prepared: Prepared) -> Confirm {
        let mut confirm = Confirm::new(approve());
        confirm.prepared(&approve(), Ok(Box::new(prepared)));
        confirm.reader.measure(5, 10);
        confirm
    }

    fn types(confirm: &mut Confirm, text: &str) -> Turn {
        text.chars().for_each(|letter| assert_eq!(confirm.key(&KeyCode::Char(letter).into()), Turn::Stay));
        confirm.key(&KeyCode::Enter.into())
    }

    #[test]
    fn phrase_code_and_passphrase_are_typed_in_turn() {
        let mut confirm =
            confirm(Prepared { phrase: Some("I AGREE".into()), passphrase: true, ..prepared() });
        assert_eq!(types(&mut confirm, "I AGREE"), Turn::Stay);
        assert_eq!(types(&mut confirm, "ABC234"), Turn::Stay);
        confirm.paste("hunter2\n");
        let proof = Proof {
            phrase: Some("I AGREE".into()),
            code: "ABC234".into(),
            passphrase: Some("hunter2".into()),
        };
        assert_eq!(
            confirm.key(&KeyCode::Enter.into()),
            Turn::Ask(Ask::Decide { decision: approve(), proof })
        );
        assert_eq!(confirm.key(&KeyCode::Esc.into()), Turn::Stay, "it is being decided");
        assert!(confirm.decides());
        confirm.decided(Err("wrong".into()));
        assert_eq!(confirm.key(&KeyCode::Esc.into()), Turn::Close);
    }

    #[test]
    fn where_nothing_else_is_asked_for_the_code_is_enough() {
        let mut confirm = confirm(prepared());
        let proof = Proof { phrase: None, code: "abc234".into(), passphrase: None };
        assert_eq!(types(&mut confirm, " abc234 "), Turn::Ask(Ask::Decide { decision: approve(), proof }));
    }

    #[test]
    fn nothing_is_typed_before_everything_was_in_view() {
        let mut confirm = confirm(prepared());
        confirm.reader = Reader::default();
        confirm.reader.measure(30, 10);
        types(&mut confirm, "ABC234");
        assert!(confirm.hint.is_some());
        (0..4).for_each(|_| drop(confirm.key(&KeyCode::PageDown.into())));
        confirm.reader.measure(30, 10);
        assert!(
            matches!(types(&mut confirm, "ABC234"), Turn::Ask(Ask::Decide { proof, .. }) if proof.code == "ABC234")
        );
    }

    #[test]
    fn a_code_is_not_pasted() {
        let mut confirm = confirm(prepared());
        confirm.paste("ABC234");
        assert!(confirm.hint.is_some());
        assert_eq!(confirm.key(&KeyCode::Enter.into()), Turn::Stay, "nothing was typed");
        assert!(!confirm.decides());
    }

    #[test]
    fn an_answer_about_something_else_changes_nothing() {
        let mut confirm = Confirm::new(approve());
        let other = Decision::Approve { command: "cmd_0000002b".into() };
        confirm.prepared(&other, Ok(Box::new(prepared())));
        assert!(matches!(confirm.stage, Stage::Asking));
        assert_eq!(confirm.key(&KeyCode::Enter.into()), Turn::Stay);
    }

    #[test]
    fn what_was_shown_is_what_is_enabled() {
        let open = Decision::Enable {
            conversation: "conv_0000000000000001".into(),
            mode: None,
            workspace: None,
            timeout: None,
            container: None,
            network: false,
        };
        let mut confirm = Confirm::new(open.clone());
        let shown = Prepared { command: None, grant: Some(grant()), ..prepared() };
        confirm.prepared(&open, Ok(Box::new(shown)));
        confirm.reader.measure(5, 10);
        let Turn::Ask(Ask::Decide { decision: Decision::Enable { mode, workspace, .. }, .. }) =
            types(&mut confirm, "ABC234")
        else {
            panic!("{confirm:?}")
        };
        assert_eq!((mode.as_deref(), workspace.as_deref()), (Some("safe"), Some("/home/u/todo")));
    }
}
