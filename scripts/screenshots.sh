#!/usr/bin/env bash
# Opens an export in a real browser: proves that the page is what it should be when a browser has read it, and keeps
# pictures of it in docs/images. Not part of CI: needs Chromium.
#
#   scripts/screenshots.sh [directory of the binaries, target/debug by default]
set -euo pipefail
cd "$(dirname "$0")/.."

bin=$(realpath "${1:-target/debug}")
images=$PWD/docs/images
sample=$PWD/tests/data/export_v1.jsonl
conversation=conv_5e1a9b3c7d2f4680

for name in chromium chromium-browser google-chrome; do
    browser=$(command -v "$name") && break
done
[ -n "${browser:-}" ] || { echo "no Chromium on the PATH" >&2; exit 1; }

home=$(mktemp -d)
daemon=
clean_up() {
    if [ -n "$daemon" ]; then kill "$daemon" && wait "$daemon" || true; fi
    rm -rf "$home"
}
trap clean_up EXIT

# No function: in the background a function would be a shell of its own, and the daemon its child.
run=(env -i PATH="$PATH" HOME="$home")

"${run[@]}" "$bin/bridged" >"$home/log" 2>&1 &
daemon=$!
until "${run[@]}" "$bin/bridgectl" status >/dev/null; do
    kill -0 "$daemon" || { cat "$home/log" >&2; exit 1; }
    sleep 0.1
done
"${run[@]}" "$bin/bridgectl" import "$sample"
"${run[@]}" "$bin/bridgectl" export "$conversation" | cmp - "$sample"
"${run[@]}" "$bin/bridgectl" export "$conversation" --format html --output "$home/page.html"

open() {
    "$browser" --headless --no-sandbox --disable-gpu --hide-scrollbars --no-first-run --user-data-dir="$home/browser" \
        --enable-logging=stderr "$@" 2>"$home/browser.log"
}

# What the browser made of it: no element that an agent wrote, nothing that the policy had to stop.
open --dump-dom "file://$home/page.html" >"$home/dom.html"
grep -q "<title>Conversation $conversation</title>" "$home/dom.html"
grep -q "&lt;script&gt;document.title" "$home/dom.html"
if grep -qiE '<script|<img|<iframe|<link|<object' "$home/dom.html"; then
    echo "the page has an element that it must not have" >&2
    exit 1
fi
if grep -q "CONSOLE" "$home/browser.log"; then
    grep "CONSOLE" "$home/browser.log" >&2
    exit 1
fi

mkdir -p "$images"
# A window cannot be as narrow as a phone: the page is shown in a frame of that width.
printf '<!DOCTYPE html><body style="margin:0"><iframe src="page.html" style="border:0;width:390px;height:2600px"></iframe>' \
    >"$home/phone.html"
open --window-size=1280,1700 --screenshot="$images/export.png" "file://$home/page.html"
open --window-size=1280,1700 --blink-settings=preferredColorScheme=0 --screenshot="$images/export-dark.png" \
    "file://$home/page.html"
open --window-size=500,2600 --screenshot="$images/export-phone.png" "file://$home/phone.html"
ls -l "$images"
