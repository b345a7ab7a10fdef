#!/usr/bin/env bash
# Prints the Homebrew formula of a release: packaging/homebrew/bridged.rb.in with version, addresses and checksums.
#
#   scripts/homebrew.sh SHA256SUMS > bridged.rb
#
# Fails when the checksum of one of the four tarballs is missing: a formula with a hole in it is worse than none.
set -euo pipefail
sums=$(realpath "${1:?the file SHA256SUMS of the release}")
cd "$(dirname "$0")/.."

version=$(scripts/metadata.sh version)
repository=$(scripts/metadata.sh repository)
text=$(cat packaging/homebrew/bridged.rb.in)
for target in aarch64-apple-darwin x86_64-apple-darwin aarch64-unknown-linux-musl x86_64-unknown-linux-musl; do
    sum=$(awk -v file="bridged-$version-$target.tar.gz" '$2 == file || $2 == "*" file { print $1 }' "$sums")
    if ! [[ $sum =~ ^[0-9a-f]{64}$ ]]; then
        echo "homebrew.sh: $sums has no checksum of bridged-$version-$target.tar.gz" >&2
        exit 1
    fi
    text=${text//"@SHA256 $target@"/$sum}
done
text=${text//@VERSION@/$version}
text=${text//@REPOSITORY@/$repository}
echo "$text"
