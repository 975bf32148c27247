#!/usr/bin/env bash
# Formats the C and C++ files in place; with --check only names those that differ.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
mode="-i"
[ "${1:-}" = --check ] && mode="--dry-run --Werror"
git ls-files -z '*.h' '*.cpp' '*.c' | xargs -0 -r clang-format-19 $mode
