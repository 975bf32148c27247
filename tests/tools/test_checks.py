"""The checkers and the counter against small inputs that they must accept or refuse."""

import os
import tempfile
import unittest

import check_layers
import check_text
import count_tests

FILES = {"runtime/host/worker.h", "runtime/batch/batch.h", "compiler/plan/plan.h", "lang/ast/ast.h", "runtime/abi/flow_host.h"}


class Layers(unittest.TestCase):
    def wrong(self, path, text):
        return check_layers.check_file(path, text, FILES.__contains__)

    def test_neighbours_below_are_allowed(self):
        self.assertEqual(self.wrong("runtime/state/table.cpp", '#include "runtime/batch/batch.h"\n#include <vector>\n'), [])
        self.assertEqual(self.wrong("codegen/chain.cpp", '#include "compiler/plan/plan.h"\n#include <llvm/IR/Module.h>\n'), [])

    def test_the_core_must_not_know_its_host(self):
        found = self.wrong("runtime/task/task.cpp", '\n#include "runtime/host/worker.h"\n')
        self.assertEqual(found, ["runtime/task/task.cpp:2: runtime/task must not know of runtime/host/worker.h"])

    def test_the_runtime_must_not_know_the_compiler(self):
        self.assertTrue(self.wrong("runtime/program/main.cpp", '#include "compiler/plan/plan.h"\n'))
        self.assertTrue(self.wrong("lang/ast/ast.cpp", '#include "compiler/plan/plan.h"\n'))

    def test_a_foreign_host_sees_line_2_alone(self):
        self.assertEqual(self.wrong("tests/host/host.cpp", '#include "runtime/abi/flow_host.h"\n'), [])
        self.assertTrue(self.wrong("tests/host/host.cpp", '#include "runtime/batch/batch.h"\n'))

    def test_threads_clocks_and_llvm_have_their_places(self):
        self.assertTrue(self.wrong("runtime/state/table.cpp", "#include <thread>\n"))
        self.assertTrue(self.wrong("runtime/task/task.cpp", "#include <chrono>\n"))
        self.assertTrue(self.wrong("compiler/sema/check.cpp", "#include <llvm/IR/Module.h>\n"))
        self.assertTrue(self.wrong("runtime/abi/flow_abi.h", "#include <cstdint>\n"))
        self.assertEqual(self.wrong("runtime/host/worker.cpp", "#include <thread>\n"), [])

    def test_an_unknown_folder_is_refused(self):
        self.assertIn("not in the table", self.wrong("runtime/misc/x.cpp", "")[0])


class Texts(unittest.TestCase):
    def test_words(self):
        for line in ("see /wor" "k/main/x", "from pyp" "i.org", "// TO" "DO later", "wrong for no" "w."):
            self.assertEqual(len(check_text.check_words("a.md", line + "\n")), 1, line)
        for line in ("a session(30min) window", "for nowhere", "the user agent", "work/main"):
            self.assertEqual(check_text.check_words("a.md", line + "\n"), [], line)

    def test_line_ends(self):
        self.assertEqual(len(check_text.check_words("a.md", "no end")), 1)
        self.assertEqual(len(check_text.check_words("a.md", "a\r\n")), 1)

    def test_every_diagnostic_needs_a_test(self):
        with tempfile.TemporaryDirectory() as root:
            os.makedirs(os.path.join(root, "lang/diagnostics"))
            with open(os.path.join(root, "lang/diagnostics/diagnostics.def"), "w", encoding="utf-8") as file:
                file.write('// DIAGNOSTIC(kind, …)\nDIAGNOSTIC(unknown_name, error, "x")\nDIAGNOSTIC(syntax, error, "y")\n')
            found = check_text.check_diagnostics(root, ["// CHECK: error: hm [unknown-name]"])
            self.assertEqual(found, ["lang/diagnostics/diagnostics.def: no test shows [syntax]"])


CTEST = """<testsuite>
<testcase name="layers" status="run"/>
<testcase name="unit.a_test" status="run"/>
<testcase name="unit.b_test" status="fail"><failure message=""/></testcase>
<testcase name="unit.c_test" status="fail"><failure message=""/></testcase>
<testcase name="unit.gone" status="notrun"><skipped message="Unable to find executable"/></testcase>
<testcase name="program.web" status="notrun"><skipped message="SKIP_RETURN_CODE=77"/></testcase>
<testcase name="lit" status="run"/>
</testsuite>"""
UNIT_A = """<testsuites><testsuite>
<testcase name="x" status="run" result="completed"/>
<testcase name="y" status="run" result="skipped"><skipped/></testcase>
</testsuite></testsuites>"""
UNIT_B = '<testsuites><testsuite><testcase name="x" status="run" result="completed"/></testsuite></testsuites>'
LIT = '{"tests": [{"code": "PASS"}, {"code": "PASS"}, {"code": "UNSUPPORTED"}]}'


class Counting(unittest.TestCase):
    def test_cases_are_counted_once_and_nothing_broken_counts_as_well(self):
        with tempfile.TemporaryDirectory() as folder:
            os.makedirs(os.path.join(folder, "unit"))
            for name, text in {"ctest.xml": CTEST, "unit/a_test.xml": UNIT_A, "unit/b_test.xml": UNIT_B,
                               "lit.json": LIT}.items():
                with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
                    file.write(text)
            kinds = count_tests.count_folder(folder)
            as_tuple = {kind: (c.passed, c.failed, c.skipped) for kind, c in kinds.items()}
            self.assertEqual(as_tuple, {
                "layers": (1, 0, 0),
                # a: one well, one skipped; b: its case is well but the process failed; c: died without a report
                "unit": (2, 3, 1),
                "program": (0, 0, 1),
                "lit": (2, 0, 1),
            })


if __name__ == "__main__":
    unittest.main()
