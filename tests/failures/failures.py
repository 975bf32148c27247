"""What a job says and does when something is wrong: its input, its output, its checkpoints, its flags.

  failures.py --flowc FLOWC --work FOLDER [--report FILE] [--only PART-OF-A-NAME]

Each case runs compiled programs of this folder and looks at three things: the exit code, the essential words of the
message, and the results, which must be those of a run without the failure or nothing at all. Every message is written to
FOLDER/messages.log, so that a person can judge the sentences. The report is a JUnit file; exit 1 if a case failed.
"""

import argparse
import os
import sys
import time
import traceback
from xml.sax.saxutils import quoteattr

import cases
from jobs import Wrong


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--flowc", required=True)
    parser.add_argument("--work", required=True)
    parser.add_argument("--report")
    parser.add_argument("--only", default="")
    return parser.parse_args()


def run_case(name, case, bench):
    """What was wrong, or None; and the seconds that it took."""
    began = time.monotonic()
    wrong = None
    try:
        case(bench.begin(name))
    except Wrong as problem:
        wrong = str(problem)
    except Exception:  # a case that breaks is a case that fails: the others still run
        wrong = traceback.format_exc()
    return wrong, time.monotonic() - began


def write_report(path, results):
    os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
    failed = sum(1 for _, wrong, _ in results if wrong)
    with open(path, "w", encoding="utf-8") as file:
        file.write(f'<testsuite name="failures" tests="{len(results)}" failures="{failed}">\n')
        for name, wrong, seconds in results:
            file.write(f'  <testcase name={quoteattr(name)} classname="failures" status="run" time="{seconds:.3f}">')
            if wrong:
                file.write(f"<failure message={quoteattr(wrong)}/>")
            file.write("</testcase>\n")
        file.write("</testsuite>\n")


def main():
    options = arguments()
    bench = cases.Bench(os.path.abspath(options.flowc), os.path.abspath(options.work))
    results = []
    for name, case in cases.all_cases():
        if options.only not in name:
            continue
        wrong, seconds = run_case(name, case, bench)
        results.append((name, wrong, seconds))
        if wrong:
            print(f"FAILED {name}: {wrong}", flush=True)
    bench.close()
    if options.report:
        write_report(options.report, results)
    failed = sum(1 for _, wrong, _ in results if wrong)
    print(f"messages: {bench.log_path}")
    print(f"{len(results) - failed} passed, {failed} failed, 0 skipped")
    return 1 if failed or not results else 0


if __name__ == "__main__":
    sys.exit(main())
