"""What the example ad_clicks must give: every kind of window join, by comparing each row with every other."""

import collections
import csv
import os

Row = collections.namedtuple("Row", "at user ad place")
Counted = collections.namedtuple("Counted", "at start ad n")
Pair = collections.namedtuple("Pair", "at start user ad clicked_at")


def windows_of(time, size, slide):
    """The starts of the windows that hold this time."""
    last = time // slide * slide
    return range(last, time - size, -slide)


def by_window(rows, size, slide):
    windows = collections.defaultdict(list)
    for row in rows:
        for start in windows_of(row.at, size, slide):
            windows[start].append(row)
    return windows


def join(kind, left, right, size, slide, matches):
    """(start, left row or None, right row or None) of each result."""
    lefts, rights = by_window(left, size, slide), by_window(right, size, slide)
    for start in sorted(set(lefts) | set(rights)):
        partners = collections.Counter()
        for row in lefts[start]:
            found = [other for other in rights[start] if matches(row, other)]
            partners.update(id(other) for other in found)
            if kind in ("semi", "anti"):
                if bool(found) == (kind == "semi"):
                    yield start, row, None
                continue
            for other in found:
                yield start, row, other
            if not found and kind in ("left", "full"):
                yield start, row, None
        if kind in ("right", "full"):
            for other in rights[start]:
                if not partners[id(other)]:
                    yield start, None, other


def read_events(path, microseconds):
    sides = {"shown": [], "click": []}
    with open(path, encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            made = Row(microseconds(row["at"].rstrip("Z")), row["user"] or None, int(row["ad"]), row["place"])
            sides[row["kind"]].append(made)
    return sides["shown"], sides["click"]


def same_user(left, right):
    return left.user is not None and left.user == right.user


def ad_clicks(folder, microseconds, instant):
    second, minute = 1_000_000, 60_000_000
    shown, clicks = read_events(os.path.join(folder, "events.csv"), microseconds)

    def text(value):
        return "" if value is None else value

    def time(row):
        return "" if row is None else instant(row.at)

    pairs = [(start, row, click) for start, row, click in
             join("inner", shown, clicks, minute, minute, lambda a, b: same_user(a, b) and a.ad == b.ad)]
    results = {"pairs": (
        "window_start,user,ad,shown_at,clicked_at,clicked_in",
        [(instant(start), row.user, row.ad, time(row), time(click), click.place) for start, row, click in pairs])}
    results["answers"] = (
        "window_start,at,user,ad,clicked_at,clicked_in",
        [(instant(start), time(row), text(row.user), row.ad, time(click), click.place if click else "")
         for start, row, click in join("left", shown, clicks, minute, 20 * second,
                                       lambda a, b: same_user(a, b) and a.ad == b.ad and b.at > a.at)])
    results["sources"] = (
        "window_end,user,place,shown_at,click_user,click_at",
        [(instant(start + 2 * minute), text(row and row.user), text(row and row.place), time(row), text(click.user),
          time(click))
         for start, row, click in join("right", shown, clicks, 2 * minute, 2 * minute,
                                       lambda a, b: same_user(a, b) and a.ad == b.ad and a.place != "footer")])
    results["all"] = (
        "window_start,window_end,user,ad,place,click_user,click_ad",
        [(instant(start), instant(start + 20 * second), text(row and row.user), text(row and row.ad),
          text(row and row.place), text(click and click.user), text(click and click.ad))
         for start, row, click in join("full", shown, clicks, 20 * second, 10 * second,
                                       lambda a, b: same_user(a, b) and a.place == b.place)])
    results["busy"] = (
        "at,user,ad,place,window_start,window_end",
        [(time(row), row.user, row.ad, row.place, instant(start), instant(start + minute))
         for start, row, _ in join("semi", shown, clicks, minute, minute,
                                   lambda a, b: same_user(a, b) and a.place == b.place and a.ad != b.ad)])
    results["ignored"] = (
        "window_start,at,user,ad",
        [(instant(start), time(row), text(row.user), row.ad)
         for start, row, _ in join("anti", shown, clicks, 30 * second, 15 * second,
                                   lambda a, b: same_user(a, b) and a.ad == b.ad)])

    def counted(rows):
        counts = collections.Counter((row.at // minute * minute, row.ad) for row in rows)
        return [Counted(start + minute - 1, start, ad, n) for (start, ad), n in counts.items()]

    results["counts"] = (
        "window_start,ad,shown,clicks",
        [(instant(start), row.ad if row else click.ad, row.n if row else 0, click.n if click else 0)
         for start, row, click in join("full", counted(shown), counted(clicks), minute, minute,
                                       lambda a, b: a.ad == b.ad)])
    of_user = collections.Counter((start, row.user) for start, row, _ in pairs)
    results["with_users"] = (
        "window_start,user,ad,clicked_at,pairs",
        [(instant(start), row.user, row.ad, time(click), of_user[start, row.user]) for start, row, click in pairs])
    return results
