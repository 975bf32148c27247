"""What is not a ratio: latencies, stops, idle cost, memory, start-up and the compiler. Less is better everywhere."""
import json
import os
import pathlib
import shutil
import signal
import statistics
import subprocess
import threading
import time

from . import machine
from .contest import LIMIT_S, measure
from .programs import HERE, BenchError, words

STARTS = 11


class Single:
    def __init__(self, programs, options, work):
        self.programs, self.options, self.work = programs, options, work

    def all(self):
        """Name and function of each; a function gives the rows of the table."""
        return [("latency map", self.latency_of_map), ("latency windows", self.latency_of_windows),
                ("stops 1 M keys", lambda: self.stops(1_000_000, 1_000_000, 20, (3000, 1000))),
                ("stops 36 M keys", lambda: self.stops(36_000_000, 2_000_000, 40, (10000, 3000))),
                ("idle", self.idle), ("memory per key", self.memory_per_key), ("start-up", self.start_up),
                ("rest", self.rest), ("compiler", self.compiler), ("executable", self.executable)]

    def seconds(self, seconds):
        return max(4, int(seconds * self.options.scale))

    # ---- latency ----

    def latency_of_map(self):
        rate = 1_000_000
        seen = self.metered("map", rate, self.seconds(60))
        yield from latency_rows("map to sink call, 1 M events/s", seen, ("p99", 100), ("p99.99", 1000))

    def latency_of_windows(self):
        rate = 1_000_000
        seen = self.metered("windows", rate, self.seconds(60))
        yield from latency_rows("windows of 10 K keys, slide 20 ms, 1 M events/s", seen, ("p99.99", 5000), ("p99.99", 2000))

    def stops(self, keys, rate, seconds, goal):
        """The flow passes under growth first, then under a checkpoint every second."""
        state = self.work / "state"
        shutil.rmtree(state, ignore_errors=True)
        flags = ["--keys", str(keys), "--checkpoint-dir", state, "--checkpoint-interval", "1s"]
        seen = self.metered("stops", rate, self.seconds(seconds), flags)
        shutil.rmtree(state, ignore_errors=True)
        what = f"events passing while {keys // 1_000_000} M keys grow and a checkpoint is taken every second"
        yield from latency_rows(what, seen, ("max", goal[0]), ("max", goal[1]))

    def metered(self, program, rate, seconds, flags=()):
        job = self.programs.alone(HERE / "latency" / f"{program}.flow")
        meter = self.options.bin / "bench_meter"
        busy = machine.busy()
        given = words({"events": rate * seconds, "rate": float(rate), "parallelism": 1})
        source = subprocess.Popen([str(word) for word in [job, *given, *flags]], stdout=subprocess.PIPE)
        limit = threading.Timer(seconds + LIMIT_S, source.kill)
        limit.start()
        done = subprocess.run([meter, "--skip-ms", "1500"], stdin=source.stdout, capture_output=True, text=True, check=False)
        limit.cancel()
        source.stdout.close()
        if source.wait() != 0 or done.returncode != 0:
            raise BenchError(f"latency {program}: job {source.returncode}, meter {done.returncode}: {done.stderr.strip()}")
        return {**json.loads(done.stdout), "busy": busy}

    # ---- idle, memory ----

    def idle(self):
        seconds = self.seconds(20)
        job, busy = self.programs.alone(HERE / "latency/idle.flow"), machine.busy()
        for workers in (1, 2):
            sample = measure([job, *words({"events": 1000 * seconds, "parallelism": workers})])
            yield single(f"idle job at 1 K events/s, {workers} workers", {"CPU": 100 * sample.cpu_seconds / sample.seconds},
                         "% of a core", busy, (2, 1))

    def memory_per_key(self):
        job, busy = self.programs.alone(HERE / "keyed/all_keys.flow"), machine.busy()

        def rss(keys):
            return resident_at_last([job, *words({"keys": keys, "parallelism": 1})])

        at_rest = rss(1)
        millions = [1 + 1.5 * step for step in range(11)]
        taken = {million: (rss(int(million * 1_000_000)) - at_rest) / (million * 1_000_000) for million in millions}
        yield single("memory per key of 8 + 8 bytes, 1 M to 16 M keys",
                     {"mean": statistics.mean(taken.values()), "least": min(taken.values()), "most": max(taken.values())},
                     "bytes", busy, (28, 22))

    def rest(self):
        job = self.programs.alone(HERE / "latency/idle.flow")
        process = subprocess.Popen([job, *words({"events": 1000, "rate": 1.0, "parallelism": 1})])
        time.sleep(1)
        taken = resident(process.pid)
        process.send_signal(signal.SIGKILL)
        process.wait()
        yield single("resident at rest", {"now": taken / 2**20}, "MB", 0, (20, 20))

    # ---- start-up, the compiler ----

    def start_up(self):
        job, busy = self.programs.alone(HERE / "latency/first.flow"), machine.busy()
        yield single("start of a job to its first record", spread(lambda: to_first_byte([job])), "ms", busy, (20, 20))

    def compiler(self):
        program, busy = HERE / "compile/ten_operators.flow", machine.busy()
        flowc, out = self.options.flowc, self.work / "compiled"
        yield single("flowc build, 10 operators", spread(lambda: whole([flowc, "build", program, "-o", out])), "ms", busy,
                     (250, 250))
        yield single("flowc check, 10 operators", spread(lambda: whole([flowc, "check", program])), "ms", busy, (20, 20))
        yield single("flowc run to the first record, 10 operators", spread(lambda: to_first_byte([flowc, "run", program])),
                     "ms", busy, (300, 300))

    def executable(self):
        for path in ("compile/ten_operators.flow", "latency/first.flow"):
            size = os.stat(self.programs.alone(HERE / path)).st_size
            yield single(f"executable of {pathlib.Path(path).stem}", {"size": size / 2**20}, "MB", 0, (10, 10))


def single(what, seen, unit, busy, goal, judged=None, judged_for_aim=None):
    floor, aim = goal or (None, None)
    return {"what": what, "seen": {name: round(value, 2) for name, value in seen.items()}, "unit": unit, "busy": busy,
            "floor": floor, "aim": aim, "judged": judged or next(iter(seen)), "judged_for_aim": judged_for_aim}


def latency_rows(what, seen, floor, aim):
    (judged, most), (judged_for_aim, less) = floor, aim
    spread_of = {name: value for name, value in seen["latency_us"].items() if name != "count"}
    hiccups = {name: value for name, value in seen["hiccup_us"].items() if name != "count"}
    yield single(what, {**spread_of, "behind": seen["behind_us"]}, "us", seen["busy"], (most, less), judged, judged_for_aim)
    yield single("- a thread beside it that sleeps", hiccups, "us", seen["busy"], ())


def resident(pid):
    """Bytes that a process has in memory; 0 of one that has ended."""
    lines = machine.read(f"/proc/{pid}/status").splitlines()
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS")), 0)


def resident_at_last(command):
    """The most that the process has in memory in the last third of its run, when its tables do not grow any more. (What wait4
    tells holds the memory of this process as well.)"""
    process = subprocess.Popen([str(word) for word in command])
    seen = []
    while process.poll() is None:
        seen.append(resident(process.pid))
        time.sleep(0.001)
    if process.returncode != 0:
        raise BenchError(f"{command[0]} ended with {process.returncode}")
    return max(seen[len(seen) * 2 // 3:])


def spread(take):
    """Milliseconds: the best is judged, since a start is short and anything may disturb it."""
    taken = [take() * 1000 for _ in range(STARTS + 1)][1:]
    return {"best": min(taken), "median": statistics.median(taken)}


def whole(command):
    return measure(command).seconds


def to_first_byte(command):
    begin = time.monotonic()
    process = subprocess.Popen([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, bufsize=0)
    first = process.stdout.read(1)
    seconds = time.monotonic() - begin
    process.stdout.read()
    process.stdout.close()
    process.wait()
    if not first:
        raise BenchError(f"{command[0]} has shown nothing")
    return seconds
