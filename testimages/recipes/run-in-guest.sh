#!/bin/bash
# run-in-guest.sh -- boot an image in QEMU, run a command in it as root, and let it stop.
#
#   run-in-guest.sh --image DISK.raw --key KEY [--uefi] [--kernel F --initrd F --append LINE] [--kill] COMMAND
#
# The image is changed.  With --kernel, --initrd and --append no boot loader is needed.  The guest is shut down
# after the command; --kill pulls the plug instead.  Needs qemu-system-x86, ovmf (with --uefi), openssh-client.
set -euo pipefail

IMAGE= KEY= KILL= UEFI= DIRECT=()
while [ $# -gt 0 ]; do
  case $1 in
    --image) IMAGE=$2; shift ;;     --key) KEY=$2; shift ;;
    --kernel) DIRECT+=(-kernel "$2"); shift ;;  --initrd) DIRECT+=(-initrd "$2"); shift ;;
    --append) DIRECT+=(-append "$2"); shift ;;
    --uefi) UEFI=1 ;;               --kill) KILL=1 ;;
    -h|--help) sed -n '2,/^set -euo/{/^set/!s/^# \{0,1\}//p}' "$0"; exit 0 ;;
    *) break ;;
  esac; shift
done
[ $# = 1 ] && [ -f "$IMAGE" ] && [ -f "$KEY" ] || { echo "$(basename "$0"): --image, --key and a command are needed" >&2; exit 2; }

T=$(mktemp -d); trap 'rm -rf "$T"' EXIT
cp "$KEY" "$T/key"; chmod 600 "$T/key"
FIRMWARE=()
if [ -n "$UEFI" ]; then
  cp /usr/share/OVMF/OVMF_VARS_4M.fd "$T/vars"
  FIRMWARE=(-drive if=pflash,format=raw,readonly=on,file=/usr/share/OVMF/OVMF_CODE_4M.fd -drive "if=pflash,format=raw,file=$T/vars")
fi
PORT=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
qemu-system-x86_64 -machine q35,accel=tcg -m 1024 -display none -serial "file:$T/console" -monitor none "${FIRMWARE[@]}" "${DIRECT[@]}" \
  -drive "file=$IMAGE,format=raw,if=virtio" -nic "user,model=virtio-net-pci,hostfwd=tcp:127.0.0.1:$PORT-:22" & PID=$!
trap 'kill -9 $PID 2>/dev/null || true; rm -rf "$T"' EXIT
inside=(ssh -i "$T/key" -p "$PORT" -o BatchMode=yes -o ConnectTimeout=10 -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR root@127.0.0.1)
start=$SECONDS
until "${inside[@]}" true 2> /dev/null; do
  if ! kill -0 $PID 2> /dev/null || [ $((SECONDS - start)) -gt 400 ]; then
    echo "$(basename "$0"): no way into $IMAGE; the console ends in" >&2; tail -n 5 "$T/console" >&2; exit 1
  fi
  sleep 3
done
status=0
"${inside[@]}" "$1" || status=$?
if [ -n "$KILL" ]; then kill -9 $PID; else "${inside[@]}" poweroff || true; fi
wait $PID || true
exit $status
