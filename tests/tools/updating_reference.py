"""What windows must tell that take late rows (`late allow`): one row after the other, as if a watermark came after each."""

import collections


def changes(rows, time_of, key_of, size, patience, allowed, result_of):
    """(kind, key, window start, result) of tumbling windows, of rows in order; and how many rows were late for all."""
    kept, open_windows, told, lost, newest = {}, collections.defaultdict(set), [], 0, None

    def has_passed(time):
        return newest is not None and time <= newest - patience  # the watermark is 1 us less, and so is a last instant

    for row in rows:
        time, key = time_of(row), key_of(row)
        start = time // size * size
        if has_passed(start + size + allowed):
            lost += 1
            continue
        before = kept.get((key, start), [])
        after = kept[key, start] = before + [row]
        if not has_passed(start + size):
            open_windows[start].add(key)
        elif before:
            told.append(("update_before", key, start, result_of(before)))
            told.append(("update_after", key, start, result_of(after)))
        else:
            told.append(("insert", key, start, result_of(after)))
        if newest is not None and time <= newest:
            continue
        newest = time
        for closed in [window for window in open_windows if has_passed(window + size)]:
            told += [("insert", key, closed, result_of(kept[key, closed])) for key in open_windows.pop(closed)]
    for start, keys in open_windows.items():
        told += [("insert", key, start, result_of(kept[key, start])) for key in keys]
    return told, lost
