"""Events per second: programs beside the same thing by hand, two workers beside one, with and without something. Nothing is
timed before the results agree."""
import dataclasses
import os
import shutil
import signal
import subprocess
import time

from .cases import Twin
from .contest import LIMIT_S, compare, contest, figures, measure
from .programs import BenchError, output_of, words

LONG_S = 3  # a run by hand that takes longer is not tried twice
ONE, TWO = ["--parallelism", "1"], ["--parallelism", "2", "--splits", "2"]


class Throughput:
    def __init__(self, programs, options, work):
        self.programs, self.options, self.work = programs, options, work

    def run(self, case):
        """The rows of the table for this case."""
        case = dataclasses.replace(case, events=max(1000, int(case.events * self.options.scale)))
        return self.run_twin(case) if isinstance(case, Twin) else self.run_case(case)

    # ---- a program beside the same by hand ----

    def run_case(self, case):
        self.check_rows(case, min(case.checked, case.events))
        self.check_digests(case, case.events)
        shape = self.fastest_shape(case, case.events)
        contestants = {"Flow": [*self.job(case, case.events), *ONE], "by hand": self.by_hand(case, case.events, shape)}
        if case.two_workers:
            contestants["Flow, 2 workers"] = [*self.job(case, case.events), *TWO]
        samples, busy = contest(contestants, self.options.pairs, before=lambda name: self.fresh("out"))
        common = {"case": case.name, "events": case.events, "shape": shape, "busy": busy,
                  "contestants": figures(samples, case.events)}
        yield row(common, "by hand", "Flow", "by hand", samples, case.goal)
        if case.two_workers:
            yield row(common, "2 workers to 1", "Flow, 2 workers", "Flow", samples, case.scaling)

    def given(self, case, events):
        """The flags that both sides get."""
        return words({"data": self.data(case, events)} if case.data else {"events": events, **case.flags})

    def job(self, case, events):
        """Without the number of workers."""
        job = self.programs.timed(case.workload, case.query, case.touch, case.sink)
        return [job, *self.given(case, events), *self.out(case, "out")]

    def by_hand(self, case, events, shape):
        flags = {"touch": case.touch, "shape": shape}
        return [self.options.bin / case.hand, case.query, *self.given(case, events), *self.out(case, "by-hand.csv"),
                *words({name: value for name, value in flags.items() if value})]

    def out(self, case, name):
        return words({"out": self.work / name} if "out" in case.sink else {})

    def data(self, case, events):
        folder = self.work / f"{case.data}-{events}"
        if not folder.exists():
            measure([self.programs.data(case.workload, case.data, case.data_sink), *words({"events": events, "out": folder}), *ONE])
        parts = sorted(folder.glob("part-*"))
        if len(parts) != 1:
            raise BenchError(f"{case.name}: expected one part file in {folder}, found {len(parts)}")
        return parts[0]

    def fastest_shape(self, case, events):
        if len(case.shapes) == 1:
            return case.shapes[0]
        taken = dict.fromkeys(case.shapes, float("inf"))
        for _ in range(2):
            for shape in case.shapes:
                taken[shape] = min(taken[shape], measure(self.by_hand(case, events, shape)).seconds)
            if max(taken.values()) > LONG_S:
                break
        return min(taken, key=taken.get)

    # ---- before anything is timed ----

    def check_rows(self, case, events):
        given = self.given(case, events)
        out = self.fresh("rows")
        measure([self.programs.rows(case.workload, case.query), *given, *words({"out": out}), *ONE])
        got = sorted(output_of(out))
        for shape in case.shapes:
            want = sorted(self.printed(case, events, shape, "--print"))
            if got != want:
                raise BenchError(f"{case.name}: {len(got)} rows, by hand ({shape}) {len(want)}, and they differ: "
                                 f"{difference(got, want)}")

    def check_digests(self, case, events):
        given = self.given(case, events)
        want = self.printed(case, events, case.shapes[0], "--digest")[-1]
        for workers in [ONE, TWO] if case.two_workers else [ONE]:
            out = self.fresh("digest")
            measure([self.programs.digest(case.workload, case.query), *given, *words({"out": out}), *workers])
            got = output_of(out)
            if got != [want]:
                raise BenchError(f"{case.name}, {' '.join(workers)}: rows and digest {got}, by hand {want}")

    def printed(self, case, events, shape, how):
        done = subprocess.run([str(word) for word in [*self.by_hand(case, events, shape), how]], capture_output=True,
                              text=True, check=False)
        if done.returncode != 0:
            raise BenchError(f"{case.name} by hand: {done.stderr.strip()}")
        return done.stdout.splitlines()

    def fresh(self, name):
        folder = self.work / name
        shutil.rmtree(folder, ignore_errors=True)
        return folder

    # ---- one program in two ways ----

    def run_twin(self, twin):
        given = words({"events": twin.events, **twin.flags})
        first = self.programs.timed(twin.workload, twin.query)
        second = self.programs.timed(twin.workload, twin.without or twin.query)
        state = self.work / "state"
        extra = ["--checkpoint-dir", state, "--checkpoint-interval", "1s"] if twin.checkpoints else []
        self.check_digests_of_twin(twin, given, extra)
        contestants = {"with": [first, *given, *ONE, *extra], "without": [second, *given, *ONE]}
        samples, busy = contest(contestants, self.options.pairs,
                                before=lambda name: shutil.rmtree(state, ignore_errors=True))
        shutil.rmtree(state, ignore_errors=True)
        common = {"case": twin.name, "events": twin.events, "shape": "", "busy": busy,
                  "contestants": figures(samples, twin.events)}
        yield row(common, f"with and without {twin.compared}", "with", "without", samples, twin.goal)

    def check_digests_of_twin(self, twin, given, extra):
        """With checkpoints: killed in the middle and started again, the digest is that of an undisturbed run."""
        digests = []
        for query, flags in [(twin.without or twin.query, []), (twin.query, extra)]:
            out = self.fresh("digest")
            command = [str(word) for word in
                       [self.programs.digest(twin.workload, query), *given, *ONE, *words({"out": out}), *flags]]
            if flags:
                kill_after_a_checkpoint(command, self.fresh("state"))
            measure(command)
            digests.append(output_of(out))
        if digests[0] != digests[1] or len(digests[0]) != 1:
            raise BenchError(f"{twin.name}: digests with and without {twin.compared} differ: {digests}")


def kill_after_a_checkpoint(command, state):
    """A job that ends before its first checkpoint is left alone."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + LIMIT_S
    while process.poll() is None and not list(state.glob("epoch-*/manifest")) and time.monotonic() < deadline:
        time.sleep(0.01)
    if process.poll() is None:
        os.kill(process.pid, signal.SIGKILL)
    process.wait()


def row(common, compared, ours, theirs, samples, goal):
    floor, aim = goal or (None, None)
    return {**common, "compared": compared, "ours": ours, "theirs": theirs, "floor": floor, "aim": aim,
            **compare(samples, ours, theirs)}


def difference(got, want):
    extra, missing = sorted(set(got) - set(want))[:2], sorted(set(want) - set(got))[:2]
    return f"Flow alone has {extra}, by hand alone {missing}"
