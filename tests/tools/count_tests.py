"""Adds up the reports of all test runners and prints the closing line: `N passed, M failed, K skipped`.

Usage: count_tests.py FOLDER…   Each folder holds ctest.xml (ctest --output-junit) and, beside it, the reports of the
runners that ctest only sees as one test: lit.json (lit -o), unit/<name>.xml (GoogleTest) and failures.xml. What ctest
started but what left no report of its own counts as one test.
"""

import json
import os
import sys
import xml.etree.ElementTree as ElementTree


class Count:
    def __init__(self, passed=0, failed=0, skipped=0):
        self.passed, self.failed, self.skipped = passed, failed, skipped

    def add(self, other):
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped


def count_lit(path):
    count = Count()
    with open(path, encoding="utf-8") as file:
        tests = json.load(file)["tests"]
    for test in tests:
        if test["code"] in ("PASS", "XFAIL", "FLAKYPASS"):
            count.passed += 1
        elif test["code"] in ("UNSUPPORTED", "SKIPPED", "EXCLUDED"):
            count.skipped += 1
        else:  # FAIL, XPASS, TIMEOUT, UNRESOLVED
            count.failed += 1
    return count


def count_unit(path):
    count = Count()
    for case in ElementTree.parse(path).getroot().iter("testcase"):
        if case.find("failure") is not None:
            count.failed += 1
        elif case.get("result") in ("skipped", "suppressed") or case.get("status") == "notrun":
            count.skipped += 1
        else:
            count.passed += 1
    return count


def ctest_outcome(case):
    """"passed", "failed" or "skipped". A test that could not be started is a failure, not a skip."""
    if case.get("status") == "run" and case.find("failure") is None:
        return "passed"
    skipped = case.find("skipped")
    if skipped is not None and (skipped.get("message") or "").startswith("SKIP_"):
        return "skipped"
    return "skipped" if case.get("status") == "disabled" else "failed"


def inner_report(folder, name):
    """The finer report of one ctest test, or None."""
    try:
        if name == "lit":
            return count_lit(os.path.join(folder, "lit.json"))
        if name == "failures":
            return count_unit(os.path.join(folder, "failures.xml"))
        if name.startswith("unit."):
            return count_unit(os.path.join(folder, "unit", name[len("unit."):] + ".xml"))
    except (OSError, ValueError, KeyError, ElementTree.ParseError):
        return None  # the runner died before it could report: ctest's word counts
    return None


def count_folder(folder):
    kinds = {}
    for case in ElementTree.parse(os.path.join(folder, "ctest.xml")).getroot().iter("testcase"):
        name = case.get("name")
        outcome = ctest_outcome(case)
        count = inner_report(folder, name) or Count(**{outcome: 1})
        if outcome == "failed" and count.failed == 0:
            count.failed += 1  # all cases well, yet the process failed: a sanitizer at exit, a time-out
        kinds.setdefault(name.split(".")[0], Count()).add(count)
    return kinds


def main(folders):
    total = Count()
    complete = True
    for folder in folders:
        try:
            kinds = count_folder(folder)
        except (OSError, ElementTree.ParseError) as error:
            print(f"{folder}: no report ({error})", file=sys.stderr)
            complete = False
            continue
        for kind, count in sorted(kinds.items()):
            print(f"  {folder}: {kind}: {count.passed} well, {count.failed} wrong, {count.skipped} left out")
            total.add(count)
    if not complete:
        total.failed += 1
    print(f"{total.passed} passed, {total.failed} failed, {total.skipped} skipped")
    return 1 if total.failed or not total.passed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
