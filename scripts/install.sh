#!/bin/bash
# Installs the program that was built, its manual page and completions for bash, zsh and fish.
#
#   scripts/install.sh [PREFIX]     PREFIX is /usr/local unless given
set -euo pipefail
cd "$(dirname "$0")/.."
prefix=${1:-/usr/local}

program=.build/release/imagecheck
if [ ! -x "$program" ]; then
    echo "install: $program is not there yet: swift build -c release --static-swift-stdlib --product imagecheck" >&2
    exit 1
fi

install -D -m 755 "$program" "$prefix/bin/imagecheck"
install -D -m 644 docs/imagecheck.1 "$prefix/share/man/man1/imagecheck.1"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for shell in bash zsh fish; do "$program" --generate-completion-script "$shell" >"$work/$shell"; done
install -D -m 644 "$work/bash" "$prefix/share/bash-completion/completions/imagecheck"
install -D -m 644 "$work/zsh" "$prefix/share/zsh/site-functions/_imagecheck"
install -D -m 644 "$work/fish" "$prefix/share/fish/vendor_completions.d/imagecheck.fish"
echo "install: imagecheck is in $prefix/bin" >&2
