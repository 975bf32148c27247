"""The runner of tests/bench: what it claims, and what it refuses. Run alone: python3 -m unittest test_bench, in this folder."""
import pathlib
import sys
import tempfile
import types
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "bench"))

from suite import counts, report  # noqa: E402
from suite.cases import CASES, TWINS, Case, Twin  # noqa: E402
from suite.contest import Sample, compare, contest, measure  # noqa: E402
from suite.programs import HERE, BenchError, Programs  # noqa: E402
from suite.throughput import Throughput  # noqa: E402


def row(median, best, busy=0.0, floor=0.9, aim=1.0):
    return {"ratio_of_medians": median, "ratio_of_bests": best, "busy": busy, "floor": floor, "aim": aim}


class Verdicts(unittest.TestCase):
    def test_a_floor_is_missed_only_if_both_ratios_miss_it(self):
        self.assertEqual(report.verdict(row(0.8, 0.89)), "missed")
        self.assertEqual(report.verdict(row(0.8, 0.91)), "floor")
        self.assertEqual(report.verdict(row(1.0, 0.8)), "aim")

    def test_nothing_is_claimed_on_a_busy_machine(self):
        self.assertEqual(report.verdict(row(2.0, 2.0, busy=0.06)), "busy")

    def test_the_ratio_says_how_much_faster_the_first_is(self):
        samples = {"a": [Sample(s, 0) for s in (1.0, 2.0, 9.0)], "b": [Sample(s, 0) for s in (3.0, 4.0, 5.0)]}
        self.assertEqual(compare(samples, "a", "b"), {"ratio_of_medians": 2.0, "ratio_of_bests": 3.0})


class Contests(unittest.TestCase):
    def test_contestants_take_turns_and_the_first_turn_is_not_kept(self):
        order = []
        samples, _ = contest({"a": ["true"], "b": ["true"]}, 2, before=order.append)
        self.assertEqual(order, ["a", "b"] * 3)
        self.assertEqual([len(taken) for taken in samples.values()], [2, 2])

    def test_a_run_that_fails_is_not_a_sample(self):
        with self.assertRaisesRegex(BenchError, "ended with 3: why"):
            measure(["sh", "-c", "echo why >&2; exit 3"])


    def test_a_run_that_hangs_ends(self):
        with self.assertRaisesRegex(BenchError, "has not ended"):
            measure(["sleep", "30"], limit_s=0.1)


class Counts(unittest.TestCase):
    def test_a_count_may_fall_but_not_rise_beyond_the_tolerance(self):
        def wrong(now, kept):
            return counts.judge("x", {"Flow": now, "by hand": 1.0}, kept)

        self.assertEqual(wrong(102.9, 100.0), [])
        self.assertEqual(wrong(50.0, 100.0), [])
        self.assertEqual(len(wrong(103.1, 100.0)), 1)
        self.assertEqual(len(wrong(100.0, None)), 1)


class Results(unittest.TestCase):
    """A job and a program by hand, both made of shell, that agree or do not."""

    def throughput(self, folder, by_flow, by_hand):
        def script(name, text):
            path = folder / name
            path.write_text(f"#!/bin/sh\n{text}\n")
            path.chmod(0o755)
            return path

        script("hand", f"echo '{by_hand}'")
        writes = script("job", f'while [ "$1" != --out ]; do shift; done; mkdir -p "$2"; echo \'{by_flow}\' > "$2/part-0"')
        programs = types.SimpleNamespace(rows=lambda *_: writes, digest=lambda *_: writes)
        return Throughput(programs, types.SimpleNamespace(bin=folder), folder)

    def check(self, by_flow, by_hand):
        case = Case("x", "w", "q", 1000, "hand")
        with tempfile.TemporaryDirectory() as folder:
            throughput = self.throughput(pathlib.Path(folder), by_flow, by_hand)
            throughput.check_rows(case, 10)
            throughput.check_digests(case, 10)

    def test_equal_results_pass(self):
        self.check("1,2", "1,2")

    def test_different_results_do_not(self):
        with self.assertRaisesRegex(BenchError, "differ"):
            self.check("1,2", "1,3")


class Cases(unittest.TestCase):
    def test_names_are_unique_and_programs_are_there(self):
        names = [case.name + case.compared if isinstance(case, Twin) else case.name for case in [*CASES, *TWINS]]
        self.assertEqual(len(names), len(set(names)))
        for case in [*CASES, *TWINS]:
            self.assertTrue((HERE / case.workload / f"{case.query}.flow").is_file(), case.name)

    def test_a_table_goes_to_a_final_sink(self):
        programs = Programs("flowc", "x86-64-v3", 3, pathlib.Path())
        self.assertEqual(programs.final("keyed", "sums"), " final")
        self.assertEqual(programs.final("nexmark", "q1"), "")


if __name__ == "__main__":
    unittest.main()
