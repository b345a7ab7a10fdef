#!/bin/sh
# Installs bridged's three programs for you alone, from a release whose checksums are verified.
#
#   curl -fsSL https://github.com/bridged/bridged/releases/latest/download/install.sh | sh
#
# BRIDGED_VERSION  which release (default: the newest)
# BRIDGED_PREFIX   where to: programs into bin below it, manual pages and completions into share (default: ~/.local)
# BRIDGED_RELEASES where releases are, for a mirror
set -eu

repository=https://github.com/bridged/bridged
releases=${BRIDGED_RELEASES:-$repository/releases}
prefix=${BRIDGED_PREFIX:-${HOME:?}/.local}

fail() {
    echo "install.sh: $*" >&2
    exit 1
}

case "$(uname -s)-$(uname -m)" in
    Linux-x86_64 | Linux-amd64) target=x86_64-unknown-linux-musl ;;
    Linux-aarch64 | Linux-arm64) target=aarch64-unknown-linux-musl ;;
    Darwin-arm64) target=aarch64-apple-darwin ;;
    Darwin-x86_64) target=x86_64-apple-darwin ;;
    *) fail "there is no build for $(uname -s) on $(uname -m); with Rust: git clone $repository && cargo install --path bridged" ;;
esac

if [ -n "${BRIDGED_VERSION:-}" ]; then
    from=$releases/download/v${BRIDGED_VERSION#v}
else
    from=$releases/latest/download
fi

fetch() {
    if command -v curl >/dev/null; then
        curl --fail --silent --show-error --location --proto '=https,file' --output "$2" "$1"
    elif command -v wget >/dev/null; then
        wget --quiet --output-document="$2" "$1"
    else
        fail "neither curl nor wget is there"
    fi || fail "could not fetch $1"
}

checksum() {
    if command -v sha256sum >/dev/null; then
        sha256sum "$1"
    elif command -v shasum >/dev/null; then
        shasum -a 256 "$1"
    else
        fail "neither sha256sum nor shasum is there: what was fetched cannot be verified"
    fi | cut -d ' ' -f 1
}

# Everything happens in a function: a script that was cut off on its way does nothing.
main() {
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    trap 'exit 1' HUP INT TERM
    fetch "$from/SHA256SUMS" "$work/SHA256SUMS"
    line=$(grep -E "^[0-9a-f]{64} [ *]bridged-[0-9A-Za-z.+-]+-$target\.tar\.gz\$" "$work/SHA256SUMS" || true)
    [ "$(printf '%s\n' "$line" | grep -c .)" = 1 ] || fail "$from/SHA256SUMS names no build for $target"
    expected=${line%% *}
    archive=${line##*[ *]}
    fetch "$from/$archive" "$work/$archive"
    found=$(checksum "$work/$archive")
    [ "$found" = "$expected" ] ||
        fail "$archive is not what SHA256SUMS says ($found instead of $expected); nothing was installed"
    tar -xzf "$work/$archive" -C "$work"
    unpacked=$work/${archive%.tar.gz}
    # A program that cannot run here must not take the place of one that can.
    "$unpacked/bin/bridgectl" --version >/dev/null || fail "the build for $target does not run on this machine"

    mkdir -p "$prefix/bin" "$prefix/share/man/man1" "$prefix/share/bash-completion/completions" \
        "$prefix/share/zsh/site-functions" "$prefix/share/fish/vendor_completions.d"
    for program in bridged bridge-shim bridgectl; do
        # Renamed into place: a program that runs keeps its file, and nobody sees half of one.
        cp "$unpacked/bin/$program" "$prefix/bin/.$program.new"
        chmod 755 "$prefix/bin/.$program.new"
        mv -f "$prefix/bin/.$program.new" "$prefix/bin/$program"
    done
    cp "$unpacked"/share/man/*.1 "$prefix/share/man/man1/"
    cp "$unpacked/share/completions/bridgectl.bash" "$prefix/share/bash-completion/completions/bridgectl"
    cp "$unpacked/share/completions/bridgectl.zsh" "$prefix/share/zsh/site-functions/_bridgectl"
    cp "$unpacked/share/completions/bridgectl.fish" "$prefix/share/fish/vendor_completions.d/bridgectl.fish"

    echo "$("$prefix/bin/bridgectl" --version) is in $prefix/bin"
    case ":${PATH:-}:" in
        *":$prefix/bin:"*) next=bridgectl ;;
        *)
            next=$prefix/bin/bridgectl
            echo "$prefix/bin is not on your PATH: add it in your shell's profile"
            ;;
    esac
    echo "next: $next demo      shows two agents at work"
    echo "      $next install   adds the bridge to your MCP clients"
}

main
