//! Writes the test corpus as JSONL: `corpus SEED PER_FORMAT`.
#![allow(clippy::print_stdout, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../tests/corpus/mod.rs"]
mod corpus;

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let seed = args.get(1).map_or(1, |a| a.parse().expect("seed"));
    let each = args.get(2).map_or(8, |a| a.parse().expect("count"));
    for case in corpus::corpus(seed, each) {
        let row = serde_json::json!({
            "tier": case.tier, "category": case.category, "format": case.format, "context": case.context,
            "text": case.text, "secrets": case.secrets, "must_keep": case.must_keep,
        });
        println!("{row}");
    }
}
