#!/bin/bash
# Installs what the tests need and runs them; arguments go to `swift test`.
set -euo pipefail
cd "$(dirname "$0")/.."
./scripts/setup.sh --tests

swift build --build-tests
swift test --skip-build "$@"
