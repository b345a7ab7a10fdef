#!/usr/bin/env bash
# Proves `bridgectl install` against real clients: from a clean home, each client's own health check must show the bridge
# as connected, a second install must change nothing, and uninstall must put every file back byte for byte.
#
#   scripts/check-clients.sh [-w WORKDIR] [CLIENT...]     clients: claude codex gemini opencode (default: all)
#
# Needs node 22 with npm, python3 and built binaries (BIN, default target/debug). Installs the clients' newest versions
# below WORKDIR (default: a temporary directory that is removed at the end). Needs no account and calls no model.
set -euo pipefail
cd "$(dirname "$0")/.."

BIN=$(cd "${BIN:-target/debug}" && pwd)
WORK= KEEP=0
while getopts w: option; do
    case $option in w) WORK=$OPTARG KEEP=1 ;; *) exit 2 ;; esac
done
shift $((OPTIND - 1))
CLIENTS=${*:-claude codex gemini opencode}
[ -n "$WORK" ] || WORK=$(mktemp -d)
mkdir -p "$WORK/npm" "$WORK/bin"
WORK=$(cd "$WORK" && pwd)

HOME_DIR=$(mktemp -d /tmp/brc.XXXXXX) # short: a socket's path has 108 bytes at most
STATE="$HOME_DIR/.local/state/bridged"
finish() {
    [ ! -s "$STATE/bridged.lock" ] || kill "$(cat "$STATE/bridged.lock")" 2>/dev/null || true
    rm -rf "$HOME_DIR"
    [ "$KEEP" = 1 ] || rm -rf "$WORK"
}
trap finish EXIT
fail() { echo "FAIL $*"; exit 1; }

package() {
    case $1 in
        claude) echo @anthropic-ai/claude-code ;;
        codex) echo @openai/codex ;;
        gemini) echo @google/gemini-cli ;;
        opencode) echo opencode-ai ;;
        *) fail "$1: unknown client" ;;
    esac
}

for client in $CLIENTS; do
    directory="$WORK/npm/$client"
    if [ ! -x "$directory/node_modules/.bin/$client" ]; then
        mkdir -p "$directory" && echo '{"private":true}' >"$directory/package.json"
        (cd "$directory" && npm install --no-audit --no-fund --loglevel=error "$(package "$client")@latest")
    fi
    ln -sf "$directory/node_modules/.bin/$client" "$WORK/bin/$client"
done
in_home() { (cd "$HOME_DIR" && env -i HOME="$HOME_DIR" PATH="$WORK/bin:$PATH" TERM=dumb "$@"); }
bridgectl() { in_home "$BIN/bridgectl" "$@"; }

health() { # what the client itself says of the bridge
    case $1 in
        claude) in_home timeout 90 claude mcp list ;;
        codex) in_home timeout 90 codex mcp list && in_home timeout 90 python3 - ;;
        gemini) in_home timeout 90 gemini mcp list ;;
        opencode) in_home timeout 90 opencode mcp list ;;
    esac 2>&1
}
connected() {
    case $1 in
        claude | gemini) grep -q 'bridge.*Connected' ;;
        codex) grep -q 'bridge: 7 tools or more' ;;
        opencode) grep -q 'bridge.*connected' ;;
    esac
}

# `codex mcp list` only reads the configuration; its app server connects.
CODEX_TOOLS='
import json, select, subprocess, time
codex = subprocess.Popen(["codex", "app-server"], stdin=-1, stdout=-1, stderr=subprocess.DEVNULL)
def send(message):
    codex.stdin.write((json.dumps(message) + "\n").encode())
    codex.stdin.flush()
send({"id": 0, "method": "initialize", "params": {"clientInfo": {"name": "check", "version": "1"}}})
send({"method": "initialized"})
send({"id": 1, "method": "mcpServerStatus/list", "params": {}})
end = time.time() + 60
while time.time() < end:
    if select.select([codex.stdout], [], [], 1)[0]:
        line = codex.stdout.readline()
        if not line:
            break
        message = json.loads(line)
        if message.get("id") == 1:
            servers = {server["name"]: len(server["tools"]) for server in message["result"]["data"]}
            print("bridge: 7 tools or more" if servers.get("bridge", 0) >= 7 else servers)
            break
codex.kill()
'

files() { bridgectl install --all --dry-run --json | python3 -c '
import json, sys
print("\n".join(client["file"] for client in json.load(sys.stdin)["clients"]))'; }
snapshot() { # copies each configuration file, or notes that there is none
    mkdir -p "$1"
    for file in $FILES; do
        name=$(echo "$file" | tr / _)
        if [ -e "$file" ]; then cp -p "$file" "$1/$name"; else : >"$1/$name.missing"; fi
    done
}

# Clients write a first configuration of their own when they are first run.
for client in $CLIENTS; do health "$client" </dev/null >/dev/null || true; done
# A line of the person, in a layout that no client would choose.
mkdir -p "$HOME_DIR/.codex" && printf '# mine\nmodel   = "gpt-5"\n' >"$HOME_DIR/.codex/config.toml"
# Gemini CLI starts servers only in folders that the person trusts.
mkdir -p "$HOME_DIR/.gemini" && printf '{"%s": "TRUST_FOLDER"}' "$HOME_DIR" >"$HOME_DIR/.gemini/trustedFolders.json"
FILES=$(files)
snapshot "$HOME_DIR/before"

bridgectl install --all >/dev/null
snapshot "$HOME_DIR/installed"
bridgectl install --all | grep -v -e unchanged -e '^WHAT' | grep . && fail "the second install changed something"
snapshot "$HOME_DIR/again"
diff -r "$HOME_DIR/installed" "$HOME_DIR/again" || fail "the second install touched a file"
echo "PASS a second install changes nothing"
bridgectl uninstall >/dev/null
snapshot "$HOME_DIR/after"
diff -r "$HOME_DIR/before" "$HOME_DIR/after" || fail "uninstall left a difference"
[ ! -e "$STATE/install.json" ] || fail "uninstall left its record"
echo "PASS uninstall restores every file byte for byte"

bridgectl install --all
for client in $CLIENTS; do
    said=$(health "$client" <<<"$CODEX_TOOLS" || true)
    version=$(in_home "$client" --version 2>/dev/null | head -n 1)
    if connected "$client" <<<"$said"; then
        echo "PASS $client ($version) is connected: $(grep -m 1 bridge <<<"$said" | tr -s ' ')"
    else
        echo "$said"
        fail "$client ($version) is not connected"
    fi
done
bridgectl uninstall >/dev/null
for file in $FILES; do
    [ ! -e "$file" ] || ! grep -q bridge-shim "$file" || fail "$file still names the bridge"
done
echo "PASS after use, uninstall takes the bridge out of every file"
