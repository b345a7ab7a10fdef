//! How a person proves to be one: a phrase typed once per terminal session, and a code retyped for every decision.
//!
//! The code is shown on the terminal and bound to exactly what is decided, so that a decision cannot be piped in, and a
//! code that was shown for one thing releases no other.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use subtle::ConstantTimeEq as _;
use thiserror::Error;

use super::time::Timestamp;

/// What must be typed before the first decision of a terminal session.
pub const PHRASE: &str = "I UNDERSTAND THE RISKS";
/// How long a code can be retyped.
const CODE_LIFETIME: Duration = Duration::from_secs(120);
/// Wrong phrases, codes or passphrases before nobody may try for a while.
const ATTEMPTS: u32 = 5;
/// How long that while is.
const LOCKOUT: Duration = Duration::from_secs(900);
/// Random bytes of a code.
pub const CODE_BYTES: usize = 4;
/// Decisions that may be open at once; a person makes one at a time.
const MAX_CHALLENGES: usize = 64;
/// Letters that are not mistaken for each other.
const ALPHABET: &[u8; 32] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ";

/// A terminal session that cannot be confused with a later one: terminal device, session leader, its start time.
pub type Terminal = (i32, i32, u64);

/// What a person presents.
#[derive(Debug, Clone, Copy)]
pub struct Proof<'p> {
    /// The phrase, if it was typed.
    pub phrase: Option<&'p str>,
    /// The code, retyped.
    pub code: &'p str,
    /// Whether the passphrase was right; true where none is configured.
    pub passphrase: bool,
}

/// Why a decision is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Unproven {
    /// The phrase is missing or wrong.
    #[error("the phrase must be typed exactly: {PHRASE}")]
    Phrase,
    /// No code was given out for this, or it is too old.
    #[error("the code is no longer good; start over to get a new one")]
    NoCode,
    /// The code is wrong.
    #[error("that is not the code that was shown; start over to get a new one")]
    WrongCode,
    /// The passphrase is wrong.
    #[error("the passphrase is wrong; start over")]
    Passphrase,
    /// Too many of these.
    #[error("too many failed confirmations; nobody can decide for another {} minutes", .0.as_secs().div_ceil(60))]
    Locked(Duration),
}

impl Unproven {
    /// Stable word for the audit trail.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Phrase => "wrong_phrase",
            Self::NoCode => "no_code",
            Self::WrongCode => "wrong_code",
            Self::Passphrase => "wrong_passphrase",
            Self::Locked(_) => "locked_out",
        }
    }
}

/// Codes that are out, terminals that have typed the phrase, and failures.
#[derive(Debug, Default)]
pub struct Authority {
    challenges: HashMap<(Terminal, String), (String, Timestamp)>,
    proven: HashSet<Terminal>,
    failures: u32,
    locked_until: Option<Timestamp>,
}

impl Authority {
    /// A code for deciding `subject` on that terminal; an earlier one for it is void.
    ///
    /// # Errors
    /// [`Unproven::Locked`] after too many failures.
    pub fn challenge(
        &mut self,
        terminal: Terminal,
        subject: String,
        random: [u8; CODE_BYTES],
        now: Timestamp,
    ) -> Result<String, Unproven> {
        self.refuse_locked(now)?;
        self.challenges.retain(|_, (_, until)| now < *until);
        if self.challenges.len() >= MAX_CHALLENGES {
            self.challenges.clear();
        }
        let bits = u32::from_be_bytes(random);
        let code: String =
            (0..6).map(|index| char::from(ALPHABET[(bits >> (5 * index)) as usize & 31])).collect();
        self.challenges.insert((terminal, subject), (code.clone(), now.after(CODE_LIFETIME)));
        Ok(code)
    }

    /// Whether that terminal still has to type the phrase.
    #[must_use]
    pub fn needs_phrase(&self, terminal: Terminal) -> bool {
        !self.proven.contains(&terminal)
    }

    /// Accepts a decision or says why not. A code works once, whatever comes of it.
    ///
    /// # Errors
    /// [`Unproven`]; every one but a missing code counts towards the lock-out.
    pub fn prove(
        &mut self,
        terminal: Terminal,
        subject: &str,
        proof: Proof<'_>,
        now: Timestamp,
    ) -> Result<(), Unproven> {
        self.refuse_locked(now)?;
        let expected = self.challenges.remove(&(terminal, subject.to_owned()));
        let Some((expected, _)) = expected.filter(|(_, until)| now < *until) else {
            return Err(Unproven::NoCode);
        };
        let verdict = self.judge(terminal, &expected, proof);
        if verdict.is_ok() {
            self.failures = 0;
            self.proven.insert(terminal);
        } else {
            self.failures += 1;
            if self.failures >= ATTEMPTS {
                self.failures = 0;
                self.locked_until = Some(now.after(LOCKOUT));
            }
        }
        verdict
    }

    fn judge(&self, terminal: Terminal, expected: &str, proof: Proof<'_>) -> Result<(), Unproven> {
        let typed = proof.code.trim().to_ascii_uppercase();
        if !bool::from(typed.as_bytes().ct_eq(expected.as_bytes())) {
            return Err(Unproven::WrongCode);
        }
        if self.needs_phrase(terminal) && proof.phrase.map(str::trim) != Some(PHRASE) {
            return Err(Unproven::Phrase);
        }
        if proof.passphrase { Ok(()) } else { Err(Unproven::Passphrase) }
    }

    fn refuse_locked(&mut self, now: Timestamp) -> Result<(), Unproven> {
        match self.locked_until {
            Some(until) if now < until => Err(Unproven::Locked(until.since(now))),
            _ => {
                self.locked_until = None;
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: Terminal = (1, 2, 3);
    const NOW: Timestamp = Timestamp::from_millis(1_000_000);

    fn proof(code: &str) -> Proof<'_> {
        Proof { phrase: Some(PHRASE), code, passphrase: true }
    }

    fn ask(authority: &mut Authority, subject: &str) -> String {
        authority.challenge(HERE, subject.to_owned(), [1, 2, 3, 4], NOW).unwrap()
    }

    #[test]
    fn a_code_decides_one_thing_once_on_one_terminal() {
        let mut authority = Authority::default();
        let code = ask(&mut authority, "approve x");
        assert_eq!(code.len(), 6);
        assert_eq!(authority.prove(HERE, "approve y", proof(&code), NOW), Err(Unproven::NoCode));
        assert_eq!(authority.prove((9, 2, 3), "approve x", proof(&code), NOW), Err(Unproven::NoCode));
        assert_eq!(authority.prove(HERE, "approve x", proof(&code.to_lowercase()), NOW), Ok(()));
        assert_eq!(authority.prove(HERE, "approve x", proof(&code), NOW), Err(Unproven::NoCode));
    }

    #[test]
    fn a_code_grows_old() {
        let mut authority = Authority::default();
        let code = ask(&mut authority, "x");
        let late = NOW.after(CODE_LIFETIME);
        assert_eq!(authority.prove(HERE, "x", proof(&code), late), Err(Unproven::NoCode));
    }

    #[test]
    fn the_phrase_is_asked_once_per_terminal_session() {
        let mut authority = Authority::default();
        let code = ask(&mut authority, "x");
        let unsaid = Proof { phrase: None, code: &code, passphrase: true };
        assert_eq!(authority.prove(HERE, "x", unsaid, NOW), Err(Unproven::Phrase));
        let code = ask(&mut authority, "x");
        authority.prove(HERE, "x", proof(&code), NOW).unwrap();
        assert!(!authority.needs_phrase(HERE) && authority.needs_phrase((1, 2, 4)));
        let code = ask(&mut authority, "x");
        authority.prove(HERE, "x", Proof { phrase: None, code: &code, passphrase: true }, NOW).unwrap();
    }

    #[test]
    fn the_fifth_failure_locks_out_for_a_while() {
        let mut authority = Authority::default();
        for _ in 0..5 {
            let code = ask(&mut authority, "x");
            let wrong = Proof { passphrase: false, ..proof(&code) };
            assert_eq!(authority.prove(HERE, "x", wrong, NOW), Err(Unproven::Passphrase));
        }
        let locked = authority.challenge(HERE, "x".to_owned(), [0; 4], NOW);
        assert_eq!(locked, Err(Unproven::Locked(LOCKOUT)));
        let later = NOW.after(LOCKOUT);
        let code = authority.challenge(HERE, "x".to_owned(), [0; 4], later).unwrap();
        assert_eq!(authority.prove(HERE, "x", proof(&code), later), Ok(()));
    }

    #[test]
    fn a_success_forgets_failures() {
        let mut authority = Authority::default();
        for _ in 0..3 {
            for _ in 0..4 {
                ask(&mut authority, "x");
                assert_eq!(authority.prove(HERE, "x", proof("??????"), NOW), Err(Unproven::WrongCode));
            }
            let code = ask(&mut authority, "x");
            authority.prove(HERE, "x", proof(&code), NOW).unwrap();
        }
    }
}
