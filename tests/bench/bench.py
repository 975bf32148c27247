#!/usr/bin/python3
"""Events per second of compiled programs beside the same thing written by hand in C++, in the same run.

    tests/bench/bench.py [--flowc build/bin/flowc] [--baseline build/bin/bench_baseline] [--pairs 7] [--only TEXT] [--json FILE]

Each case first runs small on both sides and compares the result rows; only then it is timed, A B A B, as whole
processes. The figure is the ratio of the medians; seconds differ from machine to machine and from hour to hour."""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent

# name, program, params of the job, words of the baseline, events
CASES = [
    ("generate > where > discard", "where", ["--events", "{n}"], ["where", "{n}"], 100_000_000),
    ("generate > key > tumbling sum, 1 K keys", "tumbling_sum", ["--events", "{n}", "--keys", "1024"],
     ["tumbling_sum", "{n}", "1024"], 30_000_000),
    ("generate > key > tumbling sum, 1 M keys", "tumbling_sum", ["--events", "{n}", "--keys", "1048576"],
     ["tumbling_sum", "{n}", "1048576"], 30_000_000),
    ("CSV file > hourly tips", "hourly_tips_csv", ["--data", "{fares}"], ["hourly_tips_csv", "{fares}"], 5_000_000),
    ("CSV file of rides > where, all 11 fields", "rides_all", ["--data", "{rides}"], ["rides_all", "{rides}"], 4_000_000),
    ("CSV file of rides > where, 4 of 11 fields", "rides_four", ["--data", "{rides}"], ["rides_four", "{rides}"], 4_000_000),
]


class Bench:
    def __init__(self, options, work):
        self.flowc, self.baseline, self.work = options.flowc, options.baseline, work
        self.options = options

    def build(self, program, sink):
        text = (HERE / f"{program}.flow").read_text().replace("-> SINK", f"-> {sink}")
        kind = "timed" if sink.startswith("discard") else "checked"
        source = self.work / f"{program}_{kind}.flow"
        source.write_text(text)
        job = self.work / f"{program}_{kind}"
        subprocess.run([self.flowc, "build", source, "-o", job, "-O", "3", "--target-cpu", self.options.target_cpu], check=True)
        return job

    def data(self, what, events):
        folder = self.work / f"{what}_{events}"
        if not folder.exists():
            job = self.build(f"make_{what}", "csv(out)")
            subprocess.run([job, "--events", str(events), "--out", folder, "--parallelism", "1"], check=True)
        parts = sorted(folder.glob("part-*"))
        if len(parts) != 1:
            sys.exit(f"bench: expected one part file in {folder}, found {len(parts)}")
        return str(parts[0])

    def words(self, template, events):
        files = {what: self.data(what, events) for what in ("fares", "rides") if f"{{{what}}}" in template}
        return [w.format(n=events, **files) for w in template]

    def check(self, program, params, words, events):
        out = self.work / f"checked_{program}_{'_'.join(params[-1:])}".replace("/", "_")
        job = self.build(program, "csv(out, header: false)")
        subprocess.run([job, *self.words(params, events), "--out", out, "--parallelism", "1"], check=True)
        got = sorted(line for part in out.glob("part-*") for line in part.read_text().splitlines())
        want = subprocess.run([self.baseline, *self.words(words, events), "--print"], check=True, capture_output=True, text=True)
        want = sorted(want.stdout.splitlines())
        if got != want:
            sys.exit(f"bench: {program}: {len(got)} rows, by hand {len(want)}: the results differ, no time is taken")

    @staticmethod
    def seconds(command):
        begin = time.monotonic()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return time.monotonic() - begin

    def time(self, program, params, words, events, parallelism):
        job = self.build(program, "discard()")
        ours = [job, *self.words(params, events), "--parallelism", str(parallelism)]
        theirs = [self.baseline, *self.words(words, events)]
        self.seconds(ours), self.seconds(theirs)
        pairs = [(self.seconds(ours), self.seconds(theirs)) for _ in range(self.options.pairs)]
        return [a for a, _ in pairs], [b for _, b in pairs]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--flowc", default=str(ROOT / "build/bin/flowc"))
    parser.add_argument("--baseline", default=str(ROOT / "build/bin/bench_baseline"))
    parser.add_argument("--pairs", type=int, default=7)
    parser.add_argument("--scale", type=float, default=1.0, help="of the number of events")
    parser.add_argument("--only", default="", help="cases whose name holds this text")
    parser.add_argument("--target-cpu", default="x86-64-v3")
    parser.add_argument("--json")
    options = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory(prefix="flow-bench-") as folder:
        bench = Bench(options, pathlib.Path(folder))
        print(f"{'case':42} {'workers':>7} {'Flow M/s':>9} {'by hand M/s':>12} {'ratio':>6}")
        for name, program, params, words, events in [case for case in CASES if options.only in case[0]]:
            events = max(1000, int(events * options.scale))
            bench.check(program, params, words, min(events, 50_000))
            for parallelism in (1, 2):
                ours, theirs = bench.time(program, params, words, events, parallelism)
                mine, hand = statistics.median(ours), statistics.median(theirs)
                print(f"{name:42} {parallelism:7} {events / mine / 1e6:9.1f} {events / hand / 1e6:12.1f} {hand / mine:6.2f}", flush=True)
                rows.append({"case": name, "workers": parallelism, "events": events, "flow_s": ours, "hand_s": theirs,
                             "ratio_of_medians": hand / mine})
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps(rows, indent=2) + os.linesep)


if __name__ == "__main__":
    main()
