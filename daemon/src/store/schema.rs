//! The database's tables, as numbered migrations that only go forward.

use rusqlite_migration::{M, Migrations};

/// Every migration, oldest first. A released one is never edited; a change is a new entry.
const STEPS: &[M<'static>] = &[M::up(V1), M::up(V2), M::up(V3)];

/// All migrations.
#[must_use]
pub(super) fn migrations() -> Migrations<'static> {
    Migrations::from_slice(STEPS)
}

/// The schema version this build knows.
#[must_use]
pub(super) fn latest() -> usize {
    STEPS.len()
}

/// Times are UTC milliseconds. `WITHOUT ROWID` clusters sessions and deliveries by conversation, so that every hot
/// query touches one place however large the database grows. A send dirties one leaf of its conversation and the
/// shared ends of `message` and `audit`; every further index would be one more page to flush for each conversation in a
/// batch. So a conversation's messages are found through `delivery`, and what a session has not acknowledged by scanning
/// `delivery` from `acknowledged_to`.
///
/// An imported conversation has its lines in `archive_line` and no messages: their numbers are those of the installation
/// where they were sent, and may be taken here.
const V1: &str = "
CREATE TABLE conversation(
  id         INTEGER PRIMARY KEY,
  public_id  TEXT    NOT NULL UNIQUE,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL
) STRICT;

CREATE TABLE session(
  conversation INTEGER NOT NULL REFERENCES conversation(id) ON DELETE CASCADE,
  label        TEXT    NOT NULL,
  role         TEXT    NOT NULL,
  nonce        BLOB    NOT NULL,
  joined_at    INTEGER,
  last_seen    INTEGER,
  status       TEXT,
  status_at    INTEGER,
  note         TEXT,
  spent_minute INTEGER NOT NULL DEFAULT 0,
  spent_hour   INTEGER NOT NULL DEFAULT 0,
  spent_day    INTEGER NOT NULL DEFAULT 0,
  spent_at     INTEGER NOT NULL DEFAULT 0,
  acknowledged_to INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY(conversation, label)
) STRICT, WITHOUT ROWID;

CREATE TABLE invite(
  code_digest  BLOB    PRIMARY KEY,
  conversation INTEGER NOT NULL REFERENCES conversation(id) ON DELETE CASCADE,
  label        TEXT    NOT NULL,
  expires_at   INTEGER NOT NULL,
  used_at      INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX invite_by_conversation ON invite(conversation);

CREATE TABLE message(
  id           INTEGER PRIMARY KEY AUTOINCREMENT,
  conversation INTEGER NOT NULL,
  sender       TEXT    NOT NULL,
  sent_at      INTEGER NOT NULL,
  action       TEXT    NOT NULL,
  body         TEXT    NOT NULL,
  files        TEXT    NOT NULL,
  reply_to     INTEGER,
  redactions   INTEGER NOT NULL
) STRICT;

CREATE TABLE delivery(
  conversation    INTEGER NOT NULL REFERENCES conversation(id) ON DELETE CASCADE,
  recipient       TEXT    NOT NULL,
  message         INTEGER NOT NULL,
  attempts        INTEGER NOT NULL DEFAULT 0,
  offered_at      INTEGER,
  delivered_at    INTEGER,
  acknowledged_at INTEGER,
  PRIMARY KEY(conversation, recipient, message)
) STRICT, WITHOUT ROWID;

CREATE TABLE idempotency(
  conversation INTEGER NOT NULL REFERENCES conversation(id) ON DELETE CASCADE,
  sender       TEXT    NOT NULL,
  key_digest   BLOB    NOT NULL,
  message      INTEGER NOT NULL,
  PRIMARY KEY(conversation, sender, key_digest)
) STRICT, WITHOUT ROWID;

CREATE TABLE command_mode(
  conversation INTEGER PRIMARY KEY REFERENCES conversation(id) ON DELETE CASCADE,
  mode         TEXT    NOT NULL,
  workspace    TEXT    NOT NULL,
  timeout_ms   INTEGER NOT NULL,
  container    INTEGER NOT NULL,
  network      INTEGER NOT NULL,
  enabled_at   INTEGER NOT NULL
) STRICT;

CREATE TABLE mode_request(
  conversation INTEGER PRIMARY KEY REFERENCES conversation(id) ON DELETE CASCADE,
  requester    TEXT    NOT NULL,
  mode         TEXT    NOT NULL,
  workspace    TEXT    NOT NULL,
  timeout_ms   INTEGER NOT NULL,
  container    INTEGER NOT NULL,
  asked_at     INTEGER NOT NULL
) STRICT;

CREATE TABLE command(
  id           TEXT    PRIMARY KEY,
  conversation INTEGER NOT NULL REFERENCES conversation(id) ON DELETE CASCADE,
  requester    TEXT    NOT NULL,
  plan         TEXT    NOT NULL,
  plan_digest  BLOB    NOT NULL,
  state        TEXT    NOT NULL,
  good_until   INTEGER NOT NULL,
  asked_at     INTEGER NOT NULL,
  decided_at   INTEGER,
  token_digest BLOB,
  started_at   INTEGER,
  ended_at     INTEGER,
  outcome      TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX command_by_conversation ON command(conversation, state);

CREATE TABLE archive(
  conversation INTEGER PRIMARY KEY REFERENCES conversation(id) ON DELETE CASCADE,
  imported_at  INTEGER NOT NULL
) STRICT;

CREATE TABLE archive_line(
  conversation INTEGER NOT NULL REFERENCES archive(conversation) ON DELETE CASCADE,
  number       INTEGER NOT NULL,
  message      INTEGER,
  line         TEXT    NOT NULL,
  PRIMARY KEY(conversation, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE audit(
  seq          INTEGER PRIMARY KEY,
  at           INTEGER NOT NULL,
  conversation TEXT,
  actor        TEXT    NOT NULL,
  action       TEXT    NOT NULL,
  outcome      TEXT    NOT NULL,
  details      TEXT    NOT NULL,
  mac          BLOB    NOT NULL
) STRICT;
";

/// One row at most: the last audit row that was removed when it had been kept long enough, and a MAC over both columns
/// that only the daemon can make, so that the chain verifies from there.
const V2: &str = "
CREATE TABLE audit_anchor(
  id     INTEGER PRIMARY KEY CHECK(id = 1),
  seq    INTEGER NOT NULL,
  mac    BLOB    NOT NULL,
  vouch  BLOB    NOT NULL
) STRICT;
";

/// Message numbers are never given twice, also when the newest messages were removed. `AUTOINCREMENT` would see to that by
/// changing one more page with every send; `message_floor` has one row, the highest number given when messages were
/// last removed, and changes only then.
const V3: &str = "
CREATE TABLE message_floor(
  id     INTEGER PRIMARY KEY CHECK(id = 1),
  last   INTEGER NOT NULL
) STRICT;
INSERT INTO message_floor
  SELECT 1, max(ifnull((SELECT max(id) FROM message), 0),
                ifnull((SELECT seq FROM sqlite_sequence WHERE name = 'message'), 0));

CREATE TABLE message_v3(
  id           INTEGER PRIMARY KEY,
  conversation INTEGER NOT NULL,
  sender       TEXT    NOT NULL,
  sent_at      INTEGER NOT NULL,
  action       TEXT    NOT NULL,
  body         TEXT    NOT NULL,
  files        TEXT    NOT NULL,
  reply_to     INTEGER,
  redactions   INTEGER NOT NULL
) STRICT;
INSERT INTO message_v3
  SELECT id, conversation, sender, sent_at, action, body, files, reply_to, redactions FROM message;
DROP TABLE message;
ALTER TABLE message_v3 RENAME TO message;
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn migrations_are_well_formed() {
        migrations().validate().unwrap();
    }

    #[test]
    fn numbers_of_removed_messages_stay_taken_by_the_migration() {
        let mut connection = rusqlite::Connection::open_in_memory().unwrap();
        migrations().to_version(&mut connection, 2).unwrap();
        let add = "INSERT INTO message(conversation, sender, sent_at, action, body, files, redactions)
                   VALUES(1, 'a', 0, 'info', 'x', '[]', 0)";
        connection.execute_batch(&format!("{add};{add};{add};DELETE FROM message WHERE id = 3")).unwrap();
        migrations().to_latest(&mut connection).unwrap();
        let counted = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
        assert_eq!(
            (counted("SELECT count(*) FROM message"), counted("SELECT last FROM message_floor")),
            (2, 3)
        );
    }
}
