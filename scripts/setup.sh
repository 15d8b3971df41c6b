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
        chromium chromium-driver python3-selenium fonts-dejavu-core)
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
