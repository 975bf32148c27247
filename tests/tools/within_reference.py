"""Joins `within`, by comparing each row with every other; what examples/ad_clicks/within.flow must give."""

import collections
import os

from join_reference import read_events, same_user


def join_within(kind, left, right, low, high, matches):
    """(left row or None, right row or None) of each result; the bounds are included, in the unit of `at`."""
    partnered = set()
    for row in left:
        found = [i for i, other in enumerate(right) if low <= other.at - row.at <= high and matches(row, other)]
        partnered.update(found)
        if kind in ("semi", "anti"):
            if bool(found) == (kind == "semi"):
                yield row, None
            continue
        for i in found:
            yield row, right[i]
        if not found and kind in ("left", "full"):
            yield row, None
    if kind in ("right", "full"):
        for i, other in enumerate(right):
            if i not in partnered:
                yield None, other


def ad_clicks(folder, microseconds, instant):
    second, minute = 1_000_000, 60_000_000
    shown, clicks = read_events(os.path.join(folder, "events.csv"), microseconds)

    def text(row, field):
        value = None if row is None else getattr(row, field)
        return "" if value is None else value

    def time(row):
        return "" if row is None else instant(row.at)

    def same_ad(row, click):
        return same_user(row, click) and row.ad == click.ad

    results = {}
    results["pairs"] = (
        "user,ad,shown_at,clicked_at,clicked_in",
        [(row.user, row.ad, time(row), time(click), click.place)
         for row, click in join_within("inner", shown, clicks, 0, 2 * minute, same_ad)])
    answers = list(join_within("left", shown, clicks, 1000, 90 * second,
                               lambda a, b: same_ad(a, b) and a.place != "footer"))
    results["answers"] = (
        "at,user,ad,clicked_at,clicked_in",
        [(time(row), text(row, "user"), row.ad, time(click), text(click, "place")) for row, click in answers])
    counts, clicked = collections.Counter(), collections.Counter()
    for row, click in answers:
        of = (row.ad, (click or row).at // minute * minute)
        counts[of] += 1
        clicked[of] += click is not None
    results["answer_counts"] = (
        "ad,window_start,window_end,answers,clicks",
        [(ad, instant(start), instant(start + minute), n, clicked[ad, start]) for (ad, start), n in counts.items()])
    results["sources"] = (
        "user,place,shown_at,click_user,click_at",
        [(text(row, "user"), text(row, "place"), time(row), text(click, "user"), time(click))
         for row, click in join_within("right", shown, clicks, -30 * second, 3 * minute, same_ad)])
    results["all"] = (
        "at,user,place,click_at,click_user",
        [(time(row), text(row, "user"), text(row, "place"), time(click), text(click, "user"))
         for row, click in join_within("full", shown, clicks, -20 * second, 20 * second - 1,
                                       lambda a, b: same_user(a, b) and a.place == b.place)])
    results["busy"] = (
        "at,user,ad,place",
        [(time(row), row.user, row.ad, row.place)
         for row, _ in join_within("semi", shown, clicks, -minute, minute,
                                   lambda a, b: same_user(a, b) and a.place == b.place and a.ad != b.ad)])
    results["ignored"] = (
        "at,user,ad,place",
        [(time(row), text(row, "user"), row.ad, row.place)
         for row, _ in join_within("anti", shown, clicks, 0, 30 * second, same_ad)])
    results["long_before"] = (
        "at,user,click_at",
        [(time(row), row.user, time(click))
         for row, click in join_within("inner", shown, clicks, -5 * minute, -290 * second, same_ad)])
    return {f"within_{name}": result for name, result in results.items()}
