//! The records of an export, one JSON object per line.

use bridge_proto::admin::archive::Record;

use super::dossier::Dossier;
use crate::failure::Failure;
use crate::text::{safe_json, safe_json_line};

/// The lines; those of an imported conversation as they came.
pub(super) fn write(dossier: &Dossier) -> Result<String, Failure> {
    let mut text = String::new();
    for line in &dossier.lines {
        text.push_str(&safe_json_line(line));
        text.push('\n');
    }
    if !dossier.lines.is_empty() {
        return Ok(text);
    }
    let mut conversation = dossier.conversation.clone();
    // Who is connected at this moment, and may write how much, is no part of what happened.
    for session in &mut conversation.sessions {
        (session.connected, session.writes) = (None, None);
    }
    let records = [Record::Export(dossier.header.clone()), Record::Conversation(conversation)]
        .into_iter()
        .chain(dossier.messages.iter().cloned().map(Record::Message))
        .chain(dossier.mode.iter().cloned().map(Record::Mode))
        .chain(dossier.commands.iter().cloned().map(Box::new).map(Record::Command))
        .chain(dossier.audit.iter().cloned().map(Record::Audit))
        .chain([Record::Verdict(dossier.verdict.clone())]);
    for record in records {
        text.push_str(&safe_json(&record)?);
        text.push('\n');
    }
    Ok(text)
}
