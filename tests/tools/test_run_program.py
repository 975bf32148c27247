"""The driver of whole-program runs against a job in miniature: a right one passes, each seeded mistake is caught.
Alone: /usr/bin/python3 -m unittest discover -s tests/tools -p test_run_program.py"""

import contextlib
import io
import json
import os
import tempfile
import unittest

import run_program

HERE = os.path.dirname(os.path.abspath(__file__))


class RunProgram(unittest.TestCase):
    def drive(self, mode, mistake, kills=12, expected_rows=400):
        with tempfile.TemporaryDirectory() as folder:
            program, expected = os.path.join(folder, "job.flow"), os.path.join(folder, "expected.csv")
            with open(program, "w", encoding="utf-8") as file:
                file.write(mistake)
            with open(expected, "w", encoding="utf-8") as file:
                file.write("n\n" + "".join(f"{line}\n" for line in sorted(map(str, range(expected_rows)))))
            programs = os.path.join(folder, "programs.json")
            with open(programs, "w", encoding="utf-8") as file:
                json.dump({"fake": {"program": program, "params": {"out": "{out}"}, "outputs": {"": expected},
                                    "rows": 400}}, file)
            said = io.StringIO()
            with contextlib.redirect_stdout(said):
                code = run_program.main(["fake", mode, "--flowc", os.path.join(HERE, "fake_job.py"), "--work", folder,
                                         "--programs", programs, "--seed", "7", "--kills", str(kills)])
            return code, said.getvalue()

    def assert_wrong(self, result, text):
        self.assertEqual(result[0], 1, result[1])
        self.assertIn(text, result[1])
        self.assertIn("--seed 7", result[1])

    def test_a_right_job_passes_in_every_mode(self):
        for mode in run_program.MODES:
            code, said = self.drive(mode, "none")
            self.assertEqual(code, 0, said)
            self.assertIn("well: ", said)

    def test_a_missing_row_is_named(self):
        self.assert_wrong(self.drive("straight", "none", expected_rows=401), "missing: '400'")

    def test_a_row_too_many_is_named(self):
        self.assert_wrong(self.drive("parallel", "none", expected_rows=399), "not expected: '399'")

    def test_output_forgotten_at_restart_is_caught(self):
        self.assert_wrong(self.drive("killed", "forgets_staging", kills=40), "missing")

    def test_visible_output_that_changes_is_caught(self):
        self.assert_wrong(self.drive("restored", "rewrites"), "has changed")

    def test_visible_output_that_disappears_is_caught(self):
        self.assert_wrong(self.drive("restored", "withdraws"), "disappeared")


if __name__ == "__main__":
    unittest.main()
