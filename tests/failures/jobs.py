"""Compiled jobs for the cases of failures.py: where they lie, how they are run, what is expected of them."""

import glob
import os
import shutil
import signal
import subprocess
import time

HERE = os.path.dirname(os.path.abspath(__file__))
LIMIT_S = 60  # a job that takes longer hangs


class Wrong(Exception):
    """A job did not do what it should."""


class Ended:
    """A job that has ended: its exit code and what it said."""

    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err

    def expect(self, code, *words):
        """The exit code, and words of the message in any order."""
        if self.code != code:
            raise Wrong(f"exit code {self.code} instead of {code}; it said: {self.err.strip() or '(nothing)'}")
        for word in words:
            if word not in self.err:
                raise Wrong(f"the message lacks {word!r}: {self.err.strip() or '(nothing)'}")
        return self

    def lacks(self, *words):
        for word in words:
            if word in self.err:
                raise Wrong(f"the message should not say {word!r}: {self.err.strip()}")
        return self


class Bench:
    """The programs, each compiled once, and a folder for each case."""

    def __init__(self, flowc, work):
        self.flowc, self.work = flowc, work
        shutil.rmtree(work, ignore_errors=True)
        os.makedirs(work)
        self.log_path = os.path.join(work, "messages.log")
        self.log = open(self.log_path, "w", encoding="utf-8")
        self.built = {}

    def close(self):
        self.log.close()

    def begin(self, name):
        self.folder = os.path.join(self.work, name)
        os.makedirs(self.folder)
        self.log.write(f"\n## {name}\n")
        return self

    def path(self, *parts):
        return os.path.join(self.folder, *parts)

    def write(self, name, content):
        path = self.path(name)
        with open(path, "wb") as file:
            file.write(content if isinstance(content, bytes) else content.encode())
        return name

    def build(self, program):
        if program not in self.built:
            job = os.path.join(self.work, program)
            done = subprocess.run([self.flowc, "build", os.path.join(HERE, program + ".flow"), "-o", job],
                                  capture_output=True, text=True, timeout=LIMIT_S)
            if done.returncode != 0:
                raise Wrong(f"flowc does not build {program}: {done.stderr}")
            self.built[program] = job
        return self.built[program]

    def start(self, program, *flags):
        return subprocess.Popen([self.build(program), *flags], cwd=self.folder, stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def wait(self, process, flags=()):
        try:
            out, err = process.communicate(timeout=LIMIT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            raise Wrong(f"the job still runs after {LIMIT_S} s") from None
        self.log.write(f"$ {' '.join(flags)}\nexit {process.returncode}\n{err}")
        return Ended(process.returncode, out, err)

    def run(self, program, *flags):
        return self.wait(self.start(program, *flags), (program, *flags))

    def stop_when(self, process, is_due, flags=()):
        """Sends SIGTERM as soon as `is_due`."""
        end = time.monotonic() + LIMIT_S
        while not is_due() and process.poll() is None and time.monotonic() < end:
            time.sleep(0.005)
        if process.poll() is not None:
            raise Wrong(f"the job ended before it could be stopped: {process.communicate()[1]}")
        process.send_signal(signal.SIGTERM)
        return self.wait(process, (*flags, "(SIGTERM)"))

    def epochs(self, checkpoints):
        """Numbers of the complete epochs, oldest first."""
        manifests = glob.glob(self.path(checkpoints, "epoch-*", "manifest"))
        return sorted(int(os.path.basename(os.path.dirname(path)).split("-")[1]) for path in manifests)

    def rows(self, out, has_header=True):
        """The rows that are published in a folder, sorted."""
        rows = []
        for path in sorted(glob.glob(self.path(out, "part-*"))):
            with open(path, encoding="utf-8") as file:
                rows += file.read().splitlines()[1 if has_header else 0:]
        return sorted(rows)

    def expect_rows(self, out, expected, has_header=True):
        rows = self.rows(out, has_header)
        if rows != sorted(expected):
            missing = [row for row in expected if row not in rows]
            extra = [row for row in rows if row not in expected]
            raise Wrong(f"{out}: {len(rows)} rows instead of {len(expected)}; missing {missing[:3]}, not expected {extra[:3]}")
