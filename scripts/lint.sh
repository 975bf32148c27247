#!/usr/bin/env bash
# clang-tidy over the files given, or over those changed since the last commit on main. Needs build/ to be configured.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
files=("$@")
[ ${#files[@]} -gt 0 ] || mapfile -t files < <(git diff --name-only --diff-filter=d main -- '*.cpp')
[ ${#files[@]} -gt 0 ] || { echo "lint: no changed .cpp file"; exit 0; }
clang-tidy-19 -p build --quiet "${files[@]}"
