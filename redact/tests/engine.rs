//! The public interface: names, contexts, users' rules.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::borrow::Cow;
use std::path::Path;
use std::sync::LazyLock;

use bridge_redact::{Engine, Problem};

static ENGINE: LazyLock<Engine> = LazyLock::new(|| Engine::builtin().unwrap());

fn engine() -> &'static Engine {
    &ENGINE
}

fn redact(text: &str) -> String {
    engine().redact(text).text.into_owned()
}

#[test]
fn the_names_of_the_original_stay() {
    for (text, placeholder) in [
        ("key AKIA4RP3AV3GWONPFMML ok", "AWS_KEY_REDACTED"),
        ("Authorization: Bearer mF9B5f41JqMz8Kq2xW7v", "BEARER_TOKEN_REDACTED"),
        ("password = 'kX9!mmQ2z'", "PASSWORD_REDACTED"),
        ("api_key: bIV13XuzNyETXlwCyFgns5i44FIIvSIy", "API_KEY_REDACTED"),
        ("client_secret=n-cduxqCy1i7gaD73lKzAsdjc9Msrl4E", "SECRET_REDACTED"),
        ("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", "GITHUB_TOKEN_REDACTED"),
        ("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", "OPENAI_KEY_REDACTED"),
    ] {
        let hits = engine().redact(text).hits;
        assert_eq!(hits.len(), 1, "{text}");
        assert_eq!(&*hits[0].placeholder, placeholder, "{text}");
    }
}

#[test]
fn nothing_found_is_nothing_copied() {
    assert!(matches!(engine().redact("The token is valid for an hour.").text, Cow::Borrowed(_)));
}

#[test]
fn the_most_specific_rule_names_the_whole() {
    let text = "GITHUB_TOKEN=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";
    assert_eq!(redact(text), "GITHUB_TOKEN=GITHUB_TOKEN_REDACTED");
    assert_eq!(redact("password: AKIA4RP3AV3GWONPFMML"), "password: AWS_KEY_REDACTED");
}

#[test]
fn different_secrets_can_be_told_apart() {
    let namer = |secret: &str| Some(format!("{:x}", secret.len()));
    let text = "password: kX9!mmQ2z, token: bIV13XuzNyETXlwCyFgns5i44FIIvSIy";
    let out = engine().redact_named(text, &namer).text.into_owned();
    assert_eq!(out, "password: PASSWORD_REDACTED_9, token: TOKEN_REDACTED_20");
    assert_eq!(engine().redact_named(&out, &namer).text, out);
}

#[test]
fn a_bare_digest_is_no_session_token() {
    let hex = "68bc7f73be1aaa13ead6e1864396ef638b656f8c7ba036b584f8a7b55428e4ed";
    for text in
        [hex.to_owned(), format!("sha256:{hex}"), format!("digest {hex} ok"), format!("image@sha256:{hex}")]
    {
        assert_eq!(redact(&text), text);
    }
    for name in ["session token a", "session_a_token", "token_b", "your token"] {
        assert!(!redact(&format!("{name}: {hex}")).contains(hex), "{name}");
    }
}

#[test]
fn numbers_of_json_become_strings() {
    assert_eq!(redact(r#"{"password":12345678,"n":1}"#), r#"{"password":"PASSWORD_REDACTED","n":1}"#);
    assert_eq!(
        redact(r#"{"a":"{\"password\":12345678}"}"#),
        r#"{"a":"{\"password\":\"PASSWORD_REDACTED\"}"}"#
    );
}

#[test]
fn columns_and_pairs() {
    let table = "| user | password |\n|---|---|\n| ops | kX9mmQ2zv1 |\n| dev | lantern4821 |\n";
    assert_eq!(
        redact(table),
        "| user | password |\n|---|---|\n| ops | PASSWORD_REDACTED |\n| dev | PASSWORD_REDACTED |\n"
    );
    assert_eq!(redact("user,password\nops,kX9mmQ2zv1\n"), "user,password\nops,PASSWORD_REDACTED\n");
    let insert = "INSERT INTO u (name, password, n) VALUES ('ops', 'kX9mmQ2z!', 5);";
    assert_eq!(redact(insert), "INSERT INTO u (name, password, n) VALUES ('ops', 'PASSWORD_REDACTED', 5);");
    assert_eq!(
        redact("creds: ops / kX9mmQ2z!1"),
        "creds: ops / PASSWORD_REDACTED".replace("PASSWORD", "CREDENTIALS")
    );
    assert_eq!(redact("auth=(\"ops\", \"kX9mmQ2z!\")"), "auth=(\"ops\", \"PASSWORD_REDACTED\")");
}

#[test]
fn a_secret_split_over_two_messages_is_caught_on_the_second() {
    let after = |before: &str, text: &str| {
        let before = redact(before);
        engine().redact_after(&before, text, &|_| None).text.into_owned()
    };
    assert_eq!(
        after("take ghp_GRog8LiR0sW3", "DwUNbsx7MeaDRyDWES4BldjQ for it"),
        "GITHUB_TOKEN_REDACTED for it"
    );
    assert_eq!(after("the password is", "kX9mmQ2z!v1 ok?"), "PASSWORD_REDACTED ok?");
    assert_eq!(after("here is the api key:\n", "bIV13XuzNyETXlwCyFgns5i44FIIvSIy"), "API_KEY_REDACTED");
    let line = "MIIEowIBAAKCAQEA6qmfO2hGbOs8YJw7j0gvqeYKitWEMYH5exckrW59zGNA3abc";
    let head = format!("-----BEGIN RSA PRIVATE KEY-----\n{line}\n{line}\n");
    assert_eq!(after(&head, &format!("{line}\n{line}\nthat is all")), "PRIVATE_KEY_REDACTED\nthat is all");
    assert_eq!(
        after(&head, &format!("{line}\n-----END RSA PRIVATE KEY-----\nbye")),
        "PRIVATE_KEY_REDACTED\nbye"
    );
    assert_eq!(after("the tests pass", "and the docs are done"), "and the docs are done");
}

const RULES: &str = r#"
[[rule]]
id = "acme-key"
placeholder = "ACME_KEY_REDACTED"
regex = 'acme_[A-Z0-9]{10}'
examples = ["use acme_AB12CD34EF now"]
counter_examples = ["acme_short"]

[[allow]]
value = "AKIA4RP3AV3GWONPFMML"
reason = "the key of the public sandbox"
"#;

fn load(toml: &str) -> Result<Engine, bridge_redact::RuleError> {
    Engine::with_user_rules(toml, Path::new("my.toml"))
}

#[test]
fn users_add_rules_and_allow_values() {
    let engine = load(RULES).unwrap();
    assert_eq!(engine.rule_count(), self::engine().rule_count() + 1);
    assert_eq!(engine.redact("x acme_AB12CD34EF y").text, "x ACME_KEY_REDACTED y");
    let allowed = engine.redact("AKIA4RP3AV3GWONPFMML and AKIACXWFHZCIA4O7CCXQ");
    assert_eq!(allowed.text, "AKIA4RP3AV3GWONPFMML and AWS_KEY_REDACTED");
    assert_eq!((allowed.hits.len(), allowed.allowed.len()), (1, 1));
    let checked = Engine::check_user_rules(RULES, Path::new("my.toml")).unwrap();
    assert_eq!((checked[0].examples, checked[0].counter_examples, checked[0].line), (1, 1, 2));
}

#[test]
fn a_regex_stays_within_what_wraps_it() {
    let load_regex = |regex: &str| {
        load(&format!(
            "[[rule]]\nid = \"acme-key\"\nplaceholder = \"ACME_KEY_REDACTED\"\nanchors = [\"acme_\"]\n\
             regex = '{regex}'\nexamples = [\"acme_x\"]\ncounter_examples = [\"x\"]\n"
        ))
    };
    // Balanced only together with the group around it, so that its second half would match anywhere.
    for unbalanced in ["acme_x)|(?:harmless", "acme_x)|(harmless", "acme_x)(?:"] {
        let error = load_regex(unbalanced).err().unwrap_or_else(|| panic!("{unbalanced} was loaded"));
        assert!(matches!(error.problem, Problem::Regex(_)), "{unbalanced}: {error}");
        let text = error.to_string();
        assert!(text.contains("`acme-key`") && text.contains("unopened group"), "{text}");
    }
    // An alternative of its own begins where the anchor is, and a comment does not hide the end of the group.
    for whole in ["acme_x|acme_y", "(?x) acme_x | acme_y # both", "(?x) acme_x | acme_y # either (or"] {
        let engine = load_regex(whole).unwrap_or_else(|error| panic!("{whole}: {error}"));
        let out = engine.redact("acme_z is not acme_y here").text.into_owned();
        assert_eq!(out, "acme_z is not ACME_KEY_REDACTED here", "{whole}");
    }
}

#[test]
fn wrong_rules_are_refused_with_line_and_id() {
    let rule = |body: &str| {
        format!("# mine\n\n[[rule]]\nid = \"acme-key\"\nplaceholder = \"ACME_KEY_REDACTED\"\n{body}")
    };
    let examples = "examples = [\"acme_AB12CD34EF\"]\ncounter_examples = [\"x\"]\n";
    let refused = |toml: &str| {
        let problem = load(toml).err().expect("refused");
        let text = problem.to_string();
        assert!(text.starts_with("my.toml:"), "{text}");
        (problem.line, problem.problem)
    };
    let with = |line: &str| rule(&format!("{line}\n{examples}"));
    assert!(matches!(refused(&with("regex = 'acme_[A-Z'")), (3, Problem::Regex(_))));
    assert!(matches!(refused(&with("regex = '(acme_x)?'\nanchors = [\"acme_\"]")), (3, Problem::EmptyMatch)));
    assert!(matches!(refused(&with("regex = '[a-z]{9}'")), (3, Problem::NoAnchor)));
    assert!(matches!(refused(&with("regex = 'acme_(\\w{1,999}){1,999}'")), (3, Problem::Regex(_))));
    assert!(matches!(refused(&with("regex = 'acme_x'\ngroup = 2")), (3, Problem::NoGroup(2))));
    assert!(matches!(refused(&with("anchors = [\"ac\"]\nshape = 'x'")), (3, Problem::ShortAnchor(_))));
    assert!(matches!(refused(&with("anchors = [\"acme_\"]\nshape = '[x'")), (3, Problem::Shape(_))));
    assert!(matches!(
        refused(&with("anchors = [\"acme_\"]\ndetector = 'pem'")),
        (3, Problem::Reserved("detector"))
    ));
    assert!(matches!(refused(&with("regex = 'acme_[0-9]{3}'")), (3, Problem::ExampleMissed(1))));
    assert!(matches!(refused(&rule("regex = 'acme_x'\n")), (3, Problem::NoExamples)));
    let counter = rule("regex = 'acme_\\w+'\nexamples = [\"acme_a1\"]\ncounter_examples = [\"acme_b2\"]\n");
    assert!(matches!(refused(&counter), (3, Problem::CounterExampleFound(1))));
    assert!(matches!(refused(&with("colour = 1")), (_, Problem::Syntax(_))));
    assert!(matches!(
        refused(&with("regex = 'acme_x'").replace("acme-key", "password")),
        (3, Problem::DuplicateId)
    ));
    assert!(matches!(
        refused(&with("regex = 'acme_x'").replace("_REDACTED", "")),
        (3, Problem::BadPlaceholder)
    ));
    assert!(matches!(refused("[[allow]]\nvalue = \"a\"\n"), (1, Problem::ShortAllowed)));
}
