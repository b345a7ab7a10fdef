//! An export as one page: no script, nothing from elsewhere, and a policy that lets a browser load nothing. The template
//! escapes what it is given; what a reader would not see is spelled out before (`pieces`).

use bridge_proto::admin::yolo::CommandView;
use bridge_proto::admin::{AuditRow, DeliveryView, MessageView};
use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::chart;
use super::dossier::Dossier;
use super::pieces::{Piece, cut};
use super::timeline::{Event, events};
use super::words;
use crate::text::safe_text;

const STYLE: &str = include_str!("style.css");
/// A browser that opens the file from disk loads nothing, runs nothing, and sends nothing.
const POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'";
/// Height of the chart, in its own units.
const HEIGHT: usize = 100;
/// Width of a bar with the gap behind it, in the chart's own units.
const PITCH: usize = 20;

/// The whole page.
pub(super) fn render(dossier: &Dossier) -> String {
    let title = format!("Conversation {}", safe_text(&dossier.conversation.conversation_id));
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="referrer" content="no-referrer";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                header {
                    p.eyebrow { "Conversation between agents" }
                    h1 { (text(&dossier.conversation.conversation_id)) }
                    (period(dossier))
                }
                (verdict(dossier))
                (facts(dossier))
                main {
                    h2 { "Sessions" }
                    (sessions(dossier))
                    @if !dossier.messages.is_empty() {
                        h2 { "Traffic" }
                        (traffic(dossier))
                    }
                    h2 { "Timeline" }
                    (timeline(dossier))
                    h2 { "Audit rows" }
                    (audit(&dossier.audit))
                }
                footer {
                    "Exported " (time(&dossier.header.exported_at)) " by bridgectl " (text(&dossier.header.version)) ". "
                    "Texts are as the bridge stored them, without the secrets it took out. Times are UTC."
                }
            }
        }
    }
    .into_string()
}

fn period(dossier: &Dossier) -> Markup {
    let conversation = &dossier.conversation;
    html! {
        p.faint {
            (time(&conversation.created_at)) " – " (time(&conversation.expires_at))
            @if !conversation.expired { " (still running when this was written)" }
            @if let Some(imported_at) = &dossier.imported_at {
                ". Imported " (time(imported_at)) ": it did not happen on this machine."
            }
        }
    }
}

fn verdict(dossier: &Dossier) -> Markup {
    let report = &dossier.verdict;
    html! {
        section.card.verdict.good[report.whole].bad[!report.whole] {
            @if report.whole {
                strong { "Audit trail whole" }
                span { (report.rows) " rows, none changed, removed or reordered" }
                @if report.sealed_rows.is_none() { span { "(without a seal: a cut end would not be noticed)" } }
            } @else {
                strong { "Audit trail NOT whole" }
                span { (report.rows) " rows proven, then:" }
                ul {
                    @for found in &report.findings {
                        li { @if found.seq > 0 { "row " (found.seq) ": " } (text(&found.problem)) }
                    }
                }
            }
            code.faint { "head " (text(&report.head)) }
            @if dossier.imported_at.is_some() {
                span.faint { "So says the imported file; only the installation that wrote it can prove it." }
            }
        }
    }
}

fn facts(dossier: &Dossier) -> Markup {
    let (redactions, refusals) = (dossier.redactions(), dossier.refusals());
    html! {
        dl.facts {
            div { dt { "Messages" } dd { (dossier.messages.len()) } }
            div { dt { "Secrets redacted" } dd.mark[redactions > 0] { (redactions) } }
            div { dt { "Calls refused" } dd.bad[refusals > 0] { (refusals) } }
            div { dt { "Commands" } dd { (dossier.commands.len()) } }
            div { dt { "Audit rows" } dd { (dossier.audit.len()) } }
        }
    }
}

fn sessions(dossier: &Dossier) -> Markup {
    html! {
        div.sessions {
            @for session in &dossier.conversation.sessions {
                div class=(format!("card session {}", hue(dossier, &session.session_id))) {
                    span.who { (text(&session.session_id)) " · " (text(&session.role)) }
                    p {
                        @match &session.joined_at {
                            Some(at) => { "joined " (time(at)) }
                            None => { "never joined" }
                        }
                        @if let Some(at) = &session.last_seen { br; "last seen " (time(at)) }
                    }
                    @if let Some(status) = &session.status {
                        p { span.tag { (text(status)) } @if let Some(note) = &session.note { " " (text(note)) } }
                    }
                }
            }
        }
    }
}

fn traffic(dossier: &Dossier) -> Markup {
    let names: Vec<&str> =
        dossier.conversation.sessions.iter().map(|session| session.session_id.as_str()).collect();
    let bars = chart::bars(&dossier.messages, &names);
    let highest = bars.iter().map(|bar| bar.sent.iter().sum()).max().unwrap_or(0).max(1);
    let label = format!("{} messages over time", dossier.messages.len());
    let (first, last) = (dossier.messages.first(), dossier.messages.last());
    html! {
        section.card.chart {
            svg viewBox=(format!("0 -12 {} {}", bars.len() * PITCH, HEIGHT + 14)) preserveAspectRatio="none" role="img" aria-label=(label) {
                @for (at, bar) in bars.iter().enumerate() { (column(dossier, &names, at, bar, highest)) }
                line.axis x1="0" x2=(bars.len() * PITCH) y1=(HEIGHT) y2=(HEIGHT) {}
            }
            div.ends.faint {
                @if let Some(first) = first { (time(&first.sent_at)) }
                @if let Some(last) = last.filter(|_| bars.len() > 1) { (time(&last.sent_at)) }
            }
            div.legend {
                @for name in &names { span class=(hue(dossier, name)) { (text(name)) " · " (text(dossier.role(name))) } }
                @if bars.iter().any(|bar| bar.redacted) { span.redacted { "a secret was redacted" } }
            }
        }
    }
}

/// One bar: what each session sent, stacked, and a mark on top where a secret was redacted.
fn column(dossier: &Dossier, names: &[&str], at: usize, bar: &chart::Bar, highest: usize) -> Markup {
    let (x, width) = (at * PITCH, PITCH - 4);
    let scale = |count: usize| count * HEIGHT / highest;
    let mut top = HEIGHT;
    let mut parts = Vec::new();
    for (name, count) in names.iter().zip(&bar.sent).filter(|(_, count)| **count > 0) {
        top = top.saturating_sub(scale(*count));
        parts.push((hue(dossier, name), top, scale(*count)));
    }
    html! {
        @for (hue, y, height) in parts { rect class=(hue) x=(x) y=(y) width=(width) height=(height) {} }
        @if bar.redacted { rect.redacted x=(x) y=(i64::try_from(top).unwrap_or(0) - 9) width=(width) height="6" {} }
    }
}

fn timeline(dossier: &Dossier) -> Markup {
    html! {
        ol.timeline {
            @for event in events(dossier) {
                @match event {
                    Event::Message(view) => (message(dossier, view)),
                    Event::Command(view) => (command(dossier, view)),
                    Event::Decision(row) => {
                        li.note.person {
                            (time(&row.at)) " " span.who { "a person" } " " code { (text(&row.action)) } (details(row))
                        }
                    }
                    Event::Refusal(row) => {
                        li.note.wrong {
                            (time(&row.at)) " " span.tag.bad { "refused" } " " code { (text(&row.action)) } " of "
                            (text(&row.actor)) ": " code { (text(&row.outcome)) } (details(row))
                        }
                    }
                    Event::Arrival(row) => {
                        li class=(format!("note {}", hue(dossier, &row.actor))) {
                            (time(&row.at)) " " span.who { (text(&row.actor)) } " " code { (text(&row.action)) }
                        }
                    }
                }
            }
        }
    }
}

fn message(dossier: &Dossier, message: &MessageView) -> Markup {
    html! {
        li class=(hue(dossier, &message.from)) id=(text_of(&message.id)) {
            article.card.event {
                div.head {
                    span.who { (text(&message.from)) " · " (text(dossier.role(&message.from))) }
                    span.tag { (text(&message.action_type)) }
                    @if message.redactions > 0 {
                        span.tag.warn { (super::super::count(message.redactions.into(), "secret redacted", "secrets redacted")) }
                    }
                    code.faint { (text(&message.id)) }
                    (time(&message.sent_at))
                }
                pre.said dir="auto" { (text(&message.message)) }
                ul.foot {
                    @for delivery in &message.deliveries { (arrival(delivery)) }
                    @if let Some(earlier) = &message.reply_to {
                        li { "answers " a href=(format!("#{}", text_of(earlier))) { (text(earlier)) } }
                    }
                    @for file in &message.files_involved { li { code { (text(file)) } } }
                }
            }
        }
    }
}

fn arrival(delivery: &DeliveryView) -> Markup {
    let class = match delivery.state.as_str() {
        known @ ("acknowledged" | "expired" | "stored" | "offered" | "delivered") => known,
        _ => "",
    };
    html! {
        li {
            "to " (text(&delivery.recipient)) ": " span class=(class) { (text(&delivery.state)) }
            @if delivery.attempts > 1 { " (offered " (delivery.attempts) " times)" }
            @if let Some(at) = delivery.acknowledged_at.as_ref().or(delivery.delivered_at.as_ref()) {
                " " (time(at))
            }
        }
    }
}

fn command(dossier: &Dossier, command: &CommandView) -> Markup {
    let state = match command.state.as_str() {
        "ended" | "approved" | "running" => "tag good",
        "denied" | "lost" => "tag bad",
        _ => "tag warn",
    };
    html! {
        li class=(hue(dossier, &command.requester)) {
            article.card.event {
                div.head {
                    span.who { (text(&command.requester)) " proposed a command" }
                    span class=(state) { (text(&command.state)) }
                    code.faint { (text(&command.command_id)) }
                    (time(&command.asked_at))
                }
                pre.run { (text(&command.command)) }
                ul.foot {
                    li { "mode " (text(&command.mode)) ", sandbox " (text(&command.sandbox)) }
                    li { "in " code { (text(&command.workspace)) } }
                    li class=[command.network.then_some("expired")] { @if command.network { "network ALLOWED" } @else { "no network" } }
                    @if let Some(outcome) = &command.outcome { li { (text(&words::outcome(outcome))) } }
                }
            }
        }
    }
}

fn audit(rows: &[AuditRow]) -> Markup {
    html! {
        details.card {
            summary { (super::super::count(rows.len() as u64, "row", "rows")) " on record for this conversation" }
            div.rows {
                table {
                    thead { tr { th { "#" } th { "Time" } th { "Who" } th { "What" } th { "Outcome" } th { "Particulars" } } }
                    tbody {
                        @for row in rows {
                            tr {
                                td { (row.seq) }
                                td { (time(&row.at)) }
                                td { (text(&row.actor)) }
                                td { (text(&row.action)) }
                                td.bad[row.outcome != "ok"] { (text(&row.outcome)) }
                                td { code { (text(&row.details.to_string())) } }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Particulars of a row, where there are any.
fn details(row: &AuditRow) -> Markup {
    let shown = words::details(&row.details);
    html! { @if !shown.is_empty() { " " span.faint { (text(&shown)) } } }
}

/// A text of somebody else: secrets' placeholders and hidden characters set apart.
fn text(text: &str) -> Markup {
    html! {
        @for piece in cut(text) {
            @match piece {
                Piece::Plain(plain) => (plain),
                Piece::Hidden(spelled) => { span.hidden-char { (spelled) } }
                Piece::Redacted(placeholder) => { mark { (placeholder) } }
            }
        }
    }
}

/// The same for an attribute.
fn text_of(text: &str) -> String {
    safe_text(text).into_owned()
}

fn time(wire: &str) -> Markup {
    let shown = crate::time::column(wire);
    // Milliseconds matter to programs.
    let short = shown.split('.').next().unwrap_or(&shown);
    html! { time datetime=(text_of(wire)) title=(text_of(wire)) { (short) } }
}

/// The class that gives a session its colour.
fn hue(dossier: &Dossier, session: &str) -> &'static str {
    let sessions = &dossier.conversation.sessions;
    match sessions.iter().position(|view| view.session_id == session) {
        Some(0) => "s0",
        Some(1) => "s1",
        Some(_) => "s2",
        None => "",
    }
}
