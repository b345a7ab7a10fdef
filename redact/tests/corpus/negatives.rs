//! What looks like a secret and is none.

use super::{Case, Rng, expand};

/// Templates with fresh random parts; nothing in them may change.
const RANDOM: [(&str, &str); 92] = [
    ("git", "commit {h:40}\nAuthor: a <a@b.example>"),
    ("git", "index {h:7}..{h:7} 100644"),
    ("git", "merge {h:40} into main"),
    ("git", "cherry picked from {h:12}"),
    ("git", "Change-Id: I{h:40}"),
    ("git", "git checkout {h:10} -- src/token.rs"),
    ("id", "build {uuid} took 40 s"),
    ("id", "trace_id={h:32} span_id={h:16} ok"),
    ("id", "\"request_id\": \"{uuid}\""),
    ("id", "user_id: {uuid}"),
    ("id", "session_id={uuid} started"),
    ("id", "conv_{h:16} closed"),
    ("id", "client_id: {d:12}-{l:32}.apps.googleusercontent.com"),
    ("id", "order 5f{h:22} shipped"),
    ("id", "container {h:64} exited"),
    ("id", "pod web-{h:10}-{l:5} restarted"),
    ("id", "arn:aws:iam::{d:12}:role/deploy-token-reader"),
    ("id", "\"toolu_01{a:22}\" finished"),
    ("id", "chatcmpl-{a:29}"),
    ("id", "message id <{l:20}@mail.example>"),
    ("id", "Idempotency-Key: {uuid}"),
    ("id", "idempotency_key = \"{uuid}\""),
    ("id", "ETag: \"{h:32}\""),
    ("id", "cache_key={h:40}"),
    ("id", "cache key: {h:40}"),
    ("id", "primary_key: \"{uuid}\""),
    ("id", "partition_key = {h:32}"),
    ("id", "aws_access_key_id = ${AWS_ACCESS_KEY_ID}"),
    ("id", "account {d:12} in eu-west-1"),
    ("id", "nonce {h:24}"),
    ("hash", "sha256:{h:64}"),
    ("hash", "{h:64}  target/release/app"),
    ("hash", "md5 = {h:32}"),
    ("hash", "digest: sha512-{b:86}=="),
    ("hash", "FROM rust@sha256:{h:64}"),
    ("hash", "expected {h:64}, got {h:64}"),
    ("hash", "checksum = \"{h:64}\""),
    ("hash", "token list digest {h:64}"),
    ("hash", "Etag: W/\"{h:20}\""),
    ("hash", "0x{h:40}"),
    ("lock", "\"integrity\": \"sha512-{b:86}==\","),
    ("lock", "resolved \"https://registry.npmjs.org/a/-/a-1.0.0.tgz#{h:40}\""),
    ("lock", "golang.org/x/crypto v0.1.0 h1:{b:43}="),
    ("lock", "github.com/a/b v1.2.3/go.mod h1:{b:43}="),
    ("lock", "--hash=sha256:{h:64} \\"),
    ("lock", "source = \"git+https://g.example/a?rev={h:40}#{h:40}\""),
    ("public", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI{b:43} ops@x"),
    ("public", "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQ{b:200} a@b"),
    ("public", "SHA256:{b:43} ops@x (ED25519)"),
    ("public", "256 SHA256:{b:43} /etc/ssh/key.pub (ECDSA)"),
    (
        "public",
        "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE{b:60}\n-----END PUBLIC KEY-----",
    ),
    ("public", "-----BEGIN CERTIFICATE-----\nMIIDdzCCAl+gAwIBAgIE{b:44}\n{b:64}\n-----END CERTIFICATE-----"),
    ("public", "pk_live_{a:24}"),
    ("public", "publishable_key: pk_test_{a:24}"),
    ("public", "age1{l:58}"),
    ("public", "public_key = \"{b:43}=\""),
    ("public", "PublicKey = {b:43}="),
    ("public", "\"x\": \"{w:43}\", \"y\": \"{w:43}\""),
    ("public", "fingerprint: {H:2}:{H:2}:{H:2}:{H:2}:{H:2}:{H:2}:{H:2}:{H:2}"),
    ("public", "RWQ{b:53}"),
    ("base64", "data:image/png;base64,iVBORw0KGgo{b:200}"),
    ("base64", "<img src=\"data:image/gif;base64,R0lGODlh{b:120}\">"),
    (
        "base64",
        "//# sourceMappingURL=data:application/json;base64,eyJ2ZXJzaW9uIjozLCJzb3VyY2VzIjpbImEuanMiXSwibmFtZXMiOltdfQ==",
    ),
    ("base64", "blob {b:160}"),
    ("dump", "at 0x{h:12} in app::token::scan::h{h:16}"),
    ("dump", "00000010: {h:4} {h:4} {h:4} {h:4} {h:4} {h:4} {h:4} {h:4}  ..token.."),
    ("dump", "_ZN4core3fmt9Formatter9write_str17h{h:16}E"),
    ("path", "/srv/x/releases/{h:12}/app.log"),
    ("path", "target/debug/deps/token-{h:16}.rlib"),
    ("path", "static/js/main.{h:8}.chunk.js"),
    ("path", "see src/auth/password_reset.rs:120 and tests/token_{d:3}.rs"),
    ("path", "s3://bucket/keys/{uuid}/part-0001.parquet"),
    ("web", "a{color:#{h:6}} .key{border:1px solid #{h:3}}"),
    ("web", "https://x.example/a?utm_source=mail&v={h:8}"),
    ("web", "https://www.youtube.com/watch?v={w:11}"),
    ("web", "https://x.example/docs/tokens#{h:8}"),
    ("web", "https://docs.google.com/document/d/1{w:43}/edit"),
    ("web", "postgres://db.example:5432/app?sslmode=require"),
    ("web", "http://localhost:{d:4}/login?next=/password"),
    ("web", "https://github.com/a/b/commit/{h:40}"),
    ("log", "token cache: hits={d:3} misses={d:2} size={d:4}"),
    ("log", "2026-03-0{d:1}T10:00:00.{d:6}Z password check took {d:2}ms"),
    ("log", "max_tokens={d:4} temperature=0.{d:1}"),
    ("log", "tokens used: {d:5} of {d:6}"),
    ("log", "token expires at 17{d:8}"),
    ("log", "key={d:6} partition={d:1} offset={d:7}"),
    ("log", "password attempts: {d:1}, locked for {d:2} min"),
    ("log", "api key {d:1} of 5 rotated"),
    ("log", "pass: {d:3}, fail: {d:1}"),
    ("log", "auth ok user=ops ip=10.{d:1}.{d:1}.{d:1} in {d:2}ms"),
    ("log", "PASS tests/token.test.js ({d:1}.{d:2} s)"),
    ("log", "secret scan finished: {d:4} files, 0 findings"),
];

const FIXED: &str = include_str!("../data/harmless.txt");

pub(crate) fn cases(rng: &mut Rng, each: usize) -> Vec<Case> {
    let mut cases = Vec::new();
    let mut add = |category: &str, text: String| {
        cases.push(Case {
            tier: "core",
            category: format!("neg_{category}"),
            format: String::new(),
            context: category.to_owned(),
            text,
            secrets: vec![],
            must_keep: vec![],
        });
    };
    for (category, template) in RANDOM {
        for _ in 0..each.div_ceil(4) {
            let literal = template
                .replace("${AWS_ACCESS_KEY_ID}", "\u{1}")
                .replace("a{color", "a\u{2}color")
                .replace(".key{border", ".key\u{2}border");
            let text = expand(&literal, rng).replace('\u{1}', "${AWS_ACCESS_KEY_ID}").replace('\u{2}', "{");
            add(category, text);
        }
    }
    for line in FIXED.lines().filter(|line| !line.is_empty()) {
        add("text", line.replace("\\n", "\n"));
    }
    cases
}
