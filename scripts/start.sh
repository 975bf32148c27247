#!/usr/bin/env bash
# From a clean clone to an answer: installs what is missing, builds flowc, compiles examples/flights/worst_airport.flow
# and runs it on half a million real flights. Can be given again at any time, from anywhere.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

scripts/setup.sh
echo "== building the compiler (build/bin/flowc)"
scripts/build.sh release flowc

out=build/examples/worst_airport
rm -rf "$out"
mkdir -p "$out"
echo "== compiling examples/flights/worst_airport.flow"
build/bin/flowc build examples/flights/worst_airport.flow -o "$out/worst_airport"
echo "== running it: 508 239 flights of January 2001, in the order in which they happened"
"$out/worst_airport" --parallelism 2 --data examples/flights/data/flights.csv.zst --out "$out/result"

echo "== the worst airport of every three hours, the first of $(cat "$out"/result/part-* | grep -vc '^window_start') (all in $out/result)"
{ cat "$out"/result/part-* | grep -m1 '^window_start' || true
  cat "$out"/result/part-* | grep -v '^window_start' | sort; } | sed -n 1,9p
