#!/bin/bash
# Installs what is needed, builds the program and checks an image (the one that comes along, or those named).
set -euo pipefail
cd "$(dirname "$0")/.."
./scripts/setup.sh

swift build -c release --static-swift-stdlib --product imagecheck
if [ "$#" -eq 0 ]; then set -- testimages/images/healthy-bios-mbr.qcow2; fi
exec .build/release/imagecheck scan "$@"
