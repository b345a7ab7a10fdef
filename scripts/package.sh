#!/usr/bin/env bash
# Builds the release for one target and packs it: a tarball, and for Linux a Debian package.
#
#   scripts/package.sh [TARGET]      default: a static Linux build for this machine, or macOS as it is
#
# Writes bridged-VERSION-TARGET.tar.gz and bridged_VERSION-1_ARCH.deb into dist/. Needs the target's Rust standard library
# (rustup target add), musl-gcc for Linux (Debian: musl-tools), and cargo-deb for the Debian package (without it there is
# none, and that is said). The machine must be able to run what is built: manual pages and completions come from bridgectl.
set -euo pipefail
cd "$(dirname "$0")/.."

case "$(uname -s)-$(uname -m)" in
    Linux-x86_64) here=x86_64-unknown-linux-musl ;;
    Linux-aarch64) here=aarch64-unknown-linux-musl ;;
    Darwin-arm64) here=aarch64-apple-darwin ;;
    Darwin-x86_64) here=x86_64-apple-darwin ;;
    *) here= ;;
esac
target=${1:-$here}
[ -n "$target" ] || { echo "package.sh: name a target; see rustc --print target-list" >&2; exit 2; }
version=$(scripts/metadata.sh version)
built=${CARGO_TARGET_DIR:-target}/$target/release
stage=target/package
name=bridged-$version-$target

cargo build --release --locked --package bridged --target "$target"

rm -rf "$stage"
mkdir -p "$stage/man" "$stage/completions" "$stage/systemd" "$stage/$name/bin" "$stage/$name/share" dist
"$built/bridgectl" man "$stage/man" >/dev/null
for shell in bash zsh fish; do
    "$built/bridgectl" completions "$shell" >"$stage/completions/bridgectl.$shell"
done
cp systemd/bridged.socket "$stage/systemd/"
# In a package the daemon is where the system's programs are.
sed -e 's|^ExecStart=.*|ExecStart=/usr/bin/bridged|' -e '/^# cargo install puts/d' \
    systemd/bridged.service >"$stage/systemd/bridged.service"

for program in bridged bridge-shim bridgectl; do
    install -m 755 "$built/$program" "$stage/$name/bin/"
done
cp README.md CHANGELOG.md LICENSE SECURITY.md "$stage/$name/"
cp -r docs systemd launchd "$stage/$name/"
cp -r "$stage/man" "$stage/completions" "$stage/$name/share/"
tar -C "$stage" --owner=0 --group=0 -czf "dist/$name.tar.gz" "$name" 2>/dev/null ||
    tar -C "$stage" -czf "dist/$name.tar.gz" "$name" # BSD tar knows no --owner
echo "dist/$name.tar.gz"

case $target in
    *-linux-*)
        if cargo deb --version >/dev/null 2>&1; then
            cargo deb --no-build --locked --target "$target" --output dist/
        else
            echo "package.sh: no Debian package without cargo-deb (cargo install --locked cargo-deb)" >&2
        fi
        ;;
esac
