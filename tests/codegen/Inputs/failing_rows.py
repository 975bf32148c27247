"""Runs the two programs of failing_rows.test in all ways and compares them with what Python works out."""
import argparse
import json
import re
import subprocess
import sys

MOST = 2**63 - 1
BUILDS = [["-O", "0"], ["-O", "1"], ["-O", "2", "--target-cpu", "x86-64-v2"], ["-O", "3", "--target-cpu", "native"]]
RUNS = [["--parallelism", "1"], ["--parallelism", "1", "--batch-rows", "1"], ["--parallelism", "1", "--batch-rows", "50"],
        ["--parallelism", "1", "--batch-rows", "100"], ["--parallelism", "1", "--batch-rows", "101"],
        ["--parallelism", "3", "--batch-rows", "7"]]


def divide(a, b):
    """Towards zero, as the language has it."""
    return abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)


def skipped_expected(rows):
    kept, skipped, total = [], 0, {"c": 0, "s": 0}
    for n in range(rows):
        if n == 150:
            skipped += 1
        else:
            total = {"c": total["c"] + 1, "s": total["s"] + divide(1000, n - 150)}
        if n == 0:  # 0 - MOST - 2 is below the least number
            skipped += 1
        elif n % 7 == 3:
            continue
        elif n in (99, 100) or 250 <= n < 260:
            skipped += 1
        else:
            kept.append({"n": n, "share": divide(100, n - 99), "small": 0, "sum": n + 1})
    return kept + [total], skipped


def run(command, code):
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    if done.returncode != code:
        sys.exit(f"{command} ended with {done.returncode}, expected {code}\n{done.stdout[-500:]}{done.stderr}")
    return [json.loads(line) for line in done.stdout.splitlines()], done.stderr


def check(what, seen, expected):
    if seen != expected:
        sys.exit(f"{what}\nseen     {seen}\nexpected {expected}")


def in_order(rows):
    return sorted(rows, key=lambda row: sorted(row.items()))


def check_skipped(job, flags, rows):
    expected, skipped = skipped_expected(rows)
    seen, said = run([job, "--rows", str(rows), "--summary"] + flags, 0)
    check(f"{job} {flags}: rows", in_order(seen), in_order(expected))
    counters = re.search(r"([\d,]+) events in, ([\d,]+) out, .* ([\d,]+) skipped", said)
    check(f"{job} {flags}: counters", counters.groups(), (str(rows), str(len(expected)), str(skipped)))


def check_stopped(job, flags, at):
    seen, said = run([job, "--at", str(at)] + flags, 4)
    check(f"{job} {flags} --at {at}: message", said.splitlines()[-1].split(": ", 1)[1],
          "stopped.flow:6:20: integer division by zero in `100 / (n - at)`; such a row stops the job: `on error skip` after "
          "the step leaves it out; an operator tests for it")
    # The rows before it came first, as far as what they were sent on with had gone out; none behind it came.
    before = [{"n": n, "share": divide(100, n - at)} for n in range(0, at, 50)]
    if "3" not in flags:
        check(f"{job} {flags} --at {at}: rows", seen, before[:len(seen)])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--flowc", required=True)
    options = parser.parse_args()
    for build in BUILDS:
        for program in ("skipped", "stopped"):
            job = f"./{program}{build[1]}"
            subprocess.run([options.flowc, "build", f"{program}.flow", "-o", job] + build, check=True, timeout=60)
            for flags in RUNS:
                if program == "skipped":
                    check_skipped(job, flags, 300)
                    continue
                for at in (0, 49, 99, 100, 150, 299):
                    check_stopped(job, flags, at)
                run([job] + flags, 0)


main()
