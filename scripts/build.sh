#!/usr/bin/env bash
# Configures (when needed) and builds: scripts/build.sh [PRESET [TARGET…]]. Presets stand in CMakePresets.json.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
preset=${1:-release}
shift || true

case "$preset" in
  release) folder=build ;;
  *) folder=build/$preset ;;
esac
log=$folder/configure.log
mkdir -p "$folder"
# Once configured, ninja itself configures again when a CMake file changes.
if [ ! -f "$folder/build.ninja" ] && ! cmake --preset "$preset" >"$log" 2>&1; then
  cat "$log" >&2
  exit 1
fi
ninja -C "$folder" "$@"
