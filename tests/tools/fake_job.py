#!/usr/bin/python3
"""A job in miniature for the tests of run_program.py: copies the numbers 0 … N-1 to part files, exactly once per epoch.
As `fake_job.py build PROGRAM -o JOB` it plays the compiler: PROGRAM names the mistake that the job then makes."""

import json
import os
import signal
import sys
import time

MISTAKE = "none"
ROWS = 400
stopping = []


def compile_job(program, job):
    with open(program, encoding="utf-8") as file:
        mistake = file.read().strip()
    with open(__file__, encoding="utf-8") as file:
        text = file.read().replace("\nMISTAKE = ", f"\nMISTAKE = {mistake!r}  # instead of ", 1)
    with open(job, "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(job, 0o755)


def write(path, text):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


class Job:
    def __init__(self, flags):
        self.out, self.checkpoints = flags["out"], flags.get("checkpoint-dir")
        self.pause_s = 1 / float(flags["rate"]) if "rate" in flags else 0
        self.state = {"next": 0, "epoch": 0, "staged": None}
        self.rows = []
        os.makedirs(self.out, exist_ok=True)

    def restore(self):
        if self.checkpoints and os.path.exists(self.manifest()):
            with open(self.manifest(), encoding="utf-8") as file:
                self.state = json.load(file)
            if MISTAKE != "forgets_staging":
                self.commit()

    def manifest(self):
        return os.path.join(self.checkpoints, "manifest")

    def commit(self):
        staged = self.state["staged"]
        if staged and os.path.exists(os.path.join(self.out, "." + staged)):
            os.rename(os.path.join(self.out, "." + staged), os.path.join(self.out, staged))
            if MISTAKE == "rewrites" and self.state["epoch"] > 2:
                time.sleep(0.03)
                write(os.path.join(self.out, staged), "n\n")
            if MISTAKE == "withdraws" and self.state["epoch"] > 2:
                time.sleep(0.03)
                os.unlink(os.path.join(self.out, staged))

    def checkpoint(self, next_row):
        epoch = self.state["epoch"] + 1
        name = f"part-{epoch}"
        write(os.path.join(self.out, "." + name), "".join(f"{line}\n" for line in ["n"] + self.rows))
        self.state = {"next": next_row, "epoch": epoch, "staged": name}
        self.rows = []
        if MISTAKE == "commits_first":
            self.commit()
            time.sleep(0.01)
        if self.checkpoints:
            os.makedirs(self.checkpoints, exist_ok=True)
            write(self.manifest() + ".new", json.dumps(self.state))
            os.rename(self.manifest() + ".new", self.manifest())
            time.sleep(0.005 if MISTAKE == "forgets_staging" else 0)  # a kill in here shows it
        self.commit()

    def run(self):
        self.restore()
        last = time.monotonic()
        for row in range(self.state["next"], ROWS):
            self.rows.append(row)
            time.sleep(self.pause_s)
            if self.checkpoints and time.monotonic() - last > 0.03:
                self.checkpoint(row + 1)
                last = time.monotonic()
            if stopping and self.checkpoints:
                self.checkpoint(row + 1)
                return 3
        if self.rows:
            self.checkpoint(ROWS)
        return 0


def main():
    if sys.argv[1] == "build":
        compile_job(sys.argv[2], sys.argv[4])
        return 0
    signal.signal(signal.SIGTERM, lambda *_: stopping.append(1))
    return Job({name[2:]: value for name, value in zip(sys.argv[1::2], sys.argv[2::2])}).run()


if __name__ == "__main__":
    sys.exit(main())
