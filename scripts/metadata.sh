#!/usr/bin/env bash
# Prints what Cargo.toml says of the whole workspace: `scripts/metadata.sh version`, `scripts/metadata.sh repository`.
set -euo pipefail
cd "$(dirname "$0")/.."

value=$(sed -n "/^\[workspace.package\]/,/^\[/s/^${1:?version or repository} = \"\(.*\)\"/\1/p" Cargo.toml)
[ -n "$value" ] || { echo "metadata.sh: Cargo.toml has no $1 in [workspace.package]" >&2; exit 1; }
echo "$value"
