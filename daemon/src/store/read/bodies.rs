//! Whether messages are as they were sent: the audit trail holds a keyed digest of every text.

use rusqlite::Connection;

use crate::domain::key::{Keys, Purpose, hex};

/// What a comparison found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compared {
    /// Messages whose text has the digest on record.
    pub proven: u64,
    /// Ids of messages whose text has another one, the first of them.
    pub changed: Vec<String>,
}

/// Compares the messages with the trail; tells at most `most` changed ones. Messages whose audit rows were removed
/// after their time are passed over.
///
/// # Errors
/// From SQLite.
pub fn compare(connection: &Connection, keys: &Keys, most: usize) -> rusqlite::Result<Compared> {
    // Details of a row that was tampered with may be no JSON; that the row was is found elsewhere.
    let mut statement = connection.prepare(
        "WITH sent AS (
           SELECT conversation, CASE WHEN json_valid(details) THEN details END AS details
           FROM audit WHERE action = 'send_to_partner' AND outcome = 'ok'
         )
         SELECT sent.details ->> 'message', sent.conversation, sent.details ->> 'body_mac', message.body
         FROM sent JOIN message ON message.id = CAST(substr(sent.details ->> 'message', 5) AS INTEGER)
         WHERE NOT sent.details ->> 'repeated'",
    )?;
    let mut rows = statement.query([])?;
    let mut compared = Compared { proven: 0, changed: Vec::new() };
    while let Some(row) = rows.next()? {
        let (id, conversation, on_record): (String, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let body: String = row.get(3)?;
        let found = keys.digest(Purpose::Body, &[conversation.as_bytes(), body.as_bytes()]);
        if hex(&found) == on_record {
            compared.proven += 1;
        } else if compared.changed.len() < most {
            compared.changed.push(id);
        }
    }
    Ok(compared)
}
