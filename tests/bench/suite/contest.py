"""Whole processes, timed one after the other in turn."""
import os
import statistics
import subprocess
import threading
import time
from dataclasses import dataclass

from .machine import Others
from .programs import BenchError


LIMIT_S = 120  # a process that takes longer is taken to hang


@dataclass(frozen=True)
class Sample:
    seconds: float
    cpu_seconds: float


def measure(command, what="", limit_s=LIMIT_S):
    """Runs the command to its end. Start and end of the process count."""
    begin = time.monotonic()
    process = subprocess.Popen([str(word) for word in command], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    limit = threading.Timer(limit_s, process.kill)
    limit.start()
    message = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.monotonic() - begin
    limit.cancel()
    process.returncode = os.waitstatus_to_exitcode(status)
    process.stderr.close()
    if seconds >= limit_s:
        raise BenchError(f"{what or command[0]} has not ended within {limit_s} s")
    if process.returncode != 0:
        raise BenchError(f"{what or command[0]} ended with {process.returncode}: {message.decode(errors='replace').strip()}")
    return Sample(seconds, usage.ru_utime + usage.ru_stime)


def contest(contestants, pairs, before=lambda name: None):
    """A, B, … A, B, …: `pairs` samples of each, after one each that is not kept; and what part of the machine others used
    meanwhile. `before(name)` prepares a run."""
    samples, others = {name: [] for name in contestants}, Others()
    for turn in range(pairs + 1):
        for name, command in contestants.items():
            before(name)
            sample = measure(command, name)
            others.own_seconds += sample.cpu_seconds
            if turn > 0:
                samples[name].append(sample)
    return samples, others.part()


def compare(samples, ours, theirs):
    """How much faster `ours` is: of the medians, and of the best of each."""
    mine, other = [s.seconds for s in samples[ours]], [s.seconds for s in samples[theirs]]
    return {"ratio_of_medians": statistics.median(other) / statistics.median(mine), "ratio_of_bests": min(other) / min(mine)}


def figures(samples, events):
    """What is kept of each contestant."""
    return {name: {"seconds": [round(s.seconds, 4) for s in taken],
                   "median_s": statistics.median(s.seconds for s in taken),
                   "best_s": min(s.seconds for s in taken),
                   "million_per_s": events / statistics.median(s.seconds for s in taken) / 1e6,
                   "cpu_s_per_million": statistics.median(s.cpu_seconds for s in taken) / events * 1e6}
            for name, taken in samples.items()}
