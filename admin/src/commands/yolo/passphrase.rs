//! `yolo passphrase`: a hash for the configuration.

use argon2::Argon2;
use argon2::password_hash::PasswordHasher as _;

use super::terminal::Terminal;
use crate::failure::{Done, Failure};
use crate::screen::Screen;

/// Characters of a passphrase at least: it is guessed five times in a quarter of an hour, or for ever by whoever reads
/// the configuration.
const LEAST: usize = 12;

pub(super) fn run(screen: &mut Screen) -> Result<Done, Failure> {
    let mut terminal = Terminal::open()?;
    let passphrase = terminal.ask_hidden("New passphrase: ")?;
    if passphrase.chars().count() < LEAST {
        return Err(Failure::Failed(format!(
            "a passphrase needs at least {LEAST} characters; nothing was made"
        )));
    }
    if terminal.ask_hidden("Once more: ")? != passphrase {
        return Err(Failure::Failed("the two were not the same; nothing was made".to_owned()));
    }
    let hash = Argon2::default()
        .hash_password(passphrase.as_bytes())
        .map_err(|error| Failure::failed("hashing the passphrase", error))?;
    screen.line(&format!("passphrase_hash = \"{hash}\""))?;
    screen.flush()?;
    screen.note("Put this line below [yolo] in the configuration and run `bridgectl reload`.");
    Ok(Done::Well)
}
