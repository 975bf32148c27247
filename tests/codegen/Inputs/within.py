"""Runs the job of joins_within.test over random rows and compares with a nested loop: within.py JOB SEED…"""
import collections
import datetime
import itertools
import os
import random
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "tools"))
from within_reference import join_within  # noqa: E402

Row = collections.namedtuple("Row", "at n key name")
S, MS, US = 1_000_000, 1000, 1
START = datetime.datetime(2020, 1, 1)


def same_key(a, b):
    return a.key == b.key


def same_name(a, b):
    return a.name != "" and a.name == b.name


def other_rest(a, b):
    return a.n % 3 != b.n % 3


JOINS = {
    "inner_a": (-4 * S, 7 * S, same_key),
    "inner_b": (20 * S, 21 * S, lambda a, b: same_name(a, b) and a.n != b.n),
    "inner_c": (0, 0, same_key),
    "left_a": (2 * S, 5 * S, same_key),
    "left_b": (-9 * S, -3 * S, lambda a, b: same_name(a, b) and other_rest(a, b)),
    "right_a": (-1500 * MS, 60 * S, same_name),
    "right_b": (0, 1 * US, same_key),
    "full_a": (-10 * S, 2 * S, lambda a, b: same_key(a, b) and same_name(a, b)),
    "full_b": (-30 * S, -1 * S, lambda a, b: same_name(a, b) and other_rest(a, b)),
    "semi_a": (-2 * S, 2 * S, lambda a, b: same_key(a, b) and other_rest(a, b)),
    "semi_b": (5 * S, 40 * S, same_name),
    "anti_a": (-2 * S, 8 * S, same_key),
    "anti_b": (-50 * S, -20 * S, lambda a, b: same_name(a, b) and a.n != b.n),
}


def random_rows(rng, rows, seconds):
    """In an order that a lag of three seconds makes up for; some have the same time, some no name."""
    names = ["", "a", "b", "one with more than twelve bytes"]
    made = []
    for n in range(rows):
        at = rng.choice([rng.randrange(seconds) * S, rng.randrange(seconds * S)])
        made.append((at + rng.randrange(3 * S), Row(at, n, rng.randrange(3), rng.choice(names))))
    return [row for _, row in sorted(made, key=lambda pair: pair[0])]


def write(path, rows):
    with open(path, "w", encoding="utf-8") as file:
        file.write("at,n,key,name\n")
        for row in rows:
            at = (START + datetime.timedelta(microseconds=row.at)).isoformat(timespec="microseconds")
            file.write(f"{at}Z,{row.n},{row.key},{row.name}\n")


def expected(name, left, right):
    low, high, matches = JOINS[name]
    kind = name.split("_")[0]
    rows = []
    for row, other in join_within(kind, left, right, low, high, matches):
        fields = [row] if kind in ("semi", "anti") else [row, other]
        rows.append(",".join("" if of is None else str(of.n) for of in fields))
    return sorted(rows)


def lines_of(folder):
    lines = []
    for name in os.listdir(folder):
        if not name.startswith("."):
            with open(os.path.join(folder, name), encoding="utf-8") as file:
                lines += file.read().splitlines()[1:]
    return sorted(lines)


def check(job, seed):
    rng = random.Random(seed)
    seconds = rng.choice([10, 60, 300])
    left, right = (random_rows(rng, rng.choice([0, 30, 300]), seconds) for _ in range(2))
    write("left.csv", left)
    write("right.csv", right)
    wanted = {name: expected(name, left, right) for name in JOINS}
    for batch_rows, parallelism in itertools.product([1, 7, 1000], [1, 3]):
        shutil.rmtree("out", ignore_errors=True)
        subprocess.run([job, "--left", "left.csv", "--right", "right.csv", "--out", "out", "--parallelism",
                        str(parallelism), "--batch-rows", str(batch_rows)], check=True, stderr=subprocess.PIPE)
        for name in JOINS:
            if lines_of(os.path.join("out", name)) != wanted[name]:
                sys.exit(f"seed {seed}, batches of {batch_rows}, {parallelism} tasks: {name} differs")


for number in sys.argv[2:]:
    check(sys.argv[1], int(number))
