//! What people call a secret, times how they say it.

use super::{Case, Rng, expand};

const TOKENS: [&str; 44] = [
    "API secret",
    "auth token",
    "signing secret",
    "private key",
    "license key",
    "bot token",
    "integration token",
    "personal access token",
    "deploy key",
    "service account key",
    "app token",
    "access token",
    "webhook signing secret",
    "OAuth client secret",
    "consumer secret",
    "application key",
    "admin key",
    "write key",
    "SAS key",
    "shared key",
    "subscription key",
    "project token",
    "runner token",
    "registration token",
    "join token",
    "session secret",
    "JWT secret",
    "cookie secret",
    "HMAC key",
    "encryption key",
    "master key",
    "unseal key",
    "root token",
    "PAT",
    "API token",
    "secret access key",
    "secret",
    "token",
    "api key",
    "Acme key",
    "Globex API key",
    "bearer token",
    "refresh token",
    "storage key",
];

const PASSWORDS: [&str; 20] = [
    "password",
    "database password",
    "root password",
    "admin password",
    "app password",
    "master password",
    "wifi password",
    "Wi-Fi password",
    "sudo password",
    "ssh password",
    "keystore password",
    "smtp password",
    "pwd",
    "passphrase",
    "key passphrase",
    "passwd",
    "service password",
    "temporary password",
    "initial password",
    "guest password",
];

/// `@` is the label, `#` the value.
const SAYINGS: [&str; 32] = [
    "The @ is # .",
    "the @ is #, keep it",
    "@: #",
    "- @: `#`",
    "@ = #",
    "new @ → #",
    "my @ is #",
    "Here is the @:\n#\n",
    "@ (#)",
    "set the @ to # please",
    "we changed the @ to # last night",
    "use # as the @",
    "`#` is the @",
    "The @ for prod is # and no more",
    "@ is: #",
    "@ is now #",
    "I think the @ was # before",
    "@ - #",
    "**@** #",
    "@     #",
    "\"@\": \"#\"",
    "@ equals #",
    "@ should be #",
    "@ => #",
    "@=\"#\"",
    "try @ # first",
    "it says @: '#'",
    "@ “#”",
    "Our @ (do not share): #",
    "@ below\n\n#\n",
    "The @ they gave me is #.",
    "@:\n```\n#\n```\n",
];

pub(crate) fn cases(rng: &mut Rng, each: usize) -> Vec<Case> {
    let mut cases = Vec::new();
    let kinds: [(&str, &[&str], &[&str]); 2] = [
        ("wording_token", &TOKENS, &["{a:32}", "{w:40}", "{h:40}", "{a:24}"]),
        ("wording_password", &PASSWORDS, &["{p:14}", "{m:12}", "{weak}"]),
    ];
    for (category, labels, values) in kinds {
        for saying in SAYINGS {
            for _ in 0..each {
                let (label, value) = (*rng.pick(labels), *rng.pick(values));
                let value = expand(value, rng);
                let said = saying.replace('@', label).replace('#', &value);
                cases.push(Case {
                    tier: "core",
                    category: category.to_owned(),
                    format: label.to_owned(),
                    context: saying.to_owned(),
                    text: format!("Both are idle. {said} See you."),
                    secrets: vec![value],
                    must_keep: vec!["Both are idle.".to_owned(), "See you.".to_owned()],
                });
            }
        }
    }
    cases
}
