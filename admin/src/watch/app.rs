//! The state of the screen, changed by what the daemon answers and by what the person does.

use std::collections::VecDeque;

use bridge_daemon::domain::time::Timestamp;
use bridge_proto::admin::yolo::{CommandView, Decision, GrantView, YoloList};
use bridge_proto::admin::{AuditRow, ConversationSummary, MessageView, StatusReport};

use super::dialog::{Confirm, Dialog};
use super::feed::{Ask, Outcome, Round, Update};
use super::panes;
use super::picker::Picker;
use super::theme::Theme;
use super::transcript::{Transcript, View};
use crate::commands::say;
use crate::screen::Tint;

/// Rows of the audit trail that are kept.
const ROWS: usize = 1_000;

/// Parts of the screen that can have the keyboard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pane {
    Conversations,
    Messages,
    Commands,
    Audit,
}

impl Pane {
    /// In the order in which the keyboard goes round.
    pub(super) const ALL: [Self; 4] = [Self::Conversations, Self::Messages, Self::Commands, Self::Audit];

    fn index(self) -> usize {
        self as usize
    }

    /// The pane so many places further round.
    pub(super) fn beside(self, by: usize) -> Self {
        Self::ALL[(self.index() + by) % Self::ALL.len()]
    }
}

/// Whether the daemon answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Link {
    /// It was not asked yet.
    Connecting,
    /// It answered at that time.
    Live(Timestamp),
    /// It does not, since then, for that reason unless it just does not run.
    Gone(Timestamp, Option<String>),
}

/// Something to decide about.
#[derive(Debug, Clone, Copy)]
pub(super) enum Proposal<'a> {
    /// A conversation asks for a mode.
    Mode(&'a GrantView),
    /// An agent proposes a command.
    Command(&'a CommandView),
}

impl Proposal<'_> {
    /// What it is selected by.
    pub(super) fn id(&self) -> String {
        match self {
            Self::Mode(grant) => format!("mode {}", grant.conversation_id),
            Self::Command(command) => command.command_id.clone(),
        }
    }
}

/// The state of the screen.
#[derive(Debug)]
pub(super) struct App {
    pub(super) theme: Theme,
    pub(super) now: Timestamp,
    pub(super) link: Link,
    pub(super) status: Option<StatusReport>,
    pub(super) yolo: YoloList,
    pub(super) transcript: Transcript,
    conversations: Vec<ConversationSummary>,
    rows: VecDeque<AuditRow>,
    watched: Option<String>,
    pub(super) conversation_picker: Picker,
    pub(super) command_picker: Picker,
    pub(super) audit_picker: Picker,
    pub(super) focus: Pane,
    /// The pane that has the keyboard takes the whole screen.
    pub(super) zoomed: bool,
    pub(super) with_expired: bool,
    filters: [String; 4],
    /// The filter of the pane with the keyboard is being typed.
    pub(super) filtering: bool,
    pub(super) dialog: Option<Dialog>,
    pub(super) notice: Option<(String, Tint)>,
    /// Columns and lines of the messages, as they were drawn last.
    pub(super) transcript_size: (usize, usize),
    asks: Vec<Ask>,
    stale: bool,
    pub(super) over: bool,
}

impl App {
    pub(super) fn new(theme: Theme, now: Timestamp, watched: Option<String>) -> Self {
        let mut app = Self {
            theme,
            now,
            link: Link::Connecting,
            status: None,
            yolo: YoloList::default(),
            transcript: Transcript::default(),
            conversations: Vec::new(),
            rows: VecDeque::new(),
            watched: None,
            conversation_picker: Picker::default(),
            command_picker: Picker::default(),
            audit_picker: Picker::following(),
            focus: Pane::Conversations,
            zoomed: false,
            with_expired: false,
            filters: Default::default(),
            filtering: false,
            dialog: None,
            notice: None,
            transcript_size: (0, 0),
            asks: Vec::new(),
            stale: true,
            over: false,
        };
        if let Some(conversation) = watched {
            app.watch(conversation);
        }
        app
    }

    /// Notes the time; ages are shown to the second.
    pub(super) fn tick(&mut self, now: Timestamp) {
        self.stale |= now.millis() / 1_000 != self.now.millis() / 1_000;
        self.now = now;
    }

    /// Whether a new picture is due.
    pub(super) fn take_stale(&mut self) -> bool {
        std::mem::take(&mut self.stale)
    }

    /// A new picture is due.
    pub(super) fn touch(&mut self) {
        self.stale = true;
    }

    /// What the daemon is to be asked.
    pub(super) fn take_asks(&mut self) -> Vec<Ask> {
        std::mem::take(&mut self.asks)
    }

    /// Has the daemon asked something.
    pub(super) fn ask(&mut self, ask: Ask) {
        self.asks.push(ask);
    }

    /// Takes in what the daemon answered.
    pub(super) fn apply(&mut self, update: Update) {
        self.stale = true;
        match update {
            Update::Round(round) => self.apply_round(*round),
            Update::Gone(reason) => {
                let since = if let Link::Gone(since, _) = self.link { since } else { self.now };
                self.link = Link::Gone(since, reason);
            }
            Update::Older { conversation, messages } => {
                if self.watched.as_ref() == Some(&conversation) {
                    self.transcript.merge_older(messages);
                }
            }
            Update::Prepared { decision, prepared } => {
                if let Some(Dialog::Confirm(confirm)) = &mut self.dialog {
                    confirm.prepared(&decision, prepared);
                }
            }
            Update::Done(outcome) => self.apply_outcome(outcome),
        }
    }

    fn apply_round(&mut self, round: Round) {
        self.link = Link::Live(self.now);
        if round.fresh {
            self.transcript = Transcript::default();
            self.rows.clear();
        }
        (self.status, self.yolo) = (Some(round.status), round.yolo);
        self.conversations = round.conversations;
        self.rows.extend(round.audit);
        self.rows.drain(..self.rows.len().saturating_sub(ROWS));
        if round.asked == self.watched {
            match round.watched {
                Some(detail) => self.transcript.merge(detail),
                None => self.forget_watched(),
            }
        }
        // One that has just expired, or was asked for by name, is listed as long as it is watched.
        if let Some(watched) = &self.transcript.conversation
            && !self.conversations.iter().any(|known| known.conversation_id == watched.conversation_id)
        {
            self.conversations.push(watched.clone());
        }
        self.follow_selection();
    }

    fn forget_watched(&mut self) {
        if let Some(gone) = self.watched.take() {
            self.notice = Some((format!("there is no conversation {gone}"), Tint::Bad));
            self.transcript = Transcript::default();
        }
    }

    fn apply_outcome(&mut self, outcome: Result<Outcome, String>) {
        if let Some(Dialog::Confirm(confirm)) = &mut self.dialog
            && confirm.decides()
        {
            confirm.decided(outcome);
            return;
        }
        self.notice = Some(match outcome {
            Ok(Outcome::Said(said)) => (say::words(&said), Tint::Good),
            Ok(Outcome::Refused) => ("refused; the agent is told when it asks again".to_owned(), Tint::Good),
            Ok(Outcome::Enabled(_)) => ("enabled".to_owned(), Tint::Good),
            Ok(Outcome::Approved(approval)) => (format!("{} is released", approval.command_id), Tint::Good),
            Err(problem) => (problem, Tint::Bad),
        });
    }

    /// Watches the conversation that is selected.
    pub(super) fn follow_selection(&mut self) {
        let ids = self.conversation_ids();
        let selected = self.conversation_picker.position(&ids).and_then(|at| ids.get(at).cloned());
        if let Some(selected) = selected
            && self.watched.as_ref() != Some(&selected)
        {
            self.watch(selected);
        }
    }

    fn watch(&mut self, conversation: String) {
        self.transcript = Transcript::default();
        self.conversation_picker.select(Some(conversation.clone()));
        self.watched = Some(conversation.clone());
        self.asks.push(Ask::Watch(conversation));
    }

    /// The conversation whose messages are shown.
    pub(super) fn watched(&self) -> Option<&ConversationSummary> {
        let watched = self.watched.as_ref()?;
        self.conversations.iter().find(|known| known.conversation_id == *watched)
    }

    /// What is typed as the filter of a pane.
    pub(super) fn filter(&self, pane: Pane) -> &str {
        &self.filters[pane.index()]
    }

    /// The same, to change it.
    pub(super) fn filter_mut(&mut self) -> &mut String {
        &mut self.filters[self.focus.index()]
    }

    /// Conversations that pass the filter.
    pub(super) fn conversations(&self) -> Vec<&ConversationSummary> {
        let filter = self.filter(Pane::Conversations).to_lowercase();
        self.conversations.iter().filter(|known| panes::conversations::matches(known, &filter)).collect()
    }

    /// Their ids.
    pub(super) fn conversation_ids(&self) -> Vec<String> {
        self.conversations().iter().map(|known| known.conversation_id.clone()).collect()
    }

    /// Modes asked for and commands proposed that pass the filter, oldest first.
    pub(super) fn proposals(&self) -> Vec<Proposal<'_>> {
        let filter = self.filter(Pane::Commands).to_lowercase();
        let modes = self.yolo.mode_requests.iter().map(Proposal::Mode);
        let commands = self.yolo.commands.iter().map(Proposal::Command);
        modes.chain(commands).filter(|proposal| panes::commands::matches(*proposal, &filter)).collect()
    }

    /// What they are selected by.
    pub(super) fn proposal_ids(&self) -> Vec<String> {
        self.proposals().iter().map(Proposal::id).collect()
    }

    /// The selected one.
    pub(super) fn proposal(&self) -> Option<Proposal<'_>> {
        let at = self.command_picker.position(&self.proposal_ids())?;
        self.proposals().get(at).copied()
    }

    /// Rows of the audit trail that pass the filter, oldest first.
    pub(super) fn rows(&self) -> Vec<&AuditRow> {
        let filter = self.filter(Pane::Audit).to_lowercase();
        self.rows.iter().filter(|row| panes::audit::matches(row, &filter)).collect()
    }

    /// What they are selected by.
    pub(super) fn row_ids(&self) -> Vec<String> {
        self.rows().iter().map(|row| row.seq.to_string()).collect()
    }

    /// Calls `look` with the messages and how they are looked at.
    pub(super) fn with_view<T>(&mut self, look: impl FnOnce(&mut Transcript, &View<'_>) -> T) -> T {
        let filter = self.filters[Pane::Messages.index()].to_lowercase();
        let passes = |message: &MessageView| panes::messages::matches(message, &filter);
        let (width, height) = self.transcript_size;
        let view = View { width, height, passes: &passes, measure: panes::messages::height };
        look(&mut self.transcript, &view)
    }

    /// Moves in the pane that has the keyboard: by lines, or by entries.
    pub(super) fn step(&mut self, by: isize) {
        match self.focus {
            Pane::Conversations => {
                let ids = self.conversation_ids();
                self.conversation_picker.step(&ids, by);
                self.follow_selection();
            }
            Pane::Messages => {
                let at_top = self.with_view(|transcript, view| transcript.scroll(view, by));
                if at_top && by < 0 {
                    self.ask_older();
                }
            }
            Pane::Commands => {
                let ids = self.proposal_ids();
                self.command_picker.step(&ids, by);
            }
            Pane::Audit => {
                let ids = self.row_ids();
                self.audit_picker.step(&ids, by);
            }
        }
    }

    fn ask_older(&mut self) {
        if let (Some(conversation), Some(before)) = (self.watched.clone(), self.transcript.oldest())
            && self.transcript.ask_older()
        {
            self.asks.push(Ask::Older { conversation, before });
        }
    }

    /// Opens the dialog in which the selected proposal is released.
    pub(super) fn begin_approval(&mut self) {
        let decision = match self.proposal() {
            None => return,
            Some(Proposal::Command(command)) if command.state != "pending" => {
                self.notice =
                    Some((format!("{} is {} already", command.command_id, command.state), Tint::Warning));
                return;
            }
            Some(Proposal::Command(command)) => Decision::Approve { command: command.command_id.clone() },
            Some(Proposal::Mode(grant)) => Decision::Enable {
                conversation: grant.conversation_id.clone(),
                mode: None,
                workspace: None,
                timeout: None,
                container: None,
                network: false,
            },
        };
        self.asks.push(Ask::Prepare(decision.clone()));
        self.dialog = Some(Dialog::Confirm(Confirm::new(decision)));
    }
}
