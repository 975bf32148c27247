"""What the texts of the repository must hold and must not. Usage: check_text.py ROOT

- No host names of package registries, no paths of one machine, no words about unfinished work: a thing that does not
  work yet gives a clear error instead.
- Every kind of diagnostic in lang/diagnostics/diagnostics.def is shown by a test: its slug, `[unknown-name]`, stands in a
  .flow or .test file under tests/.
- Text is UTF-8 with line ends of one character and a line end at the end.
"""

import os
import re
import subprocess
import sys

TEXT = (".h", ".hpp", ".c", ".cpp", ".cc", ".def", ".l", ".y", ".yy", ".S", ".py", ".sh", ".cmake", ".txt", ".md", ".flow",
        ".test", ".json", ".in", ".yml", ".yaml", ".csv", ".digest")

# The patterns are written so that this file does not match itself.
FORBIDDEN = [
    (r"/wor[k]/(main|shared|\.library)|/tm[p]/(brief|build-)|/hom[e]/[a-z]+/", "a path of one machine"),
    (r"\b(deb\.debian|security\.debian|pypi|pythonhosted|registry\.npmjs|npmjs|repo1\.maven|repo\.maven\.apache|"
     r"proxy\.golang|crates|nuget|rubygems)\.(org|com|io)\b", "the host of a package registry"),
    (r"\b(TOD[O]|FIXM[E]|XX[X]|HAC[K])\b", "a mark of unfinished work"),
    (r"(?i)\bfor no[w],|\bfor no[w]\b\s*(\.|;|$)|\bnot implemente[d] yet\b|\bplaceholde[r]\b", "words of unfinished work"),
    (r"(?i)\b(chatgp[t]|claud[e]|anthropi[c]|opena[i]|copilo[t]|language mode[l]|issue [#]?[2]\b)", "words about how the work is done"),
]
# Texts that are data or law, not ours to word.
EXEMPT = ("LICENSE", "examples/word_count/input/", "tests/tools/check_text.py", "tests/fuzz/corpus/")

DIAGNOSTIC = re.compile(r"^\s*DIAGNOSTIC\(\s*(\w+)\s*,", re.MULTILINE)


def tracked_files(root):
    """Files of the repository, also those not yet committed; without git, all files that are no build output."""
    done = subprocess.run(["git", "-C", root, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
                          capture_output=True, check=False)
    if done.returncode == 0:
        return [os.fsdecode(name) for name in done.stdout.split(b"\0") if name]
    paths = []
    for base, folders, names in os.walk(root):
        folders[:] = [name for name in folders if not name.startswith((".", "build", "__"))]
        paths += [os.path.relpath(os.path.join(base, name), root) for name in names]
    return paths


def is_text(path):
    return path.endswith(TEXT) or path.startswith((".ci/", "scripts/")) or "." not in os.path.basename(path)


def check_words(path, text):
    wrong = []
    if text and not text.endswith("\n"):
        wrong.append(f"{path}: no line end at the end")
    if "\r" in text:
        wrong.append(f"{path}: line ends of another system")
    for number, line in enumerate(text.splitlines(), 1):
        for pattern, what in FORBIDDEN:
            found = re.search(pattern, line)
            if found:
                wrong.append(f"{path}:{number}: {what}: {found.group(0)}")
    return wrong


def check_diagnostics(root, test_texts):
    path = os.path.join(root, "lang/diagnostics/diagnostics.def")
    if not os.path.exists(path):
        return []
    with open(path, encoding="utf-8") as file:
        kinds = DIAGNOSTIC.findall(file.read())
    shown = set(re.findall(r"\[([a-z0-9-]+)\]", "\n".join(test_texts)))
    return [f"lang/diagnostics/diagnostics.def: no test shows [{kind.replace('_', '-')}]"
            for kind in kinds if kind.replace("_", "-") not in shown]


def main(root):
    wrong, test_texts, files = [], [], 0
    for path in sorted(tracked_files(root)):
        full = os.path.join(root, path)
        if not is_text(path) or not os.path.isfile(full) or path.startswith(EXEMPT):
            continue
        files += 1
        try:
            with open(full, encoding="utf-8", newline="") as file:
                text = file.read()
        except UnicodeDecodeError:
            # Programs that show what broken bytes do are made of broken bytes.
            if path.startswith("tests/"):
                with open(full, encoding="latin-1") as file:
                    test_texts.append(file.read())
            else:
                wrong.append(f"{path}: not UTF-8")
            continue
        if path.startswith("tests/") and path.endswith((".flow", ".test")):
            test_texts.append(text)
            wrong += [line for line in check_words(path, text) if "line end" not in line]
        else:
            wrong += check_words(path, text)
    wrong += check_diagnostics(root, test_texts)
    for line in wrong:
        print(line)
    print(f"texts: {files} files, {len(wrong)} wrong")
    return 1 if wrong or not files else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
