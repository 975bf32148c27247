"""calls.py MODULE.ll SUFFIX…: who calls whom, for the functions of a module whose names end so: `f calls g`, one a line."""
import re
import sys

path, suffixes = sys.argv[1], tuple(sys.argv[2:])
function, seen = None, set()
with open(path, encoding="utf-8") as file:
    for line in file:
        begun = re.match(r'define .*@"?([\w.]+)"?\(', line)
        if begun:
            function = begun.group(1) if begun.group(1).endswith(suffixes) else None
        elif line.startswith("}"):
            function = None
        called = re.search(r'\b(?:call|invoke)\b.*?@"?([\w.]+)"?\(', line) if function else None
        if called:
            seen.add(f"{function} calls {called.group(1)}")
        elif function and re.search(r"\b(?:call|invoke)\b(?!.*\basm\b)[^@]*\(", line):
            seen.add(f"{function} calls (a pointer)")
print("\n".join(sorted(seen)))
