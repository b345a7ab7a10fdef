//! Where a passphrase comes from: a file, or the terminal.

use std::path::Path;

use age::secrecy::SecretString;
use zeroize::Zeroizing;

use crate::failure::Failure;

/// Fewer characters are guessed too soon, whatever the envelope does.
const LEAST: usize = 8;

/// A new passphrase, typed twice or read from a file.
pub(crate) fn fresh(file: Option<&Path>) -> Result<SecretString, Failure> {
    let passphrase = match file {
        Some(file) => from_file(file)?,
        None => {
            let first = ask("Passphrase for the backup: ")?;
            if *first != *ask("The same once more: ")? {
                return Err(Failure::Failed("the two passphrases differ; nothing was written".to_owned()));
            }
            first
        }
    };
    if passphrase.chars().count() < LEAST {
        return Err(Failure::Failed(format!(
            "the passphrase has fewer than {LEAST} characters; choose a longer one"
        )));
    }
    Ok(SecretString::from(passphrase.to_string()))
}

/// The passphrase of a backup that exists.
pub(crate) fn known(file: Option<&Path>) -> Result<SecretString, Failure> {
    let passphrase = match file {
        Some(file) => from_file(file)?,
        None => ask("Passphrase of the backup: ")?,
    };
    Ok(SecretString::from(passphrase.to_string()))
}

/// The first line of the file.
fn from_file(file: &Path) -> Result<Zeroizing<String>, Failure> {
    let text = std::fs::read_to_string(file).map(Zeroizing::new);
    let text = text.map_err(|error| Failure::failed(format_args!("reading {}", file.display()), error))?;
    Ok(Zeroizing::new(text.lines().next().unwrap_or_default().to_owned()))
}

fn ask(prompt: &str) -> Result<Zeroizing<String>, Failure> {
    rpassword::prompt_password(prompt).map(Zeroizing::new).map_err(|error| {
        Failure::failed("reading a passphrase takes a terminal (or give --passphrase-file FILE)", error)
    })
}
