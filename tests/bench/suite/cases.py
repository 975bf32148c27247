"""The list of what is measured. A new case is one entry here; a new workload is a folder with its programs (`stream result` or
`table result`, `stream mixes` with one number `mix` per row), a program by hand that follows hand/output.h, and a line in
CMakeLists.txt."""
from dataclasses import dataclass, field

SLOW, FAST = {"spacing": 10_000}, {"spacing": 100}  # event time: 100 K and 10 M events a second


@dataclass(frozen=True)
class Case:
    """A program beside the same thing by hand."""
    name: str
    workload: str                     # the folder
    query: str                        # the program in it, and the query by hand
    events: int                       # timed
    hand: str                         # the executable by hand
    flags: dict = field(default_factory=dict)  # both sides get them
    shapes: tuple = ("",)             # ways to write it by hand: the fastest counts
    touch: str = ""                   # fields made to exist though the query does not need them: key of TOUCHED
    data: str = ""                    # the program that makes the input file; `events` are its records
    data_sink: str = "csv(out)"       # and what writes it
    sink: str = "discard()"           # where the timed rows go; a file sink names the flag `out`, which both sides get
    goal: tuple = (0.90, 1.0)         # by hand / Flow: floor and aim
    scaling: tuple = ()               # two workers / one: floor and aim; without them it is only shown
    checked: int = 50_000             # events whose rows are compared one by one
    two_workers: bool = True
    counted: int = 100_000            # events of the shorter run under Valgrind; 0: not counted


@dataclass(frozen=True)
class Twin:
    """One program in two ways, each a change of flags or another query; both by Flow."""
    name: str
    workload: str
    query: str
    events: int
    compared: str                     # what the first does and the second does not
    without: str = ""                 # the query of the second; empty: the same
    flags: dict = field(default_factory=dict)
    checkpoints: bool = False         # the first takes one every second
    goal: tuple = ()                  # time of the second / time of the first


# Streams that a second discard() takes: words of nexmark.flow, and of bench_nexmark --touch.
TOUCHED = {"numbers": "numbers", "all": "full_bids"}

LOOPS = ("fused", "columns")
TABLES = ("indexed", "inline", "indexed_ahead", "inline_ahead")


def nexmark(name, query, events=60_000_000, flags=None, **more):
    return Case(f"nexmark {name}", "nexmark", query, events, "bench_nexmark", flags or SLOW,
                **{"shapes": LOOPS, "goal": (0.95, 1.0), "scaling": (1.9, 2.0), **more})


def keyed(name, query, keys, events, **more):
    return Case(f"keyed {name}", "keyed", query, events, "bench_keyed", {"keys": keys}, **{"shapes": TABLES, **more})


def taxi(name, query, data, events, **more):
    return Case(f"taxi {name}", "taxi", query, events, "bench_taxi", data=data, counted=40_000, two_workers=False, **more)


def json(name, query, shape, goal):
    return Case(f"json {name}, beside {shape}", "json", query, 3_000_000, "bench_json", shapes=(shape,), data="bids",
                data_sink="json(out)", goal=goal, counted=10_000 if shape == "two_pass" else 0, two_workers=False)


def sink(shape, goal):
    return Case(f"sink CSV file, beside {shape}", "sink", "bids", 5_000_000, "bench_sink", shapes=(shape,), goal=goal,
                sink="csv(out, header: false)", counted=10_000 if shape == "format" else 0, two_workers=False)


CASES = [
    nexmark("generate, numbers", "generate"),
    nexmark("generate, all fields", "generate_full", events=15_000_000),
    nexmark("q1 map", "q1"),
    nexmark("q2 filter, projected", "q2"),
    nexmark("q2 filter, numbers", "q2", touch="numbers"),
    nexmark("q2 filter, all fields", "q2", events=15_000_000, touch="all", scaling=()),
    nexmark("q5 hopping count, top 1, 100 K/s", "q5", events=50_000_000, goal=(0.90, 1.5), scaling=(1.8, 1.9),
            checked=500_000),
    nexmark("q5 hopping count, top 1, 10 M/s", "q5", events=50_000_000, flags=FAST, goal=(0.90, 1.5), scaling=(1.8, 1.9)),
    nexmark("q7 tumbling max, 100 K/s, numbers", "q7", touch="numbers", checked=2_000_000),
    nexmark("q7 tumbling max, 10 M/s, projected", "q7", flags=FAST),
    keyed("window sums, 1 K keys", "window_sums", 1000, 60_000_000, goal=(0.85, 1.0)),
    keyed("window sums, 1 M keys", "window_sums", 1_000_000, 30_000_000),
    keyed("sums, 1 K keys", "sums", 1000, 60_000_000, goal=(0.85, 1.0)),
    keyed("sums, 1 M keys", "sums", 1_000_000, 30_000_000, scaling=(1.5, 1.8)),
    keyed("sums, 100 M keys", "sums", 100_000_000, 60_000_000, goal=(0.90, 1.5), shapes=("inline", "inline_ahead"),
          two_workers=False, counted=0),
    taxi("CSV to hourly tips", "hourly_tips", "fares", 10_000_000, checked=500_000),
    taxi("CSV, all 11 fields", "rides_all", "rides", 5_000_000),
    taxi("CSV, 4 of 11 fields", "rides_four", "rides", 5_000_000),
    json("all 7 fields", "all", "simdjson", (1.5, 2.0)),
    json("all 7 fields", "all", "two_pass", (0.90, 1.0)),
    json("2 of 7 fields", "two", "simdjson", (1.5, 2.0)),
    json("2 of 7 fields", "two", "two_pass", (0.90, 1.0)),
    sink("format", (0.90, 1.0)),
    sink("ready", (0.90, 0.95)),
]

TWINS = [
    Twin("nexmark q1 map", "nexmark", "q1", 60_000_000, "checks for overflow", without="q1_unchecked", flags=SLOW),
    Twin("keyed sums, 1 M keys (28 MB)", "keyed", "sums", 50_000_000, "checkpoint every second", flags={"keys": 1_000_000},
         checkpoints=True, goal=(0.97, 0.99)),
    Twin("keyed sums, 2 M keys (56 MB)", "keyed", "sums", 50_000_000, "checkpoint every second", flags={"keys": 2_000_000},
         checkpoints=True, goal=(0.97, 0.99)),
    Twin("keyed sums, 36 M keys (1 GB)", "keyed", "sums", 60_000_000, "checkpoint every second",
         flags={"keys": 36_000_000}, checkpoints=True, goal=(0.88, 0.95)),
]
