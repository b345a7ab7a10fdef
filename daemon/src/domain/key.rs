//! Keys and what is computed under them: session tokens, resume keys, keyed digests.
//!
//! Nothing that could be replayed is stored: tokens are recomputed from the master key and a stored nonce
//! (HMAC-SHA256, RFC 2104) and compared in constant time.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::id::{ConversationId, SessionLabel};

/// Bytes of the master key and of every digest under it.
pub const KEY_LENGTH: usize = 32;
/// Bytes of the random nonce stored with each session.
pub const NONCE_LENGTH: usize = 16;
/// SHA-256's block size in bytes.
const BLOCK_LENGTH: usize = 64;
/// Characters of a session token.
pub const TOKEN_LENGTH: usize = 64;

/// A 32-byte keyed digest.
pub type Digest = [u8; KEY_LENGTH];

/// A random value stored with a session; rotating a token is storing a new one.
pub type Nonce = [u8; NONCE_LENGTH];

/// The keys of one installation, all derived from its master key.
#[derive(Clone)]
pub struct Keys {
    master: Hmac<Sha256>,
    audit: Hmac<Sha256>,
    private: Hmac<Sha256>,
}

/// What a digest under [`Keys::digest`] is for, so that equal inputs never give equal digests across uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// An invite code at rest.
    Invite,
    /// A caller's idempotency key at rest.
    Idempotency,
    /// A message body in the audit trail.
    Body,
    /// The label that tells two redacted secrets of a conversation apart.
    RedactionLabel,
    /// An approval token at rest.
    Approval,
}

impl Keys {
    /// Derives every key from the installation's master key.
    #[must_use]
    pub fn derive(master: &[u8; KEY_LENGTH]) -> Self {
        let master = keyed(master);
        let audit = Zeroizing::new(tag(&master, &[b"bridged/audit/v1"]));
        let private = Zeroizing::new(tag(&master, &[b"bridged/private/v1"]));
        Self { audit: keyed(&audit), private: keyed(&private), master }
    }

    /// The token of a session: 64 lower-case hex digits.
    #[must_use]
    pub fn session_token(
        &self,
        conversation: ConversationId,
        session: SessionLabel,
        nonce: &Nonce,
    ) -> Zeroizing<String> {
        self.session_secret(b"bridged/session-token/v1", conversation, session, nonce)
    }

    /// Whether `presented` is the token of that session. Takes the same time for every wrong token.
    #[must_use]
    pub fn is_session_token(
        &self,
        presented: &str,
        conversation: ConversationId,
        session: SessionLabel,
        nonce: &Nonce,
    ) -> bool {
        let expected = self.session_token(conversation, session, nonce);
        expected.as_bytes().ct_eq(presented.as_bytes()).into()
    }

    /// The key with which a shim reclaims a session after its connection broke: `conversation.session.tag`.
    #[must_use]
    pub fn resume_key(
        &self,
        conversation: ConversationId,
        session: SessionLabel,
        nonce: &Nonce,
    ) -> Zeroizing<String> {
        let secret = self.session_secret(b"bridged/resume/v1", conversation, session, nonce);
        Zeroizing::new(format!("{conversation}.{session}.{}", *secret))
    }

    /// Whether `presented` is the resume key of that session, in constant time.
    #[must_use]
    pub fn is_resume_key(
        &self,
        presented: &str,
        conversation: ConversationId,
        session: SessionLabel,
        nonce: &Nonce,
    ) -> bool {
        self.resume_key(conversation, session, nonce).as_bytes().ct_eq(presented.as_bytes()).into()
    }

    /// A keyed digest of `parts` for one purpose: comparable, but not guessable without the key.
    #[must_use]
    pub fn digest(&self, purpose: Purpose, parts: &[&[u8]]) -> Digest {
        let label: &[u8] = match purpose {
            Purpose::Invite => b"invite",
            Purpose::Idempotency => b"idempotency",
            Purpose::Body => b"body",
            Purpose::RedactionLabel => b"redaction-label",
            Purpose::Approval => b"approval",
        };
        let mut mac = self.private.clone();
        feed(&mut mac, label);
        for part in parts {
            feed(&mut mac, part);
        }
        mac.finalize().into_bytes().into()
    }

    /// A MAC ready to take one link of the audit chain.
    pub(super) fn audit_mac(&self) -> Hmac<Sha256> {
        self.audit.clone()
    }

    fn session_secret(
        &self,
        version: &[u8],
        conversation: ConversationId,
        session: SessionLabel,
        nonce: &Nonce,
    ) -> Zeroizing<String> {
        let (conversation, session) = (conversation.to_string(), session.to_string());
        Zeroizing::new(hex(&tag(
            &self.master,
            &[version, conversation.as_bytes(), session.as_bytes(), nonce],
        )))
    }
}

/// Adds a part with its length in front, so that no two lists of parts read the same.
pub(super) fn feed(mac: &mut Hmac<Sha256>, part: &[u8]) {
    mac.update(&(part.len() as u64).to_be_bytes());
    mac.update(part);
}

fn keyed(key: &[u8; KEY_LENGTH]) -> Hmac<Sha256> {
    // RFC 2104 pads a short key with zeros to the block size; doing so here makes the constructor infallible.
    let mut block = Zeroizing::new([0; BLOCK_LENGTH]);
    block[..KEY_LENGTH].copy_from_slice(key);
    Hmac::<Sha256>::new((&*block).into())
}

fn tag(mac: &Hmac<Sha256>, parts: &[&[u8]]) -> Digest {
    let mut mac = mac.clone();
    for part in parts {
        feed(&mut mac, part);
    }
    mac.finalize().into_bytes().into()
}

const DIGITS: &[u8; 16] = b"0123456789abcdef";

/// Lower-case hex.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    let digit = |value: u8| char::from(DIGITS[usize::from(value)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// Reads lower- or upper-case hex of exactly one digest.
#[must_use]
pub fn digest_from_hex(text: &str) -> Option<Digest> {
    let bytes = text.as_bytes();
    if bytes.len() != KEY_LENGTH * 2 || !bytes.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    let mut digest = [0; KEY_LENGTH];
    for (slot, pair) in digest.iter_mut().zip(bytes.chunks_exact(2)) {
        *slot = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(digest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys() -> Keys {
        Keys::derive(&[7; 32])
    }

    const CONVERSATION: ConversationId = ConversationId::from_random([1; 8]);

    #[test]
    fn tokens_differ_by_every_part() {
        let keys = keys();
        let token = keys.session_token(CONVERSATION, SessionLabel::A, &[1; 16]);
        assert_eq!(token.len(), TOKEN_LENGTH);
        assert!(token.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')));
        let others = [
            keys.session_token(CONVERSATION, SessionLabel::B, &[1; 16]),
            keys.session_token(CONVERSATION, SessionLabel::A, &[2; 16]),
            keys.session_token(ConversationId::from_random([2; 8]), SessionLabel::A, &[1; 16]),
            Keys::derive(&[8; 32]).session_token(CONVERSATION, SessionLabel::A, &[1; 16]),
        ];
        assert!(others.iter().all(|other| **other != *token));
        assert!(!keys.resume_key(CONVERSATION, SessionLabel::A, &[1; 16]).contains(&**token));
    }

    #[test]
    fn only_the_exact_token_is_accepted() {
        let keys = keys();
        let token = keys.session_token(CONVERSATION, SessionLabel::A, &[1; 16]);
        let accepts = |text: &str| keys.is_session_token(text, CONVERSATION, SessionLabel::A, &[1; 16]);
        assert!(accepts(&token));
        assert!(!accepts(&token[..63]));
        assert!(!accepts(&token.to_uppercase()) || *token == token.to_uppercase());
        assert!(!accepts(""));
    }

    #[test]
    fn parts_cannot_slide_into_each_other() {
        let keys = keys();
        assert_ne!(keys.digest(Purpose::Body, &[b"ab", b"c"]), keys.digest(Purpose::Body, &[b"a", b"bc"]));
        assert_ne!(keys.digest(Purpose::Body, &[b"ab"]), keys.digest(Purpose::Invite, &[b"ab"]));
    }

    #[test]
    fn hex_round_trips() {
        let digest = keys().digest(Purpose::Body, &[b"x"]);
        assert_eq!(digest_from_hex(&hex(&digest)), Some(digest));
        assert_eq!(hex(&[0x00, 0x0f, 0xa9, 0xff]), "000fa9ff");
        assert_eq!(digest_from_hex("zz"), None);
    }
}
