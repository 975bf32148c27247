# lit: small Flow programs with the text that is expected of them.
# One file alone: build/bin/… is not needed on PATH; from the root give
#   python3 /usr/lib/llvm-19/build/utils/lit/lit.py -v build/tests --filter errors/unknown_name
#
# Substitutions: %flowc (the compiler), %s %S %t %T (lit's own), %{examples}, %{stdlib}, %{python}.
# Tools on PATH: FileCheck, not, count, split-file, and Debian's own.
# Features (REQUIRES:): graphviz, shared-data, root, not-root.
import os
import shutil

import lit.formats

config.name = "flow"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".flow", ".test"]
config.excludes = ["unit", "fuzz", "host", "failures", "sim", "bench", "tools", "run", "Inputs", "inputs"]
config.test_source_root = os.path.dirname(os.path.abspath(__file__))
config.test_exec_root = os.path.join(config.flow_build, "tests", "out")

flow_bin = os.path.join(config.flow_build, "bin")
config.environment["PATH"] = os.pathsep.join([flow_bin, config.llvm_bin, "/usr/bin", "/bin"])
config.environment["LC_ALL"] = "C.UTF-8"
config.environment.pop("FLOW_SHARED", None)

shared = os.environ.get("FLOW_SHARED") or os.path.join(os.path.dirname(config.flow_source), "shared")
config.substitutions += [
    ("%flowc", os.path.join(flow_bin, "flowc")),
    ("%{examples}", os.path.join(config.flow_source, "examples")),
    ("%{stdlib}", os.path.join(config.flow_source, "stdlib")),
    ("%{shared}", shared),
    ("%{python}", "/usr/bin/python3"),
]

if shutil.which("dot"):
    config.available_features.add("graphviz")
if os.path.isdir(os.path.join(shared, "data")):
    config.available_features.add("shared-data")
config.available_features.add("root" if os.geteuid() == 0 else "not-root")
