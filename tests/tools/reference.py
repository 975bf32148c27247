"""What the examples must give, worked out from their input by plain Python alone.

  reference.py            writes examples/*/expected
  reference.py --check    works everything out again and compares with what is there; where reference results of others
                          are found ($FLOW_SHARED, or ../shared beside the repository), compares with them too

An expected file is a header line and the sorted lines that the program's sink writes. A result too large to keep is
kept as a digest: NAME.csv.digest with the header, the number of lines and the SHA-256 of the sorted lines.
"""

import collections
import csv
import datetime
import gzip
import hashlib
import io
import os
import random
import re
import struct
import subprocess
import sys

import join_reference
import taxi_generator
import updating_reference
import window_reference
import within_reference

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
EXAMPLES = os.path.join(ROOT, "examples")
KEPT_BYTES_MAX = 250_000
TAXI_RIDES = 10_000
S, MIN, H, DAY = 1_000_000, 60_000_000, 3_600_000_000, 86_400_000_000  # microseconds
EPOCH = datetime.datetime(1970, 1, 1)


def shared_data():
    """The folder of data that is not kept here, or None."""
    shared = os.environ.get("FLOW_SHARED") or os.path.join(os.path.dirname(ROOT), "shared")
    data = os.path.join(shared, "data")
    return data if os.path.isdir(data) else None


# --- values as Flow writes them -------------------------------------------------------------------------------------

def instant(us):
    text = (EPOCH + datetime.timedelta(microseconds=us)).strftime("%Y-%m-%dT%H:%M:%S")
    fraction = us % S
    if fraction:
        text += f".{fraction // 1000:03d}" if fraction % 1000 == 0 else f".{fraction:06d}"
    return text + "Z"


def date(us):
    return (EPOCH + datetime.timedelta(microseconds=us)).strftime("%Y-%m-%d")


def f64(value):
    """The shortest text that reads back as the same number; whole numbers without a fraction."""
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(value)


def f32(value):
    for digits in range(1, 10):
        text = f"{value:.{digits}g}"
        if struct.pack("<f", float(text)) == struct.pack("<f", value):
            return f64(float(text))
    raise AssertionError("nine digits tell 32-bit floats apart")


def microseconds(text):
    return round((datetime.datetime.fromisoformat(text) - EPOCH) / datetime.timedelta(microseconds=1))


# --- windows and lateness -------------------------------------------------------------------------------------------

def windows(time, size, every=None):
    """The starts of the windows that a row of this time belongs to."""
    every = every or size
    start = time // every * every
    return [start - i * every for i in range((size + every - 1) // every) if start - i * every + size > time]


def split_late(rows, time_of, size, patience):
    """(kept, late) of one input in order, with a watermark after every row, in tumbling windows."""
    kept, late, newest = [], [], None
    for row in rows:
        time = time_of(row)
        is_late = newest is not None and windows(time, size)[0] + size <= newest - patience
        (late if is_late else kept).append(row)
        newest = time if newest is None else max(newest, time)
    return kept, late


def grouped(rows, key_of):
    groups = collections.defaultdict(list)
    for row in rows:
        groups[key_of(row)].append(row)
    return groups


# --- input ----------------------------------------------------------------------------------------------------------

def read_zstd(path):
    data = subprocess.run(["zstd", "-dc", path], check=True, capture_output=True).stdout
    return list(csv.DictReader(io.StringIO(data.decode("utf-8"), newline="")))


Flight = collections.namedtuple("Flight", "time delay distance origin destination")


def read_flights():
    return [Flight(microseconds(r["scheduled"]), int(r["delay_min"]), int(r["distance_mi"]), r["origin"], r["destination"])
            for r in read_zstd(os.path.join(EXAMPLES, "flights/data/flights.csv.zst"))]


# --- the examples: each gives {name of the expected file: (header, rows)} --------------------------------------------

def word_count():
    counts = collections.Counter()
    folder = os.path.join(EXAMPLES, "word_count/input")
    for name in sorted(os.listdir(folder)):
        with open(os.path.join(folder, name), encoding="utf-8") as file:
            counts.update(word for word in re.split(r"\W+", file.read().lower(), flags=re.ASCII) if word)
    return {"word_count": ("word,n", counts.items())}


def top(groups, count):
    """Per window (the first part of the key) the `count` largest sums; of equals, the smaller name."""
    by_window = collections.defaultdict(list)
    for (start, name), total in groups.items():
        by_window[start].append((-total, name))
    return {start: [(name, -minus) for minus, name in sorted(all_)[:count]] for start, all_ in by_window.items()}


def flights():
    rows = read_flights()

    def sums(size, key_of):
        return grouped(rows, lambda r: (windows(r.time, size)[0], key_of(r)))

    def delays(groups):
        return {key: sum(r.delay for r in group) for key, group in groups.items()}

    of_day = sums(DAY, lambda r: r.origin)
    of_three_hours = sums(3 * H, lambda r: r.origin)
    worst = top(delays(of_three_hours), 1)
    hops = collections.defaultdict(list)
    for row in rows:
        if row.destination in ("ATL", "ORD", "DFW", "LAX", "JFK"):
            for start in windows(row.time, 3 * H, H):
                hops[row.destination, start].append(row.delay)
    results = {
        "worst_airport": ("window_start,origin,flights,total_delay",
                          [(instant(start), name, len(of_three_hours[start, name]), total)
                           for start, [(name, total)] in worst.items()]),
        "origin_per_day": ("day,origin,flights,total_delay,max_delay",
                           [(date(start), origin, len(group), sum(r.delay for r in group), max(r.delay for r in group))
                            for (start, origin), group in of_day.items()]),
        "top3_origins_per_day": ("day,origin,total_delay,rank",
                                 [(date(start), name, total, rank)
                                  for start, best in top(delays(of_day), 3).items()
                                  for rank, (name, total) in enumerate(best, 1)]),
        "hop_big_airports": ("destination,window_start,window_end,flights,total_delay",
                             [(name, instant(start), instant(start + 3 * H), len(group), sum(group))
                              for (name, start), group in hops.items()]),
    }
    for label, patience in (("28h", 28 * H), ("30min", 30 * MIN), ("2h", 2 * H), ("4h", 4 * H)):
        kept, late = split_late(rows, lambda r: r.time, H, patience)
        hours = grouped(kept, lambda r: windows(r.time, H)[0])
        results[f"late_{label}_hours"] = ("window_start,window_end,flights,total_delay",
                                          [(instant(start), instant(start + H), len(group), sum(r.delay for r in group))
                                           for start, group in hours.items()])
        results[f"late_{label}_tardy"] = ("scheduled,delay_min,distance_mi,origin,destination",
                                          [(instant(r.time), *r[1:]) for r in late])
    changes, _ = updating_reference.changes(rows, lambda r: r.time, lambda r: r.origin, H, 2 * H, 3 * H,
                                            lambda group: (len(group), sum(r.delay for r in group)))
    lines = [(kind, name, instant(start), *result) for kind, name, start, result in changes]
    results["corrected_changes"] = ("op,origin,window_start,flights,total_delay", lines)
    results["corrected_newest"] = ("origin,window_start,flights,total_delay",
                                   [line[1:] for line in lines if line[0] != "update_before"])
    return results


def earthquakes():
    rows = [(r["id"], microseconds(r["time"]), float(r["mag"]))
            for r in read_zstd(os.path.join(EXAMPLES, "earthquakes/data/earthquakes.csv.zst"))]
    results = {}
    for label, patience in (("7d", 7 * DAY), ("1d", DAY)):
        kept, late = split_late(rows, lambda r: r[1], 6 * H, patience)
        groups = grouped(kept, lambda r: windows(r[1], 6 * H)[0])
        results[f"windows_{label}"] = ("window_start,quakes,strongest",
                                       [(instant(start), len(group), f64(max(r[2] for r in group)))
                                        for start, group in groups.items()])
        results[f"tardy_{label}"] = ("id,happened,mag", [(r[0], instant(r[1]), f64(r[2])) for r in late])
    return results


def taxi_rides_made():
    return [taxi_generator.ride(number) for number in range(1, TAXI_RIDES + 1)]


def ride_cleansing():
    rows = []
    for ride in taxi_rides_made():
        if taxi_generator.passes_cleansing(ride):
            for is_start in (True, False):
                rows.append((ride["ride_id"], str(is_start).lower(),
                             instant((ride["start"] if is_start else ride["end"]) * S),
                             f32(ride["start_lon"]), f32(ride["start_lat"]), f32(ride["end_lon"]), f32(ride["end_lat"]),
                             ride["passengers"], ride["taxi_id"], ride["driver_id"]))
    return {"ride_cleansing": ("ride_id,is_start,event_time,start_lon,start_lat,end_lon,end_lat,passengers,taxi_id,"
                               "driver_id", rows)}


def hourly_tips():
    tips = collections.Counter()
    for ride in taxi_rides_made():
        tips[windows(ride["start"] * S, H)[0], ride["driver_id"]] += ride["tip"]
    return {"hourly_tips": ("window_end,driver_id,tips",
                            [(instant(start + H), driver, f64(total))
                             for start, [(driver, total)] in top(tips, 1).items()])}


def long_rides():
    return {"long_rides": ("ride_id", [(ride["ride_id"],) for ride in taxi_rides_made()
                                       if ride["end"] - ride["start"] > 2 * 60 * 60])}


def rides_and_fares():
    return {"rides_and_fares": ("ride_id,start_lon,start_lat,passengers,payment,tip,total_fare",
                                [(ride["ride_id"], f32(ride["start_lon"]), f32(ride["start_lat"]), ride["passengers"],
                                  ride["payment"], f32(ride["tip"]), f32(ride["total_fare"]))
                                 for ride in taxi_rides_made()])}


def transactions():
    """Of 50 accounts, in order of time; small and large amounts are frequent."""
    chosen, time, made = random.Random(20190101), 1546300800 * S, []
    for _ in range(6000):
        time += chosen.randrange(0, 2 * S)
        amount = chosen.choice((chosen.uniform(0.01, 0.99), chosen.uniform(1, 500), chosen.uniform(500.01, 2000)))
        made.append((chosen.randrange(1, 51), time, round(amount, 2)))
    return made


def fraud():
    small_at, alerts = {}, []
    for account, time, amount in transactions():
        if amount > 500 and account in small_at and time < small_at[account] + MIN:
            alerts.append((account, instant(time), f64(amount)))
        small_at.pop(account, None)
        if amount < 1:
            small_at[account] = time
    return {"fraud": ("account,time,amount", alerts)}


def write_made_data():
    """The input of an example that is neither real nor made by the program itself."""
    with open(os.path.join(EXAMPLES, "fraud", "data", "transactions.csv"), "w", encoding="utf-8") as file:
        file.write("account,time,amount\n")
        for account, time, amount in transactions():
            file.write(f"{account},{instant(time)},{f64(amount)}\n")


def web_log(data):
    with gzip.open(os.path.join(data, "web-access-log/access.csv.gz"), "rt", encoding="utf-8", newline="") as file:
        rows = [(microseconds(r["ts"]), r["path"], int(r["status"]), int(r["bytes"] or 0), r["ip"])
                for r in csv.DictReader(file)]
    per_hour = grouped(rows, lambda r: (windows(r[0], H)[0], r[2]))
    hits = collections.Counter((windows(r[0], DAY)[0], r[1]) for r in rows)
    return {
        "status_per_hour": ("window_start,status,hits,bytes",
                            [(instant(start), status, len(group), sum(r[3] for r in group))
                             for (start, status), group in per_hour.items()]),
        "top_paths": ("day,path,hits,rank", [(date(start), path, count, rank)
                                             for start, best in top(hits, 3).items()
                                             for rank, (path, count) in enumerate(best, 1)]),
        "sessions": ("ip,window_start,window_end,requests,bytes,first_path", sessions(rows, 30 * MIN)),
    }


def sessions(requests, gap):
    by_ip, made = collections.defaultdict(list), []
    for place, request in enumerate(requests):
        by_ip[request[4]].append((request[0], place, request))
    for ip, visits in by_ip.items():
        visits.sort(key=lambda visit: visit[:2])
        begin = 0
        for i in range(1, len(visits) + 1):
            if i < len(visits) and visits[i][0] - visits[i - 1][0] <= gap:
                continue
            visit = [request for _, _, request in visits[begin:i]]
            made.append((ip, instant(visit[0][0]), instant(visit[-1][0] + gap), len(visit),
                         sum(request[3] for request in visit), visit[0][1]))
            begin = i
    return made


def taxi_rides(data):
    with gzip.open(os.path.join(data, "nyc-taxi-rides/nycTaxiRides.gz"), "rt", encoding="utf-8", newline="") as file:
        rows = [(r[1], microseconds(r[2]), int(r[8])) for r in csv.reader(file)]
    starts = grouped((r for r in rows if r[0] == "START"), lambda r: windows(r[1], 5 * MIN)[0])
    ends = collections.defaultdict(list)
    for kind, time, passengers in rows:
        if kind == "END":
            for start in windows(time, 15 * MIN, 5 * MIN):
                ends[start].append(passengers)
    return {
        "starts": ("window_start,starts,passengers",
                   [(instant(start), len(group), sum(r[2] for r in group)) for start, group in starts.items()]),
        "ends": ("window_start,window_end,ends,max_passengers",
                 [(instant(start), instant(start + 15 * MIN), len(group), max(group)) for start, group in ends.items()]),
    }


# --- comparing with the results of others ---------------------------------------------------------------------------

def normal(fields):
    """A row as written here or by others, comparable: instants with a space and no Z, no fraction that is zero."""
    return tuple(re.sub(r"^(\d+)\.0$", r"\1", re.sub(r"^(\d{4}-\d\d-\d\d)T([\d:.]+)Z$", r"\1 \2", str(field)))
                 for field in fields)


def compare_with_others(data, results):
    """Every result for which others have computed a reference."""
    def windows_only(name):
        return results["earthquakes"][name][1]

    late = collections.Counter(
        instant(windows(microseconds(row[1][:-1]), 6 * H)[0]) for row in results["earthquakes"]["tardy_1d"][1])
    pairs = [
        ("us-flights-2001-01", "origin_tumble_1day.csv", results["flights"]["origin_per_day"][1]),
        ("us-flights-2001-01", "top3_origins_per_day_by_delay.csv", results["flights"]["top3_origins_per_day"][1]),
        ("us-flights-2001-01", "hop_3h_every_1h_big_airports.csv", results["flights"]["hop_big_airports"][1]),
        ("usgs-earthquakes", "tumble_6h.csv", windows_only("windows_7d")),
        ("usgs-earthquakes", "tumble_6h_lateness_1day.csv", [(*r, late[r[0]]) for r in windows_only("windows_1d")]),
        ("web-access-log", "status_tumble_1h.csv", results["web_log"]["status_per_hour"][1]),
        ("web-access-log", "top3_paths_per_day.csv", results["web_log"]["top_paths"][1]),
        ("nyc-taxi-rides", "starts_tumble_5min.csv", results["taxi_rides"]["starts"][1]),
        ("nyc-taxi-rides", "ends_hop_15min_every_5min.csv", results["taxi_rides"]["ends"][1]),
    ]
    wrong = []
    for folder, name, rows in pairs:
        with open(os.path.join(data, folder, "reference", name), encoding="utf-8", newline="") as file:
            theirs = sorted(normal(row) for row in list(csv.reader(file))[1:])
        if theirs != sorted(normal(row) for row in rows):
            wrong.append(f"{folder}/reference/{name} differs from what was worked out here")
    return wrong


def check_taxi_generator():
    """The published values of the training's generator."""
    rides = taxi_rides_made()
    first = rides[0]
    assert (first["start"], first["minutes"], first["driver_id"], first["passengers"], first["tip"], first["total_fare"],
            first["payment"]) == (taxi_generator.BEGIN_S + 20, 82, 2013000185, 3, 33, 118, "CASH")
    assert [round(first[k], 5) for k in ("start_lon", "start_lat", "end_lon", "end_lat")] == [
        -73.76764, 40.88664, -73.84383, 40.78967]
    assert sum(map(taxi_generator.passes_cleansing, rides)) == 9912
    assert [sum(r["minutes"] > 120 for r in rides), sum(r["minutes"] == 120 for r in rides),
            sum(r["minutes"] == 0 for r in rides)] == [40, 5, 133]
    tips = sorted(hourly_tips()["hourly_tips"][1])[:6]
    assert [(driver % 1000, total) for _, driver, total in tips] == [
        (89, "76"), (197, "71"), (118, "83"), (119, "81"), (195, "73"), (72, "123")]


# --- writing and checking -------------------------------------------------------------------------------------------

def lines_of(rows):
    lines = []
    for row in rows:
        text = io.StringIO()
        csv.writer(text, lineterminator="").writerow(row)
        lines.append(text.getvalue())
    return sorted(lines, key=str.encode)


def file_of(name, header, rows):
    """(file name, text) of an expected result."""
    lines = lines_of(rows)
    text = "".join(line + "\n" for line in [header] + lines)
    if len(text) <= KEPT_BYTES_MAX:
        return f"{name}.csv", text
    digest = hashlib.sha256("".join(line + "\n" for line in lines).encode()).hexdigest()
    return f"{name}.csv.digest", f"{header}\n{len(lines)}\n{digest}\n"


def all_results():
    results = {"word_count": word_count(), "flights": flights(), "earthquakes": earthquakes(),
               "ride_cleansing": ride_cleansing(), "hourly_tips": hourly_tips(),
               "long_rides": long_rides(), "rides_and_fares": rides_and_fares(), "fraud": fraud(),
               "ad_clicks": join_reference.ad_clicks(os.path.join(EXAMPLES, "ad_clicks"), microseconds, instant) |
                            within_reference.ad_clicks(os.path.join(EXAMPLES, "ad_clicks"), microseconds, instant),
               "sales": window_reference.sales(os.path.join(EXAMPLES, "sales"), microseconds, instant)}
    data = shared_data()
    if data:
        results.update(web_log=web_log(data), taxi_rides=taxi_rides(data))
    return results


def main(arguments):
    if arguments not in ([], ["--check"]):
        sys.exit("usage: reference.py [--check]: writes the expected results of all examples, or only compares them")
    check_taxi_generator()
    if arguments == []:
        write_made_data()
    results = all_results()
    wrong = []
    for example, files in results.items():
        folder = os.path.join(EXAMPLES, example, "expected")
        os.makedirs(folder, exist_ok=True)
        for name, (header, rows) in files.items():
            file_name, text = file_of(name, header, rows)
            path = os.path.join(folder, file_name)
            if arguments == ["--check"]:
                with open(path, encoding="utf-8", newline="") as file:
                    if file.read() != text:
                        wrong.append(f"{os.path.relpath(path, ROOT)} is not what was worked out here")
            else:
                with open(path, "w", encoding="utf-8", newline="") as file:
                    file.write(text)
    data = shared_data()
    if data:
        wrong += compare_with_others(data, results)
    else:
        print("skipped: web_log and taxi_rides, and the comparison with others: their data are not here (FLOW_SHARED)")
    for line in wrong:
        print(line)
    print(f"reference: {sum(map(len, results.values()))} results, {len(wrong)} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
