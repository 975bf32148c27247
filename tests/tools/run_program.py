"""Runs a whole program in one of five ways and compares what it wrote with what is expected.

  run_program.py PROGRAM MODE --flowc FLOWC --work FOLDER [--seed N] [--kills N]
  run_program.py --list        the cases, one a line: program, mode, time-out in seconds, processors

  straight    with parallelism 1
  parallel    with parallelism 4, and with all others that programs.json asks for
  varied      compiled at each level and for several CPUs, with batches of various sizes, with and without checkpoints
  restored    stopped by SIGTERM again and again, each time restored at another parallelism
  killed      killed at random moments, restarted with changing parallelism, until it has finished; an observer reads the
              output all the while and insists that nothing visible ever changes or disappears

Programs are described in tests/run/programs.json (see tests/run/README.md). The seed of all random choices is printed;
--seed (or FLOW_SEED) makes the same choices again. Exit 77: skipped, the input is not here.
"""

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time

from output_check import Expected, Observer, Wrong, compare

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
MODES = {"straight": 300, "parallel": 900, "varied": 300, "restored": 300, "killed": 900}  # time-outs in seconds
SKIPPED = 77
FINISHED, STOPPED = 0, 3       # exit codes of a job
INTERRUPTED = 128 + signal.SIGTERM  # a signal came while it was still opening
LIFE_S = (0.01, 0.5)           # how long a job lives until it is killed
PARALLELISM = (1, 2, 3, 4, 8)
JOB_LIMIT_S = 240              # a job that takes longer hangs
CHECKPOINT_INTERVAL = "50ms"
# How a job is compiled, its parallelism, its other flags: each level, CPU and size of batches comes up once.
VARIANTS = (
    (["-O", "0"], 1, ["--batch-rows", "997"]),
    (["-O", "1", "--target-cpu", "x86-64-v2"], 3, ["--batch-rows", "64"]),
    (["-O", "2", "--target-cpu", "x86-64-v3"], 1, ["--batch-rows", "7"]),
    (["-O", "3", "--target-cpu", "native"], 2, ["--batch-rows", "10000"]),
)


def shared_folder():
    return os.environ.get("FLOW_SHARED") or os.path.join(os.path.dirname(ROOT), "shared")


def load_programs(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def list_cases(programs):
    for name, program in sorted(programs.items()):
        for mode in program.get("modes", MODES):
            print(name, mode, MODES[mode], 2 if mode == "parallel" else 1)


class Program:
    """One program of programs.json in a working folder of its own."""

    def __init__(self, name, mode, description, flowc, work):
        self.name, self.description, self.flowc = name, description, flowc
        self.folder = os.path.join(os.path.abspath(work), f"{name}.{mode}")
        self.job = os.path.join(self.folder, "job")
        self.log = os.path.join(self.folder, "log")
        shutil.rmtree(self.folder, ignore_errors=True)
        os.makedirs(self.folder)

    def expand(self, text, **more):
        return str(text).format(root=ROOT, shared=shared_folder(), **more)

    def build(self, options=()):
        command = [self.flowc, "build", self.expand(self.description["program"]), "-o", self.job, *options]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=JOB_LIMIT_S)
        if done.returncode != 0:
            raise Wrong(f"{' '.join(command)}\nended with {done.returncode}\n{done.stdout}{done.stderr}")

    def run_folder(self, label):
        """A fresh folder for one run, from its first start to its end."""
        return Run(self, os.path.join(self.folder, label))


class Run:
    """A job from its first start to its end, over any number of lives, with one checkpoint and one output folder."""

    def __init__(self, program, folder):
        self.program = program
        self.out = os.path.join(folder, "out")
        self.checkpoints = os.path.join(folder, "checkpoints")
        os.makedirs(folder)
        expected = program.description["outputs"]
        self.outputs = {os.path.join(self.out, sub) if sub else self.out: Expected(os.path.join(ROOT, path))
                        for sub, path in expected.items()}

    def command(self, parallelism, duration_s=None, has_checkpoints=False):
        """`duration_s`: about how long the whole input is made to last."""
        description = self.program.description
        command = [self.program.job, "--parallelism", str(parallelism)]
        for name, value in description.get("params", {}).items():
            command += [f"--{name}", self.program.expand(value, out=self.out)]
        if duration_s:
            command += [f"--{description.get('rate_param', 'rate')}", str(max(1, round(description["rows"] / duration_s)))]
        if has_checkpoints:
            command += ["--checkpoint-dir", self.checkpoints, "--checkpoint-interval", CHECKPOINT_INTERVAL]
        return command

    def start(self, command):
        with open(self.program.log, "ab") as log:
            log.write(f"\n$ {' '.join(command)}\n".encode())
            log.flush()
            return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def finish(self, process, command, allowed=(FINISHED,)):
        try:
            code = process.wait(JOB_LIMIT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise Wrong(f"{' '.join(command)}\nhangs: still there after {JOB_LIMIT_S} s\n{self.log_tail()}") from None
        if code not in allowed:
            raise Wrong(f"{' '.join(command)}\nended with {code}, expected {' or '.join(map(str, allowed))}\n{self.log_tail()}")
        return code

    def to_end(self, command):
        self.finish(self.start(command), command)

    def log_tail(self):
        with open(self.program.log, "rb") as file:
            return file.read()[-4000:].decode("utf-8", "replace")

    def compare(self):
        for folder, expected in self.outputs.items():
            compare(folder, expected)


def straight(program, _random, _kills):
    run = program.run_folder("p1")
    run.to_end(run.command(1))
    run.compare()
    return "parallelism 1"


def parallel(program, _random, _kills):
    parallelisms = [4] + program.description.get("also_parallel", [])
    for parallelism in parallelisms:
        run = program.run_folder(f"p{parallelism}")
        run.to_end(run.command(parallelism))
        run.compare()
    return "parallelism " + ", ".join(map(str, parallelisms))


def varied(program, chance, _kills):
    """Every variant; by chance one of two takes checkpoints besides."""
    for number, (options, parallelism, flags) in enumerate(VARIANTS):
        program.build(options)
        run = program.run_folder(f"variant{number}")
        run.to_end(run.command(parallelism, has_checkpoints=chance.random() < 0.5) + flags)
        run.compare()
    return f"{len(VARIANTS)} variants"


def restored(program, chance, _kills):
    """Six stops within a run of about four seconds, then to the end."""
    run = program.run_folder("run")
    parallelism, stops = 1, 0
    with Observer(run.outputs) as observer:
        while True:
            command = run.command(parallelism, duration_s=4, has_checkpoints=True)
            process = run.start(command)
            if stops < 6:
                wait_for_exit(process, chance.uniform(0.2, 0.7))
                if process.poll() is None:
                    process.send_signal(signal.SIGTERM)
            code = run.finish(process, command, allowed=(FINISHED, STOPPED, INTERRUPTED))
            observer.check()
            if code == FINISHED:
                break
            stops += code == STOPPED
            parallelism = chance.choice([p for p in PARALLELISM if p != parallelism])
    if stops == 0:
        raise Wrong("the job had finished before it could be stopped once: nothing was shown")
    observer.look(read_all=True)
    run.compare()
    return f"{stops} stops"


def killed(program, chance, kills_due):
    """Whole runs until so many kills have happened. A run is made to last about as long as its kills take."""
    kills = rounds = looks = 0
    while kills < kills_due:
        rounds += 1
        if rounds > 10:
            raise Wrong(f"after {rounds - 1} whole runs only {kills} of {kills_due} kills happened: is `rate` obeyed?")
        run = program.run_folder(f"round{rounds}")
        done, seen = killed_round(run, chance, kills_due - kills)
        kills, looks = kills + done, looks + seen
    return f"{kills} kills in {rounds} runs, output looked at {looks} times"


def killed_round(run, chance, kills_due):
    duration_s = max(1.0, kills_due * sum(LIFE_S) / 2)
    kills = 0
    with Observer(run.outputs) as observer:
        while True:
            command = run.command(chance.choice(PARALLELISM), duration_s, has_checkpoints=True)
            process = run.start(command)
            if kills < kills_due:
                wait_for_exit(process, chance.uniform(*LIFE_S))
                if process.poll() is None and chance.random() < 0.15:  # in the middle of stopping
                    process.send_signal(signal.SIGTERM)
                    wait_for_exit(process, chance.uniform(0, 0.03))
                if process.poll() is None:
                    process.kill()
            code = run.finish(process, command, allowed=(FINISHED, STOPPED, INTERRUPTED, -signal.SIGKILL))
            observer.check()
            if code == FINISHED:
                break
            kills += code == -signal.SIGKILL
        # Once more: a finished job completes its commits, if any are open, and ends at once.
        command = run.command(2, duration_s, has_checkpoints=True)
        began = time.monotonic()
        run.to_end(command)
        if time.monotonic() - began > max(2.0, duration_s / 2):
            raise Wrong("a finished job was started again and did its work once more")
    observer.check()
    observer.look(read_all=True)
    run.compare()
    return kills, observer.looks


def wait_for_exit(process, seconds):
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        pass


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", nargs="?")
    parser.add_argument("mode", nargs="?", choices=list(MODES))
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--flowc", default=os.path.join(ROOT, "build/bin/flowc"))
    parser.add_argument("--work", default=os.path.join(ROOT, "build/tests/run"))
    parser.add_argument("--programs", default=os.path.join(ROOT, "tests/run/programs.json"))
    parser.add_argument("--seed", type=int, default=os.environ.get("FLOW_SEED"))
    parser.add_argument("--kills", type=int)
    options = parser.parse_args(arguments)
    programs = load_programs(options.programs)
    if options.list:
        list_cases(programs)
        return 0
    if options.program not in programs or not options.mode:
        parser.error(f"a program and a mode, please; programs: {', '.join(sorted(programs))}")

    description = programs[options.program]
    needs = description.get("needs")
    if needs and not os.path.exists(os.path.join(shared_folder(), needs)):
        print(f"skipped: {needs} is not in the folder of shared data (FLOW_SHARED, or ../shared beside the repository)")
        return SKIPPED
    seed = int(options.seed) if options.seed is not None else random.SystemRandom().randrange(1 << 32)
    kills = options.kills or description.get("kills", 20)
    print(f"{options.program} {options.mode}: seed {seed}", flush=True)
    program = Program(options.program, options.mode, description, os.path.abspath(options.flowc), options.work)
    try:
        program.build()
        said = globals()[options.mode](program, random.Random(seed), kills)
    except Wrong as wrong:
        print(f"WRONG: {wrong}\nlog: {program.log}\nagain: tests/tools/run_program.py {options.program} {options.mode} --seed {seed}")
        return 1
    shutil.rmtree(program.folder, ignore_errors=True)
    print(f"well: {said}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
