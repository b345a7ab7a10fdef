//! Start-up, throughput and worst cases: `timing [FILE.jsonl]`.
#![allow(clippy::print_stdout, clippy::unwrap_used, clippy::expect_used)]

use std::time::{Duration, Instant};

use bridge_redact::Engine;
use bridge_redact::cli::{Show, run_jsonl};

fn best(mut run: impl FnMut()) -> Duration {
    (0..5)
        .map(|_| {
            let start = Instant::now();
            run();
            start.elapsed()
        })
        .min()
        .expect("five runs")
}

fn main() {
    println!("start-up {:?}", best(|| drop(Engine::builtin().expect("rules"))));
    let engine = Engine::builtin().expect("rules");
    if let Some(path) = std::env::args().nth(1) {
        let input = std::fs::read(path).unwrap();
        let time = best(|| {
            run_jsonl(&engine, Show::Text, input.as_slice(), std::io::sink(), std::io::sink()).unwrap();
        });
        println!("jsonl {:.1} MB/s", input.len() as f64 / 1e6 / time.as_secs_f64());
    }
    let mut slowest = Vec::new();
    for seed in SEEDS {
        let text = seed.repeat(50_000 / seed.len());
        let time = best(|| drop(engine.redact(&text)));
        slowest.push((time, *seed));
    }
    slowest.sort();
    for (time, seed) in slowest.iter().rev().take(14) {
        println!("{time:>10.2?}  {:?}", seed.chars().take(60).collect::<String>());
    }
}

const SEEDS: &[&str] = &[
    "a",
    " ",
    "\n",
    "password",
    "password=",
    "password: ",
    "password is ",
    "password=\"",
    "key ",
    "api key ",
    "token=a1B2c3D4e5F6g7H8 ",
    "sk-",
    "sk-a1",
    "ghp_",
    "AKIA",
    "eyJ",
    "eyJa.",
    "a.b.",
    "://",
    "://a:b@",
    "://a:b1c2d3e4@",
    "http://a:",
    "@",
    "curl ",
    "curl -u a:b1c2d3 ",
    "mysql -p",
    "machine ",
    "machine a login b password c1d2e3f4 ",
    ":5432:",
    "a:5432:b:c:d1e2f3 ",
    "otpauth://",
    "\"d\"",
    "\"d\":\"aaaaaaaaaaaaaaaaaaaaaaaa\",",
    "-----BEGIN RSA PRIVATE KEY-----",
    "-----BEGIN PRIVATE KEY-----\nMIIEowIBAAKCAQEA6qmfO2hGbOs\n",
    "-----END PRIVATE KEY-----",
    "-----END",
    "MIIEowIBAAKCAQEA6qmfO2hGbOsMIIEowIBAAKCAQEA6qmfO2hGbOs\n-----END RSA PRIVATE KEY-----\n",
    "cookie: ",
    "cookie: sid=a1b2c3d4e5f6; ",
    "authorization: ",
    "authorization: bearer ",
    "basic ",
    "basic b3BzOmEx ",
    "bearer ",
    "%41",
    "\\u0041",
    "&#65;",
    "\u{200b}",
    "ａ",
    "а",
    "\" + \"",
    "\"+\"a",
    "\\",
    "\\\"",
    "\"",
    "'",
    "{\"a\":",
    "[",
    "{\"password\": \"a1b2c3d4\"}\n",
    "{\"pin\":123456}",
    "{\"password\":123456,\"a\":1}\n",
    "_REDACTED",
    "A_REDACTED ",
    "password=A_REDACTED ",
    "YWFhYWFhYWFhYWFhYWFhYWFhYWE",
    "cGFzc3dvcmQ9aHVudGVyMjI= ",
    "a_b_c_d_",
    "key_key_",
    "keykeykey",
    "tokenToken",
    "name: password\nvalue: ",
    "\"name\":\"password\",",
    "<password>",
    "<password>a1b2c3d4</password>",
    "password |",
    "| password ",
    "password for the box ",
    "password (",
    "is as ",
    "a is the password ",
    "as as as password ",
    "x1 is my password, ",
    "Q~",
    "ab1Q~",
    ".atlasv1.",
    "AZDO",
    "T3BlbkFJ",
    "123456789:AA",
    ":AA",
    "jsn",
    "_mmk",
    "NRAL",
    "aaNRAL",
    "-us1",
    "!AQ",
    "|",
    "1|a",
    "u+",
    "0.",
    "s.",
    "s.a",
    "1/1",
    "st.",
    "seed phrase: a b c d ",
    "mnemonic word ",
    "creds ",
    "creds a/b ",
    "login with ",
    "credentials: a:b1c2d3! ",
    "totp ",
    "\u{1b}[31m",
    "password\u{1b}[0m",
    "密码",
    "密码：",
    "パスワードは",
    "é",
    "machine\n",
    "passwordpassword=",
    "password==",
    "password=>",
    "password:=",
    "password->",
    "a=1&token=",
    "?token=a1&",
    "secret secret ",
    "secret=secret=",
    "\"secret\",",
    "secret(\"",
    "secret: secret: ",
];
