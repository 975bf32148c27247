"""Who is called in the loops of generated code: `program function callee`, one a line.

  loop_calls.py --flowc FLOWC [-O LEVEL] PROGRAM.flow…   of programs, compiled here
  loop_calls.py MODULE.ll…                              of modules

Only the functions of chains count (source, process, fire) and in them only blocks that lie on a cycle. LLVM's intrinsics
become instructions and do not count, nor do calls of what the module declares as cold.
"""
import argparse
import os
import re
import subprocess
import sys

CHAIN_FUNCTION = re.compile(r'\.(?:source|process|fire)"?$')
NAME = r'"?([\w.$<>*,: -]+?)"?'


def functions(text):
    """Name and blocks (label → lines) of every function that is defined."""
    for found in re.finditer(r"^define [^\n]*?@" + NAME + r"\([^\n]*\{\n(.*?)^\}", text, re.M | re.S):
        label, blocks = "(entry)", {}
        for line in found.group(2).splitlines():
            begun = re.match(r'^"?([\w.$-]+)"?:', line)
            if begun:
                label = begun.group(1)
            blocks.setdefault(label, []).append(line)
        yield found.group(1), blocks


def on_cycles(blocks):
    """The labels of blocks that can be reached from themselves."""
    after = {label: set(re.findall(r'label %"?([\w.$-]+)"?', "\n".join(lines))) for label, lines in blocks.items()}

    def reaches_itself(label):
        seen, due = set(), list(after[label])
        while due:
            here = due.pop()
            if here == label:
                return True
            if here not in seen:
                seen.add(here)
                due += after[here]
        return False

    return {label for label in blocks if reaches_itself(label)}


def cold_functions(text):
    """What is declared with the attribute `cold`."""
    groups = {number for number, words in re.findall(r"^attributes #(\d+) = \{(.*)\}", text, re.M) if " cold" in words}
    declared = re.findall(r"^declare [^\n]*?@" + NAME + r"\([^\n]*\)[^\n]*?#(\d+)", text, re.M)
    return {name for name, number in declared if number in groups}


def callee(line):
    if not re.search(r"\b(?:call|invoke)\b", line) or re.search(r"\basm\b", line):
        return None
    called = re.search(r"\b(?:call|invoke)\b[^@]*?@" + NAME + r"\(", line)
    return called.group(1) if called else "(a pointer)"


def loop_calls(text):
    cold = cold_functions(text)
    for name, blocks in functions(text):
        if not CHAIN_FUNCTION.search(name):
            continue
        for label in on_cycles(blocks):
            for line in blocks[label]:
                called = callee(line)
                if called and not called.startswith("llvm.") and called not in cold:
                    yield name, called


def module_text(path, options):
    if not path.endswith(".flow"):
        with open(path, encoding="utf-8") as file:
            return file.read()
    command = [options.flowc, "build", "-O", options.level, "--emit=llvm", path]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--flowc")
    parser.add_argument("-O", dest="level", default="2")
    parser.add_argument("files", nargs="+")
    options = parser.parse_args()
    for path in options.files:
        program = os.path.basename(path).removesuffix(".flow").removesuffix(".ll")
        for name, called in sorted(set(loop_calls(module_text(path, options)))):
            print(program, name, called)
    return 0


if __name__ == "__main__":
    sys.exit(main())
