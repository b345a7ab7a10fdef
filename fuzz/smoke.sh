#!/usr/bin/env bash
# Runs every fuzz target for a while, one after the other: 30 seconds each, or as many as given. Names of targets may
# follow: `fuzz/smoke.sh 600 message call`. Needs cargo-fuzz (`cargo install --locked cargo-fuzz`) and a C++ compiler.
set -euo pipefail
cd "$(dirname "$0")/.."

seconds=${1:-30}
shift || true
targets=("$@")
# The sanitizers' flags are for nightly compilers; this lets a stable one take them, in this workspace only.
export RUSTC_BOOTSTRAP=1

if [ ${#targets[@]} -eq 0 ]; then
    mapfile -t targets < <(cargo fuzz list)
fi
for target in "${targets[@]}"; do
    printf '\n== %s\n' "$target"
    # What is found worth keeping goes to corpus/, which is not checked in; seeds/ is, and is only read.
    mkdir -p "fuzz/corpus/$target"
    cargo fuzz run "$target" "fuzz/corpus/$target" "fuzz/seeds/$target" -- \
        -max_total_time="$seconds" -timeout=20 -rss_limit_mb=4096 -print_final_stats=1
done
