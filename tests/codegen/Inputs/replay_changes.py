"""Applies a change log, part by part: each update_before must tell the row that is there. Prints the table that is left.
replay_changes.py FOLDER KEY_COLUMNS"""

import csv
import glob
import sys

folder, width = sys.argv[1], int(sys.argv[2])
table = {}
for path in sorted(glob.glob(folder + "/part-*")):
    with open(path, newline="") as file:
        for op, *row in csv.reader(file):
            key, values = tuple(row[:width]), row[width:]
            if op in ("update_before", "delete"):
                assert table.pop(key) == values, f"{path}: {op} of another row: {row}"
            else:
                assert key not in table, f"{path}: {op} of a row that is there: {row}"
                table[key] = values
for key, values in sorted(table.items()):
    print(",".join([*key, *values]))
