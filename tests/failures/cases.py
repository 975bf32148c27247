"""The cases of failures.py. A case is a function `case_…` that takes a Bench; its name is the case's name."""

import glob
import gzip
import json
import os
import shutil
import subprocess
import time

import savepoint_cases
from jobs import Bench, Wrong

__all__ = ["Bench", "all_cases"]

READINGS = 1500
HEADER = "at,name,value\n"


def record(number):
    day, minute = divmod(number, 24 * 60)
    return f"2020-01-{day + 1:02}T{minute // 60:02}:{minute % 60:02}:00Z,n{number % 7},{number}\n"


def readings(count=READINGS):
    """One reading a minute, of seven names in turn."""
    return HEADER + "".join(record(number) for number in range(count))


def hourly(count=READINGS, without=()):
    """What readings.flow makes of them."""
    sums = {}
    for number in range(count):
        if number not in without:
            n, total = sums.get((number % 7, number // 60), (0, 0))
            sums[number % 7, number // 60] = n + 1, total + number
    instant = lambda hour: f"2020-01-{hour // 24 + 1:02}T{hour % 24:02}:00:00Z"
    return [f"n{name},{instant(hour)},{instant(hour + 1)},{n},{total}" for (name, hour), (n, total) in sums.items()]


def all_cases():
    found = {**globals(), **vars(savepoint_cases)}
    return [(name[len("case_"):], case) for name, case in sorted(found.items()) if name.startswith("case_")]


def nothing_published(bench, out="out"):
    if bench.rows(out):
        raise Wrong(f"{out} shows results of a run that failed")


# ---- Input ----

BAD = "2020-01-01T00:20:00Z,n6,12x4\n"   # in place of reading 20


def readings_with_bad_record():
    lines = readings().splitlines(keepends=True)
    lines[21] = BAD
    return "".join(lines)


def case_bad_record_stops(bench):
    bench.write("in.csv", readings_with_bad_record())
    bench.run("readings", "--data", "in.csv", "--out", "out").expect(
        4, "in.csv", "line 22", "column 25", "field value", "'12x4'", BAD.strip(), "on error skip", "readings")
    nothing_published(bench)


def case_bad_record_with_four_tasks_stops(bench):
    bench.write("in.csv", readings_with_bad_record())
    bench.run("readings", "--data", "in.csv", "--out", "out", "--parallelism", "4").expect(4, "in.csv", "line 22", "'12x4'")
    nothing_published(bench)


def case_bad_record_is_skipped_and_counted(bench):
    bench.write("in.csv", readings_with_bad_record())
    bench.run("readings_skip", "--data", "in.csv", "--out", "out", "--summary").expect(0, "1 bad", "1 record could not be read")
    bench.expect_rows("out", hourly(without=[20]))


def case_bad_record_goes_to_its_stream(bench):
    bench.write("in.csv", readings_with_bad_record())
    bench.run("readings_to", "--data", "in.csv", "--out", "out", "--bad", "bad").expect(0)
    bench.expect_rows("out", hourly(without=[20]))
    bad = [json.loads(row) for row in bench.rows("bad", has_header=False)]
    if len(bad) != 1:
        raise Wrong(f"{len(bad)} bad records instead of one")
    expected = {"text": BAD.strip(), "file": "in.csv", "line": 22, "column": 25, "field": "value"}
    if {key: bad[0].get(key) for key in expected} != expected or "12x4" not in bad[0].get("reason", ""):
        raise Wrong(f"the bad record is described as {bad[0]}")


def case_record_with_too_few_fields(bench):
    bench.write("in.csv", readings(10) + "2020-01-01T00:10:00Z,n3\n")
    bench.run("readings", "--data", "in.csv", "--out", "out").expect(4, "in.csv", "line 12", "2020-01-01T00:10:00Z,n3")


def case_quote_that_never_closes(bench):
    bench.write("in.csv", readings(10) + '2020-01-01T00:10:00Z,"n3,10\n2020-01-01T00:11:00Z,n4,11\n')
    bench.run("readings", "--data", "in.csv", "--out", "out").expect(4, "in.csv", "line 12", "quote")


def case_column_that_is_not_there(bench):
    bench.write("in.csv", readings(10).replace("value", "valeu", 1))
    bench.run("readings", "--data", "in.csv", "--out", "out").expect(4, "in.csv", "value", "valeu")


def case_invalid_utf8(bench):
    bench.write("in.csv", readings(10).encode() + b"2020-01-01T00:10:00Z,n\xff3,10\n")
    bench.run("readings", "--data", "in.csv", "--out", "out").expect(4, "in.csv", "line 12", "field name", "UTF-8")


def case_last_line_without_end(bench):
    bench.write("in.csv", readings().rstrip("\n"))
    bench.run("readings", "--data", "in.csv", "--out", "out").expect(0)
    bench.expect_rows("out", hourly())


def case_binary_file(bench):
    bench.write("in.csv", bytes(range(256)) * 40)
    if bench.run("readings", "--data", "in.csv", "--out", "out").expect(4, "in.csv").err.isascii() is False:
        raise Wrong("raw bytes of the file are printed")


def case_empty_file(bench):
    bench.write("in.csv", "")
    bench.run("readings", "--data", "in.csv", "--out", "out").expect(4, "in.csv", "empty", "header")


def case_header_alone(bench):
    bench.write("in.csv", HEADER)
    bench.run("readings", "--data", "in.csv", "--out", "out").expect(0)
    bench.expect_rows("out", [])


def case_truncated_gzip(bench):
    packed = gzip.compress(readings().encode())
    bench.write("in.csv.gz", packed[:len(packed) // 2])
    bench.run("readings", "--data", "in.csv.gz", "--out", "out").expect(5, "in.csv.gz", "cut off")
    nothing_published(bench)


def case_truncated_gzip_is_not_skipped(bench):
    packed = gzip.compress(readings().encode())
    bench.write("in.csv.gz", packed[:len(packed) - 3])
    bench.run("readings_skip", "--data", "in.csv.gz", "--out", "out").expect(5, "in.csv.gz", "cut off")
    nothing_published(bench)


def case_damaged_gzip(bench):
    packed = bytearray(gzip.compress(readings().encode()))
    packed[len(packed) // 2] ^= 0x55
    bench.write("in.csv.gz", bytes(packed))
    ended = bench.run("readings", "--data", "in.csv.gz", "--out", "out")
    if ended.code not in (4, 5):   # the damage may first be seen as a record that cannot be read
        ended.expect(5)
    ended.expect(ended.code, "in.csv.gz")
    nothing_published(bench)


def zstd(text):
    return subprocess.run(["zstd", "-q", "-c"], input=text.encode(), capture_output=True, check=True).stdout


def case_truncated_zstd(bench):
    packed = zstd(readings())
    bench.write("in.csv.zst", packed[:len(packed) // 2])
    bench.run("readings", "--data", "in.csv.zst", "--out", "out").expect(5, "in.csv.zst", "cut off")
    nothing_published(bench)


def case_plain_file_named_gz(bench):
    """What a file is packed with is told by its first bytes, not by its name."""
    bench.write("in.csv.gz", readings())
    bench.run("readings", "--data", "in.csv.gz", "--out", "out").expect(0)
    bench.expect_rows("out", hourly())


def case_packed_in_another_way(bench):
    bench.write("in.csv.xz", b"\xfd7zXZ\0" + bytes(100))
    bench.run("readings", "--data", "in.csv.xz", "--out", "out").expect(5, "in.csv.xz", "xz", "gzip and zstd")


def case_missing_file(bench):
    bench.run("readings", "--data", "none.csv", "--out", "out").expect(5, "'none.csv'", "no file")


def case_pattern_without_files(bench):
    bench.run("readings", "--data", "none-*.csv", "--out", "out").expect(5, "none-*.csv")


def case_missing_file_with_checkpoints(bench):
    bench.run("readings", "--data", "none.csv", "--out", "out", "--checkpoint-dir", "state").expect(5, "'none.csv'")
    bench.write("none.csv", readings())   # and once it is there the same command works
    bench.run("readings", "--data", "none.csv", "--out", "out", "--checkpoint-dir", "state").expect(0)
    bench.expect_rows("out", hourly())


def case_bad_record_mended(bench):
    """Stopped by a bad record; once that is mended in place, the same command gives the whole result."""
    flags = ("--data", "in.csv", "--out", "out", "--checkpoint-dir", "state", "--checkpoint-interval", "10ms")
    good, bad = record(900), record(900).replace(",900", ",9x0")
    bench.write("in.csv", readings().replace(good, bad))
    bench.run("readings", *flags, "--rate", "3000").expect(4, "in.csv", "line 902", "'9x0'")
    bench.write("in.csv", readings())
    bench.run("readings", *flags).expect(0)
    bench.expect_rows("out", hourly())


# ---- Output ----

def case_output_is_a_file(bench):
    bench.write("in.csv", readings())
    bench.write("out", "mine\n")
    bench.run("readings", "--data", "in.csv", "--out", "out").expect(6, "'out'")
    if open(bench.path("out"), encoding="utf-8").read() != "mine\n":
        raise Wrong("the file in the way was changed")


def case_output_below_a_file(bench):
    bench.write("in.csv", readings())
    bench.write("file", "mine\n")
    bench.run("readings", "--data", "in.csv", "--out", "file/out").expect(6, "'file", "folder")


def case_checkpoints_below_a_file(bench):
    bench.write("in.csv", readings())
    bench.write("file", "mine\n")
    bench.run("readings", "--data", "in.csv", "--out", "out", "--checkpoint-dir", "file/state").expect(6, "'file", "folder")
    nothing_published(bench)


def case_output_of_an_earlier_run(bench):
    bench.write("in.csv", readings())
    bench.run("readings", "--data", "in.csv", "--out", "out").expect(0)
    bench.run("readings", "--data", "in.csv", "--out", "out").expect(10, "'out'", "earlier run", "--fresh")
    bench.expect_rows("out", hourly())
    bench.run("readings", "--data", "in.csv", "--out", "out", "--fresh").expect(0)
    bench.expect_rows("out", hourly() + hourly())   # beside them


def case_endless_input_without_checkpoints(bench):
    bench.run("endless", "--out", "out").expect(10, "never ends", "numbers", "--checkpoint-dir")
    nothing_published(bench)


def case_endless_input_is_stopped(bench):
    flags = ("--out", "out", "--checkpoint-dir", "state", "--checkpoint-interval", "20ms")
    job = bench.start("endless", *flags)
    bench.stop_when(job, lambda: len(bench.epochs("state")) >= 2, flags).expect(3, "stopped", "'state'")
    rows = [int(row) for row in bench.rows("out")]
    if sorted(rows) != list(range(len(rows))) or not rows:
        raise Wrong(f"{len(rows)} numbers were published, not those from 0 on")


# ---- Starts: the table of flags and what is there ----

def run_flags(*more):
    return ("--data", "in.csv", "--out", "out", "--checkpoint-dir", "state", "--checkpoint-interval", "10ms",
            "--parallelism", "2", *more)


def begin_job(bench, epochs=3):
    """A job that was stopped in the midst of its input, with state in 'state'."""
    bench.write("in.csv", readings())
    flags = run_flags("--rate", "3000")
    job = bench.start("readings", *flags)
    bench.stop_when(job, lambda: (bench.epochs("state") or [0])[-1] >= epochs, flags).expect(3, "stopped", "checkpoint", "'state'")
    return bench.epochs("state")[-1]


def finishes(bench, ended):
    ended.expect(0)
    bench.expect_rows("out", hourly())


def only_shows_what_is_right(bench):
    wrong = [row for row in bench.rows("out") if row not in hourly()]
    if wrong or len(set(bench.rows("out"))) != len(bench.rows("out")):
        raise Wrong(f"wrong or repeated rows are shown: {wrong[:3]}")


def case_other_input_at_a_restart_is_named(bench):
    begin_job(bench)
    bench.write("other.csv", readings(10))
    flags = [flag if flag != "in.csv" else "other.csv" for flag in run_flags()]
    ended = bench.run("readings", *flags)
    finishes(bench, ended.expect(0, "'other.csv' is not read", "--fresh"))


def case_two_sinks_in_one_folder_by_two_names(bench):
    bench.write("in.csv", readings_with_bad_record())
    bench.run("readings_to", "--data", "in.csv", "--out", "out", "--bad", "./out").expect(2, "one folder", "'./out'")


def case_second_job_into_a_folder_in_use(bench):
    bench.write("in.csv", readings())
    first = bench.start("readings", "--data", "in.csv", "--out", "out", "--rate", "3000")
    while not os.path.exists(bench.path("out", ".flow", "lock")) and first.poll() is None:
        pass
    time.sleep(0.05)
    bench.run("readings", "--data", "in.csv", "--out", "out").expect(9, "another running job writes to 'out'")
    finishes(bench, bench.wait(first))


def case_function_that_calls_itself_without_end(bench):
    bench.run("deep", "--n", "1000").expect(0)
    bench.run("deep", "--n", "100000000").expect(4, "calls itself too deeply", "deep.flow:")


def case_stop_leaves_windows_open(bench):
    begin_job(bench)
    only_shows_what_is_right(bench)


def case_start_without_flags_resumes(bench):
    begin_job(bench)
    finishes(bench, bench.run("readings", *run_flags()))


def case_start_without_flags_begins(bench):
    bench.write("in.csv", readings())
    finishes(bench, bench.run("readings", *run_flags()))


def case_start_latest_resumes_at_another_parallelism(bench):
    begin_job(bench)
    finishes(bench, bench.run("readings", *run_flags("--restore", "latest", "--parallelism", "3")))


def case_start_latest_begins(bench):
    bench.write("in.csv", readings())
    finishes(bench, bench.run("readings", *run_flags("--restore", "latest")))


def case_start_from_path_resumes(bench):
    epoch = begin_job(bench)
    finishes(bench, bench.run("readings", *run_flags("--restore", f"state/epoch-{epoch}")))


def case_start_from_older_path_is_refused(bench):
    epoch = begin_job(bench)
    before = bench.rows("out")
    older = bench.epochs("state")[0]
    if older == epoch:
        raise Wrong("only one checkpoint is kept")
    ended = bench.run("readings", *run_flags("--restore", f"state/epoch-{older}"))
    if ended.code == 0:   # allowed only where nothing was committed in between
        bench.expect_rows("out", hourly())
        return
    ended.expect(10, f"epoch {epoch}", f"epoch {older}", "'out'")
    if bench.rows("out") != before:
        raise Wrong("a refused start changed the output")


def case_start_from_path_without_state(bench):
    bench.write("in.csv", readings())
    bench.run("readings", *run_flags("--restore", "state/epoch-7")).expect(10, "state/epoch-7")
    nothing_published(bench)


def case_start_restore_none_with_state(bench):
    begin_job(bench)
    before = bench.rows("out")
    bench.run("readings", *run_flags("--restore", "none")).expect(10, "'state'")
    if bench.rows("out") != before:
        raise Wrong("a refused start changed the output")
    finishes(bench, bench.run("readings", *run_flags()))   # and nothing is lost


def case_start_restore_none_without_state(bench):
    bench.write("in.csv", readings())
    finishes(bench, bench.run("readings", *run_flags("--restore", "none")))


def case_start_fresh_with_state(bench):
    begin_job(bench)
    before = bench.rows("out")
    bench.run("readings", *run_flags("--fresh")).expect(0)
    bench.expect_rows("out", before + hourly())


def case_start_fresh_without_state(bench):
    bench.write("in.csv", readings())
    finishes(bench, bench.run("readings", *run_flags("--fresh")))


def case_start_of_a_finished_job(bench):
    bench.write("in.csv", readings())
    finishes(bench, bench.run("readings", *run_flags()))
    finishes(bench, bench.run("readings", *run_flags()))
    finishes(bench, bench.run("readings", *run_flags("--restore", "latest")))


def case_second_instance(bench):
    bench.write("in.csv", readings())
    flags = run_flags("--rate", "1500")
    first = bench.start("readings", *flags)
    while not bench.epochs("state") and first.poll() is None:
        pass
    bench.run("readings", *flags).expect(9, "state/lock", f"process {first.pid}")
    finishes(bench, bench.wait(first, flags))


def case_input_changed_under_the_checkpoint(bench):
    begin_job(bench)
    bench.write("in.csv", readings().replace("n1", "m1"))
    ended = bench.run("readings", *run_flags())
    if ended.code == 0:
        raise Wrong("another file under the same name was read on as if nothing had happened")
    ended.expect(ended.code, "in.csv")
    only_shows_what_is_right(bench)


def case_input_gone_under_the_checkpoint(bench):
    begin_job(bench)
    os.rename(bench.path("in.csv"), bench.path("away.csv"))
    bench.run("readings", *run_flags()).expect(5, "in.csv")
    os.rename(bench.path("away.csv"), bench.path("in.csv"))
    finishes(bench, bench.run("readings", *run_flags()))


# ---- Checkpoints that are damaged or of others ----

def case_checkpoint_of_another_program(bench):
    begin_job(bench)
    bench.run("readings_other", *run_flags()).expect(8, "'state/epoch-", "hourly.aggregate", "--fresh")
    only_shows_what_is_right(bench)
    finishes(bench, bench.run("readings", *run_flags()))


def flip(content, at):
    return content[:at] + bytes([content[at] ^ 0x40]) + content[at + 1:]


def damages(content):
    """Each a name and what the file is afterwards; None: it is gone."""
    middle = len(content) // 2
    return [("first byte", flip(content, 0)), ("a byte in the middle", flip(content, middle)),
            ("last byte", flip(content, len(content) - 1)), ("cut in half", content[:middle]),
            ("last byte gone", content[:-1]), ("one byte more", content + b"\0"), ("empty", b""), ("gone", None)]


def damage_each(bench, files, allowed):
    """Damages one file after the other, each in a copy of the stopped job; the job refuses, or its result is right."""
    whole = bench.folder
    saved = os.path.join(whole, "saved")
    os.makedirs(saved)
    for name in ("state", "out"):
        shutil.copytree(bench.path(name), os.path.join(saved, name))
    for file in files:
        content = open(os.path.join(saved, file), "rb").read()
        for what, damaged in damages(content):
            for name in ("state", "out"):
                shutil.rmtree(bench.path(name))
                shutil.copytree(os.path.join(saved, name), bench.path(name))
            os.remove(bench.path(file)) if damaged is None else bench.write(file, damaged)
            bench.log.write(f"# {file}: {what}\n")
            ended = bench.run("readings", *run_flags())
            try:
                if ended.code == 0:
                    bench.expect_rows("out", hourly())
                elif ended.code not in allowed:
                    raise Wrong(f"exit code {ended.code}: {ended.err.strip()}")
                else:
                    ended.expect(ended.code, "state")
                    only_shows_what_is_right(bench)
            except Wrong as problem:
                raise Wrong(f"{file}, {what}: {problem}") from None


def case_damaged_files_of_the_newest_epoch(bench):
    epoch = begin_job(bench)
    folder = f"state/epoch-{epoch}"
    files = sorted(os.path.relpath(path, bench.folder) for path in glob.glob(bench.path(folder, "*")))
    if len(files) < 3:
        raise Wrong(f"the checkpoint consists of {files}")
    damage_each(bench, files, allowed=(7,))


def case_damaged_job_record(bench):
    begin_job(bench)
    damage_each(bench, ["state/job"], allowed=(7,))


def case_damage_in_the_sentence(bench):
    """The damaged file is named; what has been committed past the older checkpoint is never written again."""
    epoch = begin_job(bench)
    path = sorted(glob.glob(bench.path("state", f"epoch-{epoch}", "chain-*")))[-1]
    content = open(path, "rb").read()
    open(path, "wb").write(flip(content, len(content) // 2))
    ended = bench.run("readings", *run_flags())
    if ended.code == 0:
        bench.expect_rows("out", hourly())
        ended.expect(0, os.path.relpath(path, bench.folder), "falling back")
    else:
        ended.expect(7, os.path.relpath(path, bench.folder), "--fresh")
        only_shows_what_is_right(bench)
    shutil.rmtree(bench.path("state", f"epoch-{epoch}"))


def case_all_epochs_damaged(bench):
    begin_job(bench)
    for path in glob.glob(bench.path("state", "epoch-*", "manifest")):
        open(path, "wb").write(b"nothing")
    bench.run("readings", *run_flags()).expect(7, "state/epoch-")
    only_shows_what_is_right(bench)


# ---- Flags ----

def case_missing_param(bench):
    bench.run("params").expect(2, "--rows", "has to be given", "--help")


def case_param_of_a_wrong_type(bench):
    bench.run("params", "--rows", "many").expect(2, "--rows", "'many'", "i64")


def case_all_wrong_flags_at_once(bench):
    bench.run("params", "--rows", "1.5", "--unit", "oz", "--wait", "5", "--wrod", "x").expect(
        2, "--rows", "'1.5'", "--unit", "'oz'", "KG", "pound", "--wait", "'5'", "1h30min", "--wrod", "did you mean --word")


def case_param_beyond_its_condition(bench):
    bench.run("params", "--rows", "0").expect(2, "--rows 0 is refused", "rows > 0")
    bench.run("params", "--rows", "11").expect(2, "rows <= 10")
    bench.run("params", "--rows", "1", "--share", "1").expect(2, "share < 1.0")


def case_unknown_flag(bench):
    bench.run("params", "--rows", "1", "--paralelism", "2").expect(2, "--paralelism", "did you mean --parallelism")
    bench.run("params", "--rows", "1", "more").expect(2, "'more'", "no flag")


def case_flags_of_the_job_that_are_wrong(bench):
    bench.run("params", "--rows", "1", "--parallelism", "0").expect(2, "--parallelism 0", "from 1")
    bench.run("params", "--rows", "1", "--checkpoint-interval", "5").expect(2, "--checkpoint-interval 5", "duration")
    bench.run("params", "--rows", "1", "--latency", "-1ms").expect(2, "--latency -1ms", "duration")
    bench.run("params", "--rows", "1", "--restore", "latest").expect(2, "--restore", "--checkpoint-dir")
    bench.run("params", "--rows", "1", "--checkpoint-dir", "state", "--fresh", "--restore", "none").expect(2, "--fresh", "--restore")
    bench.run("params", "--rows", "1", "--parallelism", "9", "--max-parallelism", "8").expect(2, "--parallelism 9", "8")


def case_params_arrive(bench):
    ended = bench.run("params", "--rows=1", "--unit", "pound", "--wait", "90s", "--is-loud", "--word", "a b").expect(0)
    row = json.loads(ended.out)
    expected = {"n": 0, "word": "a b", "share": 0.5, "unit": "pound", "is_loud": True}
    if {key: row.get(key) for key in expected} != expected:
        raise Wrong(f"the row is {row}")


def case_help_and_description(bench):
    ended = bench.run("params", "--help").expect(0)
    for word in ("Shows its params.", "--rows i64", "How many rows.", "has to be given", "--unit KG|pound", "--parallelism N",
                 "Exit codes"):
        if word not in ended.out:
            raise Wrong(f"the help lacks {word!r}")
    if "numbers" not in bench.run("params", "--describe").expect(0).out:
        raise Wrong("the description lacks the source")


def case_lost_job_record_and_no_output_to_compare(bench):
    """Without its record the state cannot be gone on from: that is said, and not taken for an empty folder."""
    bench.write("in.csv", readings())
    flags = ("--data", "in.csv", "--rate", "1500", "--checkpoint-dir", "state", "--checkpoint-interval", "10ms")
    job = bench.start("readings_shown", *flags)
    bench.stop_when(job, lambda: len(bench.epochs("state")) >= 2, flags).expect(3)
    os.remove(bench.path("state", "job"))
    bench.run("readings_shown", *flags).expect(7, "state")


# ---- Rows that fail ----

def case_division_by_zero_stops(bench):
    bench.run("overflow").expect(4, "overflow.flow:9:", "division by zero", "100 / (7 - n)", "on error skip")


def case_sum_beyond_i64_stops(bench):
    bench.run("overflow", "--rows", "2").expect(4, "overflow.flow:12:", "integer overflow")
