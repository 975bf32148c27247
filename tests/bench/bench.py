#!/usr/bin/python3
"""How fast compiled programs are, beside the same things written by hand in C++, in the same run.

    tests/bench/bench.py                          everything, at most 25 minutes; nothing else may run on the machine
    tests/bench/bench.py --only q5                what holds this text in its name
    tests/bench/bench.py --quick                  a tenth of the events, three pairs: to see that it works
    tests/bench/bench.py --json FILE              keeps every sample as well
    tests/bench/bench.py --markdown FILE          kept figures as the tables of README.md; with --into README.md, there
    tests/bench/bench.py --short                  for CI: results compared and instructions counted, nothing timed
    tests/bench/bench.py --short --renew          the same, and keeps what was counted

Results are compared before anything is timed. The figure is the ratio of the medians; seconds differ from machine to machine
and from hour to hour. Where others use more than a twentieth of the machine meanwhile, nothing is claimed."""
import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile

from suite import counts, machine, report
from suite.cases import CASES, TWINS
from suite.programs import BenchError, Programs
from suite.single import Single
from suite.throughput import Throughput

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
BEGIN, END = "<!-- figures -->", "<!-- end of figures -->"

STATE = [["memory", "1000000"], ["memory", "16000000"], ["growth", "1000000"], ["growth", "64000000"], ["copy", "1000000"],
         ["copy", "64000000"]]


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", type=pathlib.Path, default=ROOT / "build/bin", help="folder of flowc and the baselines")
    parser.add_argument("--flowc", type=pathlib.Path, help="default: the one in --bin")
    parser.add_argument("--only", default="", help="cases whose name holds this text")
    parser.add_argument("--pairs", type=int, default=7)
    parser.add_argument("--scale", type=float, default=1.0, help="of the number of events and of seconds")
    parser.add_argument("--quick", action="store_true", help="as --scale 0.1 --pairs 3")
    parser.add_argument("--target-cpu", default="x86-64-v3", help="of the jobs; the baselines are built for x86-64-v3")
    parser.add_argument("--level", type=int, default=3, help="-O of the jobs")
    parser.add_argument("--work", help="folder for files, a quick and large one (default: a temporary one)")
    parser.add_argument("--json", type=pathlib.Path)
    parser.add_argument("--markdown", type=pathlib.Path)
    parser.add_argument("--into", type=pathlib.Path, help="with --markdown: the file whose tables are renewed")
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--renew", action="store_true")
    options = parser.parse_args()
    options.flowc = options.flowc or options.bin / "flowc"
    if options.quick:
        options.scale, options.pairs = 0.1, 3
    return options


def show(options):
    text = report.markdown(json.loads(options.markdown.read_text()))
    if not options.into:
        print(text, end="")
        return 0
    before, _, rest = options.into.read_text().partition(BEGIN)
    _, found, after = rest.partition(END)
    if not found:
        raise BenchError(f"{options.into} has no place for figures: two lines, {BEGIN} and {END}")
    options.into.write_text(f"{before}{BEGIN}\n{text}{END}{after}")
    return 0


class Run:
    """One run of the suite: figures are printed as they come, a case that fails does not keep the others."""

    def __init__(self, options, work):
        self.options = options
        self.programs = Programs(options.flowc, options.target_cpu, options.level, work)
        self.throughput, self.single = Throughput(self.programs, options, work), Single(self.programs, options, work)
        self.results = {"machine": machine.about(options), "command": " ".join(sys.argv), "throughput": [], "single": [],
                        "state": [], "failed": []}

    def run(self):
        self.greet()
        print(report.line(report.HEAD), flush=True)
        for case in [case for case in [*CASES, *TWINS] if self.options.only in case.name]:
            self.keep(case.name, lambda: self.throughput.run(case), "throughput",
                      lambda row: report.line(report.cells(row)))
        for name, measure in self.single.all():
            if self.options.only in name:
                self.keep(name, measure, "single", report.single_line)
        if self.options.only in "state":
            self.run_state()
        self.save()
        for text in self.results["failed"]:
            print(f"FAILED {text}")
        return 1 if self.results["failed"] else 0

    def greet(self):
        told = self.results["machine"]
        others = machine.busy()
        print(f"{told['date']}, {told['processor']}, {told['processors']} processors, huge pages "
              f"{told['transparent_hugepages']}, load {' '.join(f'{part:.2f}' for part in told['load_average'])}, "
              f"others use {others * 100:.0f} %")
        if others > machine.BUSY:
            print("others use this machine: figures are shown, but nothing is claimed where they do")

    def keep(self, name, measure, table, line):
        try:
            for row in measure():
                self.results[table].append(row)
                print(line(row), flush=True)
        except BenchError as error:
            self.results["failed"].append(f"{name}: {error}")
            print(f"{name}: {error}", flush=True)

        self.save()

    def save(self):
        if self.options.json:
            self.options.json.write_text(json.dumps(self.results, indent=1) + "\n")

    def run_state(self):
        """Tables beside tables by hand, without a job around them: what state_bench says, as it says it."""
        for words in STATE:
            if self.options.scale < 1 and int(words[1]) > 16_000_000:
                continue
            done = subprocess.run([self.options.bin / "state_bench", *words], capture_output=True, text=True, check=False)
            lines = [f"state_bench {' '.join(words)}", *(f"  {line}" for line in done.stdout.splitlines())]
            self.results["state"] += lines
            print("\n".join(lines), flush=True)
            if done.returncode != 0:
                self.results["failed"].append(f"state_bench {' '.join(words)}: {done.stderr.strip()}")


def main():
    options = parse()
    if options.markdown:
        return show(options)
    os.environ["LC_ALL"] = "C"
    with tempfile.TemporaryDirectory(prefix="flow-bench-", dir=options.work) as folder:
        work = pathlib.Path(folder)
        if options.short:
            return counts.run(options, work)
        return Run(options, work).run()


if __name__ == "__main__":
    try:
        sys.exit(main())
    except BenchError as error:
        sys.exit(f"bench: {error}")
