#!/usr/bin/env bash
# Completes a directory of packages to a release: bill of materials, checksums, Homebrew formula.
#
#   scripts/release.sh DIRECTORY [TAG]
#
# DIRECTORY holds the tarballs and Debian packages of all targets. TAG, if given, must be v and the version of Cargo.toml.
# Needs cargo-cyclonedx (cargo install --locked cargo-cyclonedx).
set -euo pipefail
cd "$(dirname "$0")/.."

directory=${1:?the directory of the packages}
version=$(scripts/metadata.sh version)
if [ -n "${2:-}" ] && [ "$2" != "v$version" ]; then
    echo "release.sh: the tag $2 is not v$version, which Cargo.toml says" >&2
    exit 1
fi

# It writes one file beside every Cargo.toml of the workspace; the root's has all of what is shipped.
bom=bridged-$version.cdx
cargo cyclonedx --quiet --format json --target all --no-build-deps --override-filename "$bom"
mv "$bom.json" "$directory/"
rm -f ./*/"$bom.json"

(
    cd "$directory"
    rm -f SHA256SUMS bridged.rb
    if command -v sha256sum >/dev/null; then sha256sum -- *; else shasum -a 256 -- *; fi >../SHA256SUMS.new
    mv ../SHA256SUMS.new SHA256SUMS
)
scripts/homebrew.sh "$directory/SHA256SUMS" >"$directory/bridged.rb"
cat "$directory/SHA256SUMS"
