"""What a job has made visible: reading it, comparing it with what is expected, and watching it while the job runs.

An output is a folder of part files; names that begin with '.' are staging and not looked at. Order between lines is
not promised, so sorted lines are compared, byte for byte, each file's header line dropped.
"""

import collections
import hashlib
import os
import threading


class Wrong(Exception):
    """The output is not what it must be. The text says how."""


class Expected:
    """The content of one expected file: a header and sorted lines, or their digest."""

    def __init__(self, path):
        self.lines = None
        if os.path.exists(path):
            with open(path, "rb") as file:
                content = file.read().splitlines()
            self.header, self.lines = content[0], sorted(content[1:])
            self.count = len(self.lines)
            self.digest = digest_of(self.lines)
        else:
            with open(path + ".digest", encoding="utf-8") as file:
                header, count, self.digest = file.read().splitlines()
            self.header, self.count = header.encode(), int(count)


def digest_of(lines):
    return hashlib.sha256(b"".join(line + b"\n" for line in lines)).hexdigest()


def visible_files(folder):
    """Paths of all files under the folder that are not hidden and not within hidden folders."""
    paths = []
    for base, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        paths += [os.path.join(base, name) for name in names if not name.startswith(".")]
    return sorted(paths)


def lines_of(path, content, header):
    """The lines of one part file without its header."""
    if not content:
        return []
    if not content.endswith(b"\n"):
        raise Wrong(f"{path}: the last line is cut off")
    lines = content[:-1].split(b"\n")
    if lines[0] != header:
        raise Wrong(f"{path}: begins with {show(lines[0])}, not with the header {show(header)}")
    return lines[1:]


def show(line):
    return repr(line.decode("utf-8", "replace"))


def compare(folder, expected):
    """Raises Wrong if the folder does not hold exactly what is expected."""
    lines = []
    for path in visible_files(folder):
        with open(path, "rb") as file:
            lines += lines_of(path, file.read(), expected.header)
    lines.sort()
    if digest_of(lines) == expected.digest and len(lines) == expected.count:
        return
    text = f"{folder}: {len(lines)} lines, expected {expected.count}"
    if expected.lines is not None:
        is_there, is_due = collections.Counter(lines), collections.Counter(expected.lines)
        for word, difference in (("missing", is_due - is_there), ("not expected", is_there - is_due)):
            for line, times in sorted(difference.items())[:10]:
                text += f"\n  {word}: {show(line)}" + (f" ({times} times)" if times > 1 else "")
    else:
        text += f"; digest {digest_of(lines)}, expected {expected.digest}"
    raise Wrong(text)


class Observer:
    """Reads the output again and again while jobs come and go. What was visible once must stay as it was, and every
    visible line must be an expected one, no more often than it is expected."""

    def __init__(self, outputs, interval_s=0.005):
        self.outputs = outputs  # {folder: Expected}
        self.interval_s = interval_s
        self.seen = {}          # path -> (stat signature, digest of the content)
        self.remaining = {folder: collections.Counter(expected.lines)
                          for folder, expected in outputs.items() if expected.lines is not None}
        self.looks = 0
        self.wrong = None
        self.is_ending = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.is_ending.set()
        self.thread.join()

    def run(self):
        while not self.is_ending.wait(self.interval_s) and self.wrong is None:
            try:
                self.look()
            except Wrong as wrong:
                self.wrong = wrong

    def check(self):
        """Raises what was found wrong so far."""
        if self.wrong is not None:
            raise self.wrong

    def look(self, read_all=False):
        """One round. With read_all the content of known files is compared even if they look untouched."""
        self.looks += 1
        for folder, expected in self.outputs.items():
            present = set(visible_files(folder))
            for path in present:
                self.look_at(folder, path, expected, read_all)
            # Listed after the fact: a file may have come since, but none may have gone.
            gone = [path for path in self.seen if path.startswith(folder + os.sep) and path not in present]
            if gone:
                raise Wrong(f"{gone[0]}: was visible as committed and has disappeared")

    def look_at(self, folder, path, expected, read_all):
        try:
            with open(path, "rb") as file:
                stat = os.fstat(file.fileno())
                signature = (stat.st_ino, stat.st_size, stat.st_mtime_ns)
                known = self.seen.get(path)
                if known and known[0] == signature and not read_all:
                    return
                content = file.read()
        except FileNotFoundError:
            raise Wrong(f"{path}: was visible as committed and has disappeared") from None
        digest = hashlib.sha256(content).digest()
        if known:
            if known[1] != digest:
                raise Wrong(f"{path}: was visible as committed and has changed")
            self.seen[path] = (signature, digest)
            return
        self.seen[path] = (signature, digest)
        lines = lines_of(path, content, expected.header)
        if folder not in self.remaining:
            return
        for line in lines:
            if self.remaining[folder][line] == 0:
                raise Wrong(f"{path}: {show(line)} is not expected, or was committed before")
            self.remaining[folder][line] -= 1
