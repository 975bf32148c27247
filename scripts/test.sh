#!/usr/bin/env bash
# Installs what is missing, builds, and runs all tests. Can be given again at any time, from anywhere.
#   1. everything that ctest knows in the release build: unit tests, lit, whole programs, layering, texts
#   2. the unit tests once more with address and undefined-behaviour sanitizers, and short fuzz runs
#   3. the unit tests once more with the thread sanitizer
# FLOW_TEST_STEPS="release" does only the first, and so on. The last line is the sum of all.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
steps=${FLOW_TEST_STEPS:-release asan tsan}
jobs=$(nproc)
failed=""

scripts/setup.sh || exit 1

# ctest's own summary counts executables; ours, printed at the end, counts cases.
run_ctest() {  # run_ctest FOLDER [ctest arguments]
  local folder=$1; shift
  rm -rf "$folder/reports" && mkdir -p "$folder/reports"
  ctest --test-dir "$folder" -j "$jobs" --output-on-failure --output-junit "$PWD/$folder/reports/ctest.xml" "$@" |
    sed -u -e '/tests passed, .* tests failed/d' -e '/^Internal ctest changing/d'
}

for step in $steps; do
  case "$step" in
    release) folder=build targets="" select="" ;;
    asan) folder=build/asan targets="unit_tests fuzz_tests" select="-L unit|fuzz" ;;
    tsan) folder=build/tsan targets="unit_tests" select="-L unit" ;;
    *) echo "test: unknown step '$step'; there are: release asan tsan" >&2; exit 2 ;;
  esac
  echo "== $step: building"
  rm -rf "$folder/reports"
  if ! scripts/build.sh "$step" $targets; then
    failed="$failed $step-build"
    continue
  fi
  echo "== $step: testing"
  run_ctest "$folder" $select || failed="$failed $step"
done

echo
folders=$(for step in $steps; do [ "$step" = release ] && echo build/reports || echo "build/$step/reports"; done)
/usr/bin/python3 tests/tools/count_tests.py $folders || failed="$failed count"
if [ -n "$failed" ]; then
  echo "test: FAILED:$failed" >&2
  exit 1
fi
