//! What one call is made of, each part by itself: `cargo bench -p bridge-bench`.
#![allow(clippy::unwrap_used, reason = "a benchmark that cannot be set up has nothing to say")]

use std::hint::black_box;
use std::sync::Arc;

use bridge_daemon::boot;
use bridge_daemon::clock;
use bridge_daemon::domain::audit::{Entry, Head};
use bridge_daemon::domain::bucket::{Buckets, Rates};
use bridge_daemon::domain::id::{ConversationId, SessionLabel};
use bridge_daemon::domain::key::{KEY_LENGTH, Keys, NONCE_LENGTH};
use bridge_daemon::domain::time::Timestamp;
use bridge_daemon::live::{Connection, Outlet};
use bridge_daemon::mcp::parse::client_message;
use bridge_daemon::ops::dispatch::{self, Request};
use bridge_daemon::store::state_dir;
use bridge_proto::control::Control;
use bridge_proto::frame::{HEADER, decode, encode};
use bridge_proto::paths::Paths;
use bridge_redact::Engine;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

const PROSE: &str = "the quick brown fox jumps over the lazy dog and looks back ";
const CALL: &str = r#"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"send_to_partner","arguments":{"message":"%"}}}"#;
/// Bytes of a short and of the longest message.
const SIZES: [usize; 2] = [200, 49_000];

fn prose(bytes: usize) -> String {
    PROSE.chars().cycle().take(bytes).collect()
}

fn redactor(criterion: &mut Criterion) {
    let engine = Engine::builtin().unwrap();
    let mut group = criterion.benchmark_group("redact");
    for bytes in SIZES {
        let text = prose(bytes);
        group.throughput(Throughput::Bytes(bytes as u64));
        group.bench_function(format!("{bytes} B of prose"), |b| {
            b.iter(|| engine.redact(black_box(&text)).hits.len())
        });
    }
    let secret = format!("{}AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMIK7MDENGbPxRfiCYq8vT2nL4sD0e", prose(160));
    group.throughput(Throughput::Bytes(secret.len() as u64));
    group.bench_function("200 B with a secret", |b| b.iter(|| engine.redact(black_box(&secret)).hits.len()));
}

fn identity(criterion: &mut Criterion) {
    let keys = Keys::derive(&[7; KEY_LENGTH]);
    let (conversation, nonce) = (ConversationId::from_random([9; 8]), [3; NONCE_LENGTH]);
    let token = keys.session_token(conversation, SessionLabel::A, &nonce);
    criterion.bench_function("token check", |b| {
        b.iter(|| keys.is_session_token(black_box(&token), conversation, SessionLabel::A, &nonce));
    });
    let entry = Entry {
        at: Timestamp::from_millis(1_790_000_000_000),
        conversation: Some("conv_a1b2c3d4e5f60718".into()),
        actor: "a".into(),
        action: "send_to_partner".into(),
        outcome: "ok".into(),
        details: r#"{"message_id":"msg_1","characters":200,"redactions":0}"#.into(),
    };
    criterion.bench_function("audit link", |b| b.iter(|| Head::EMPTY.append(&keys, black_box(&entry))));
}

fn limits(criterion: &mut Criterion) {
    let rates = Rates([10, 100, 500]);
    let (mut buckets, now) = (Buckets::default(), clock::now());
    criterion.bench_function("bucket", |b| {
        b.iter(|| {
            buckets.take(black_box(&rates), now).ok();
            buckets.refund();
        });
    });
}

fn wire(criterion: &mut Criterion) {
    for bytes in SIZES {
        let call = CALL.replace('%', &prose(bytes)).into_bytes();
        let mut frame = Vec::new();
        let mut group = criterion.benchmark_group(format!("{bytes} B call"));
        group.throughput(Throughput::Bytes(call.len() as u64));
        group.bench_function("frame, written and read", |b| {
            b.iter(|| {
                frame.clear();
                encode(black_box(&call), &mut frame).unwrap();
                decode(&frame).unwrap()
            });
        });
        group.bench_function("message, parsed", |b| {
            b.iter(|| client_message(black_box(&frame[HEADER..])).unwrap())
        });
    }
}

struct Nowhere;
impl Outlet for Nowhere {
    fn control(&self, _control: &Control) {}
}

/// An empty check, from the operation's name to its result: all of a call but reading, writing and the MCP library.
fn dispatched(criterion: &mut Criterion) {
    let directory = tempfile::tempdir().unwrap();
    let state = directory.path().join("state");
    let paths = Paths { socket: state.join("socket"), config: state.join("config.toml"), state };
    state_dir::prepare(&paths.state).unwrap();
    std::fs::write(
        &paths.config,
        "[limits.read]\nper_minute = 1000000000\nper_hour = 1000000000\nper_day = 1000000000\n",
    )
    .unwrap();
    let (bridge, _threads) = boot(paths).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let connection = Arc::new(Connection::new(1, None, clock::now(), Box::new(Nowhere)));
    let call = |name: &str, arguments: Value| {
        let operation = dispatch::find(&bridge, name).unwrap();
        let arguments = arguments.as_object().cloned().unwrap_or_default();
        let request = Request { arguments, turn: None, cancelled: CancellationToken::new(), progress: None };
        let answer = runtime.block_on(dispatch::dispatch(&bridge, &connection, operation, request));
        answer.result.unwrap()
    };
    call("create_conversation", json!({"my_role": "sender", "partner_role": "receiver"}));
    criterion.bench_function("empty check, dispatched", |b| {
        b.iter(|| call("check_messages", Value::Null));
    });
}

criterion_group!(benches, redactor, identity, limits, wire, dispatched);
criterion_main!(benches);
