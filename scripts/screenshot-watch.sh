#!/usr/bin/env bash
# Makes docs/images/watch.png: `bridgectl watch` in a real terminal (tmux), with two agents at work on a private bridge.
# Not part of CI: needs tmux, Chromium and Python with `rich` (pip install rich).
#
#   scripts/screenshot-watch.sh [directory of the binaries, target/debug by default] [columns, 120] [lines, 36]
set -euo pipefail
cd "$(dirname "$0")/.."

bin=$(realpath "${1:-target/debug}")
columns=${2:-120}
lines=${3:-36}
images=$PWD/docs/images
helper=$PWD/scripts/screenshot_watch.py

for name in chromium chromium-browser google-chrome; do
    browser=$(command -v "$name") && break
done
[ -n "${browser:-}" ] || { echo "no Chromium on the PATH" >&2; exit 1; }
python3 -c 'import rich' || { echo "pip install rich" >&2; exit 1; }

home=$(mktemp -d)
mkdir "$home/todo"
daemon=
agents=
screen=(tmux -L "watch-$$" -f /dev/null)
clean_up() {
    "${screen[@]}" kill-server 2>/dev/null || true
    for process in $agents $daemon; do kill "$process" && wait "$process" || true; done
    rm -rf "$home"
}
trap clean_up EXIT

run=(env -i PATH="$PATH" HOME="$home" LANG=C.UTF-8 YOLO_MODE=1)
"${run[@]}" "$bin/bridged" >"$home/log" 2>&1 &
daemon=$!
until "${run[@]}" "$bin/bridgectl" status >/dev/null; do
    kill -0 "$daemon" || { cat "$home/log" >&2; exit 1; }
    sleep 0.1
done

"${run[@]}" python3 "$helper" agents "$bin/bridge-shim" "$home" &
agents=$!

"${screen[@]}" new-session -d -x "$columns" -y "$lines" \
    "$(printf '%q ' "${run[@]}" TERM=tmux-256color "$bin/bridgectl" watch)"
shown() { "${screen[@]}" capture-pane -p; }
press() { "${screen[@]}" send-keys "$@"; }
sees() {
    for _ in $(seq 300); do
        if shown | grep -qF "$1"; then return; fi
        sleep 0.1
    done
    echo "the screen never showed: $1" >&2
    shown >&2
    exit 1
}

sees "asks for restricted"
press 3 a
sees "I UNDERSTAND THE RISKS"
press -l "I UNDERSTAND THE RISKS"
press Enter
sees "Retype the code"
press -l "$(shown | sed -n 's/.*Retype the code \([A-Z0-9]*\).*/\1/p')"
press Enter
sees "Enabled"
press Enter
touch "$home/enabled"
sees "unittest discover"
press 1 k
sees "Both done"
press m
sees "Message from human"
press -l "Please name the fields as the old API did: title, done."
press Enter
sees "is stored for a and b"
touch "$home/spoken"
sees "snake_case it is"
press 2
sees "G newest"
sleep 1.2

"${screen[@]}" capture-pane -e -p >"$home/screen.ansi"
python3 "$helper" render "$columns" <"$home/screen.ansi" >"$home/screen.html"
mkdir -p "$images"
"$browser" --headless --no-sandbox --disable-gpu --hide-scrollbars --no-first-run --user-data-dir="$home/browser" \
    --force-device-scale-factor=1.5 --window-size="$((columns * 9 + 36)),$((lines * 175 / 10 + 34))" \
    --screenshot="$images/watch.png" "file://$home/screen.html" 2>"$home/browser.log"
press q
echo "$images/watch.png"
