#!/usr/bin/env python3
"""Random programs at several levels of optimisation against the interpreter (README.md).

A case that differs is left in the folder of work and named with its seed; `--seed N` runs that one again.
"""

import argparse
import concurrent.futures
import csv
import os
import random
import shutil
import subprocess
import sys

VARIANTS = [  # name, flags of flowc, flags of the job
    ("O0", ["-O", "0"], ["--parallelism", "1"]),
    ("O2", ["-O", "2"], ["--parallelism", "3", "--batch-rows", "7"]),
]
EXPRESSIONS, OPERATORS = 60, 6  # of one case: make_case.cpp


def run(command, folder):
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: exit code {done.returncode}\n{done.stderr[-3000:]}")


def rows_of(paths):
    """Header and sorted rows of CSV files that belong together."""
    header, rows = [], []
    for path in paths:
        with open(path, newline="", encoding="utf-8") as file:
            records = list(csv.reader(file))
        header = records[0] if records else header
        rows += records[1:]
    return header, sorted(rows)


def files_of(folder):
    return [os.path.join(folder, name) for name in os.listdir(folder) if not name.startswith(".")]


def difference(stream, expected, seen):
    """The first difference in words, or nothing."""
    (header, wanted), (seen_header, found) = expected, seen
    if wanted == found and (header == seen_header or not found):
        return None
    for want, have in zip(wanted, found):
        if want != have:
            names = [name for name, a, b in zip(header, want, have) if a != b]
            return f"{stream}: {', '.join(names)} differ: the interpreter has {want}, the job {have}"
    return f"{stream}: the interpreter has {len(wanted)} rows, the job {len(found)}"


def check_case(seed, args):
    folder = os.path.join(args.work, f"case-{seed}")
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    run([args.make_case, str(seed), folder], folder)
    streams = sorted(os.listdir(os.path.join(folder, "expected")))
    expected = {name: rows_of([os.path.join(folder, "expected", name)]) for name in streams}
    wrong = []
    for variant, build_flags, job_flags in VARIANTS:
        run([args.flowc, "build", *build_flags, "program.flow", "-o", f"job-{variant}"], folder)
        run([f"./job-{variant}", "--out", f"out-{variant}", *job_flags], folder)
        for name in streams:
            stream = name.removesuffix(".csv")
            seen = rows_of(files_of(os.path.join(folder, f"out-{variant}", stream)))
            found = difference(stream, expected[name], seen)
            if found:
                wrong.append(f"seed {seed}, {variant}: {found} ({folder}/program.flow)")
    if not wrong:
        shutil.rmtree(folder)
    return wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--make-case", required=True)
    parser.add_argument("--flowc", required=True)
    parser.add_argument("--work", required=True, help="folder for the cases")
    parser.add_argument("--seeds", type=int, default=40, help="how many cases")
    parser.add_argument("--seed", type=int, help="this case alone")
    args = parser.parse_args()
    first = random.SystemRandom().randrange(1 << 32)
    seeds = [args.seed] if args.seed is not None else range(first, first + args.seeds)
    print(f"seeds {seeds[0]} to {seeds[-1]}", flush=True)
    wrong = []
    with concurrent.futures.ThreadPoolExecutor(max_workers=2) as pool:
        for seed, future in [(seed, pool.submit(check_case, seed, args)) for seed in seeds]:
            try:
                wrong += future.result()
            except (RuntimeError, subprocess.TimeoutExpired) as problem:
                wrong.append(f"seed {seed}: {problem}")
    for line in wrong[:20]:
        print(line)
    count = len(seeds)
    print(f"{count * EXPRESSIONS} expressions and {count * OPERATORS} operators at {len(VARIANTS)} levels, "
          f"{len(wrong)} differences")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
