"""Who may include whom. Usage: check_layers.py ROOT

The runtime never hears of the compiler; generated code never sees a runtime struct's fields; only
compiler/plan/layout.cpp decides bytes; the core never hears of its host. TABLE says it folder by folder: a folder may
include itself and what stands beside it. A new folder is added to the table together with its first file.
"""

import os
import re
import sys

FRONT = ["lang"]
ABI_DATA = ["runtime/abi/kinds.def", "runtime/abi/flow_abi.h"]  # the closed list of scalar kinds, on both sides
CORE = ["runtime/base", "runtime/abi", "runtime/batch"]

TABLE = {
    # the compiler: each stage sees those before it
    "lang": [],
    "compiler/sema": FRONT + ABI_DATA,
    "compiler/graph": FRONT + ABI_DATA + ["compiler/sema"],
    "compiler/optimize": FRONT + ABI_DATA + ["compiler/sema", "compiler/graph"],
    "compiler/plan": FRONT + ABI_DATA + ["compiler/sema", "compiler/graph", "compiler/optimize"],
    # json_outline: the text around the values of a record, which both sides write
    "codegen": FRONT + ["compiler/sema", "compiler/graph", "compiler/plan", "runtime/abi", "runtime/vocabulary",
                        "runtime/formats/json_outline.h"],
    # state.cpp shows checkpoints, which the runtime knows how to read
    "compiler/driver": FRONT + ["compiler", "codegen", "runtime", "stdlib"],
    "stdlib": [],
    # the runtime: line 1 and line 2 are plain C and know nobody
    "runtime/abi": [],
    "runtime/base": ["runtime/abi"],
    "runtime/env": ["runtime/base"],
    # the core: no thread, clock, file, host
    # Functions of text count and check characters as the decoders do.
    "runtime/vocabulary": CORE + ["runtime/state", "runtime/task", "runtime/formats"],
    "runtime/batch": CORE,
    "runtime/state": CORE,
    "runtime/task": CORE + ["runtime/state", "runtime/vocabulary", "runtime/formats"],
    "runtime/formats": CORE,  # bytes to cells and back: a chain decodes its source and encodes its sink
    # what drives the core
    "runtime/connectors": CORE + ["runtime/env", "runtime/formats"],
    "runtime/exchange": CORE + ["runtime/env"],
    "runtime/checkpoint": CORE + ["runtime/env"],
    # checkpoints read by what they say of themselves
    "runtime/saved": CORE + ["runtime/env", "runtime/formats", "runtime/state", "runtime/task", "runtime/checkpoint"],
    "runtime/host": ["runtime"],
    "runtime/program": ["runtime"],
    "runtime/testing": ["runtime"],
    # tests see everything, but a foreign host sees only what any host sees
    "tests/host": ["runtime/abi"],
    "tests": ["lang", "compiler", "codegen", "runtime", "stdlib"],
}

# Headers of the world outside: pattern, folders that may include it, and why nobody else.
OUTSIDE = [
    (r"(llvm|llvm-c|lld|clang)/", ["codegen", "compiler/driver", "tests"], "LLVM belongs to codegen and the driver"),
    (r"(thread|mutex|shared_mutex|condition_variable|future|semaphore|latch|barrier|stop_token|pthread\.h)$",
     ["runtime/env", "runtime/exchange", "runtime/checkpoint", "runtime/connectors", "runtime/host", "runtime/program",
      "compiler/driver", "tests"], "the core is single-threaded, the compiler too"),
    (r"(chrono|ctime|time\.h|sys/time\.h)$", ["runtime/env", "compiler/driver", "tests"],
     "time comes in through Env"),
    (r"(iostream|fstream|istream|ostream|sstream|locale|regex)$", ["tests"],
     "large and locale-bound; fmt and runtime/base serve"),
    (r"(fcntl\.h|sys/stat\.h|sys/file\.h|sys/mman\.h|dirent\.h|cstdio|stdio\.h|filesystem|unistd\.h)$",
     ["runtime/env", "runtime/program", "compiler/driver", "tests",
      "lang/grammar", "lang/diagnostics/render.cpp",  # flex's scanner; is it a terminal
      "runtime/base/assert.cpp",                      # last words
      "runtime/state/memory.cpp",                     # huge pages: memory, not files
      "runtime/exchange/signal.cpp"],                 # sleeping: a thread, not files
     "files come in through Env (runtime) or the driver (compiler)"),
    (r"(dlfcn\.h)$", ["tests"], "a job is static"),
]

C_ONLY = "runtime/abi"  # headers that stand in C as in C++
INCLUDE = re.compile(r'^\s*#\s*include\s*(?:"([^"]+)"|<([^>]+)>)', re.MULTILINE)
SOURCE = (".h", ".hpp", ".c", ".cpp", ".cc", ".def", ".l", ".y", ".yy")


def within(path, folders):
    return any(path == folder or path.startswith(folder + "/") for folder in folders)


def folder_of(path):
    """The longest row of the table that the file lies under, or None."""
    rows = [folder for folder in TABLE if path.startswith(folder + "/")]
    return max(rows, key=len) if rows else None


def check_file(path, text, is_project_file):
    """Mistakes of one file. `is_project_file` tells whether a path from the root exists."""
    folder = folder_of(path)
    if folder is None:
        return [f"{path}: its folder is not in the table of tests/tools/check_layers.py; add it there"]
    wrong = []
    for match in INCLUDE.finditer(text):
        own, outside = match.groups()
        where = f"{path}:{text.count(chr(10), 0, match.start() + 1) + 1}"
        name = own or outside
        if own and is_project_file(own):
            if not within(own, [folder] + TABLE[folder]):
                wrong.append(f"{where}: {folder} must not know of {own}")
            continue
        if own and is_project_file(os.path.join(os.path.dirname(path), own)):
            wrong.append(f'{where}: "{own}": give the path from the root of the repository')
        for pattern, allowed, reason in OUTSIDE:
            if re.match(pattern, name) and not within(path, allowed):
                wrong.append(f"{where}: <{name}> is not for {folder}: {reason}")
        if within(path, [C_ONLY]) and path.endswith(".h") and not name.endswith((".h", ".def")):
            wrong.append(f"{where}: <{name}>: {C_ONLY} is plain C")
    return wrong


def main(root):
    wrong, files = [], 0
    for top in ("lang", "compiler", "codegen", "runtime", "stdlib", "tests"):
        for base, folders, names in os.walk(os.path.join(root, top)):
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            for name in sorted(names):
                if not name.endswith(SOURCE):
                    continue
                files += 1
                path = os.path.relpath(os.path.join(base, name), root)
                with open(os.path.join(root, path), encoding="utf-8", errors="replace") as file:
                    wrong += check_file(path, file.read(), lambda p: os.path.isfile(os.path.join(root, p)))
    for line in wrong:
        print(line)
    print(f"layers: {files} files, {len(wrong)} wrong")
    return 1 if wrong or not files else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
