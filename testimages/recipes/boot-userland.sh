#!/bin/bash
# boot-userland.sh BREAKAGE IMAGE.raw -- start the systemd of a broken copy of an image in a container, and say what runs.
#
# A boot in QEMU takes minutes where there is no KVM, this takes seconds: for questions that neither the boot loader
# nor the kernel nor udev decide (units, accounts, PAM, sshd). What it says is no row of recorded-boots.tsv. BREAKAGE "-"
# is the image as it is; the key lies beside IMAGE. A container that is gone is one whose systemd gave up. Needs root,
# loop devices, systemd-container, openssh-client and what break-image.sh needs.
set -euo pipefail

[ $# = 2 ] || { sed -n '2,/^set -euo/{/^set/!s/^# \{0,1\}//p}' "$0"; exit 2; }
HERE=$(dirname "$(readlink -f "$0")"); T=$(mktemp -d); R=$T/root; mkdir "$R"; INIT=
cleanup() {
  if [ -n "$INIT" ]; then kill -9 "$INIT" 2> /dev/null || true; fi
  wait || true
  umount -R "$R" 2> /dev/null || umount -l "$R" 2> /dev/null || true; rm -rf --one-file-system "$T"
}
trap cleanup EXIT
if [ "$1" = - ]; then cp --sparse=always "$2" "$T/disk.raw"; else "$HERE/break-image.sh" "$1" "$2" "$T/disk.raw"; fi
cp "$(dirname "$2")/key" "$T/key"; chmod 600 "$T/key"
start=$(partx -g -b -o START "$T/disk.raw" | tail -n 1); mount -o "loop,offset=$((start * 512))" "$T/disk.raw" "$R"
systemd-nspawn -q --register=no --keep-unit -M "userland-$$" -D "$R" --private-network --console=pipe -b > "$T/console" 2>&1 < /dev/null & container=$!

within() { nsenter -a -t "$INIT" "$@" 2> /dev/null || true; }
state='the container is gone'
for _ in $(seq 90); do
  sleep 2
  kill -0 "$container" 2> /dev/null || break
  INIT=$(pgrep -P "$container" | head -n 1 || true); [ -n "$INIT" ] || continue
  state=$(within systemctl is-system-running)
  case $state in running|degraded|maintenance) break ;; esac
done
echo "$1: $state"
if kill -0 "$container" 2> /dev/null && [ -n "$INIT" ]; then
  for unit in multi-user.target ssh.service systemd-networkd.service; do echo "  $unit $(within systemctl is-active "$unit")"; done
  echo "  failed: $(within systemctl --failed --no-legend --plain | cut -d' ' -f1 | xargs)"
  status=0
  nsenter -n -t "$INIT" ssh -i "$T/key" -o BatchMode=yes -o ConnectTimeout=10 -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null \
    -o LogLevel=ERROR root@127.0.0.1 true > /dev/null 2>&1 || status=$?
  echo "  ssh with the key: $status"
fi
