"""Makes rows that come out of order, and what windows that take late rows must tell of them: a model that handles one
row after the other. late_allow.py EVENTS EXPECTED_FOLDER [SEED]"""

import csv
import os
import random
import sys
from datetime import datetime, timedelta, timezone

SECOND = 1_000_000
START = datetime(2020, 1, 1, tzinfo=timezone.utc)
LAG = SECOND


def text_of(us):
    """A time as the job writes it: without fraction, or with three or six digits."""
    text = (START + timedelta(microseconds=us)).strftime("%Y-%m-%dT%H:%M:%S")
    rest = us % SECOND
    if rest:
        text += f".{rest // 1000:03}" if rest % 1000 == 0 else f".{rest:06}"
    return text + "Z"


def make_rows(seed):
    chance = random.Random(seed)
    rows, newest = [], 0
    for number in range(3000):
        newest += chance.choice([0, 0, 1, SECOND // 7, SECOND // 2])
        back = chance.choice([0, 0, 0, 1, SECOND, 3 * SECOND, 6 * SECOND, 9 * SECOND, 20 * SECOND])
        at = newest - back - chance.choice([0, 0, 1])
        if number % 50 == 0:  # at the bounds of a window, and of what it allows
            edge = newest // (10 * SECOND) * 10 * SECOND + chance.choice([0, 5 * SECOND])
            at = edge + LAG + chance.choice([-1, 0, 1])
        at = max(at, 0)
        newest = max(newest, at)
        rows.append((chance.choice("abcd"), at, chance.randrange(-9, 10), f"a text of some length {chance.randrange(1000)}"))
    return rows


class Windows:
    def __init__(self, size, slide, offset, allowed, keyed):
        self.size, self.slide, self.offset, self.allowed, self.keyed = size, slide, offset, allowed, keyed
        self.kept, self.told, self.late, self.watermark = {}, [], [], None

    def is_past(self, end, allowed=0):
        return self.watermark is not None and end - 1 + allowed <= self.watermark

    def tell(self, kind, key, rows):
        name, start = key
        texts = [row[3] for row in rows]
        result = [len(rows), sum(row[2] for row in rows), min(texts)]
        bounds = [text_of(start), text_of(start + self.size)]
        self.told.append([kind] + ([name] if self.keyed else []) + bounds + result)

    def take(self, row):
        last = (row[1] - self.offset) // self.slide * self.slide + self.offset
        starts = range(last, row[1] - self.size, -self.slide)
        if self.is_past(last + self.size, self.allowed):
            self.late.append(row)
            return
        for start in starts:
            if self.is_past(start + self.size, self.allowed):
                continue
            key = (row[0] if self.keyed else "", start)
            before = self.kept.get(key, [])
            self.kept[key] = before + [row]
            if not self.is_past(start + self.size):
                continue
            if before:
                self.tell("update_before", key, before)
            self.tell("update_after" if before else "insert", key, self.kept[key])

    def advance(self, watermark):
        for key, rows in self.kept.items():
            if not self.is_past(key[1] + self.size) and key[1] + self.size - 1 <= watermark:
                self.tell("insert", key, rows)
        self.watermark = watermark


def write(folder, name, rows):
    with open(os.path.join(folder, name), "w", newline="") as file:
        lines = [",".join(map(str, row)) + "\n" for row in rows]
        file.writelines(sorted(lines))


def main():
    events, folder, seed = sys.argv[1], sys.argv[2], int(sys.argv[3]) if len(sys.argv) > 3 else 1
    rows = make_rows(seed)
    os.makedirs(folder, exist_ok=True)
    with open(events, "w", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(["key", "at", "v", "text"])
        out.writerows((row[0], text_of(row[1]), row[2], row[3]) for row in rows)
    all_windows = {
        "tumbling": Windows(10 * SECOND, 10 * SECOND, 0, 5 * SECOND, True),
        "hopping": Windows(10 * SECOND, 4 * SECOND, SECOND, 7 * SECOND, True),
        "whole": Windows(10 * SECOND, 10 * SECOND, 3 * SECOND, 5 * SECOND, False),
    }
    for windows in all_windows.values():
        newest = None
        for row in rows:
            windows.take(row)
            newest = row[1] if newest is None else max(newest, row[1])
            windows.advance(newest - LAG - 1)
        windows.advance(2**63 - 1)
    for name, windows in all_windows.items():
        write(folder, name, windows.told)
    write(folder, "newest", [row[1:] for row in all_windows["tumbling"].told if row[0] != "update_before"])
    write(folder, "tardy", [(row[0], text_of(row[1]), row[2], row[3]) for row in all_windows["whole"].late])


main()
