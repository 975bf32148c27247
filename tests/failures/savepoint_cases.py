"""Cases of failures.py: savepoints of running jobs, and starts from them."""

import glob
import os
import shutil
import signal
import subprocess
import tempfile
import time

from jobs import LIMIT_S, Wrong

ROWS = 6000


def paced(out="out", state="state", *more, rows=ROWS, rate=4000, parallelism=2):
    return ("--rows", str(rows), "--rate", str(rate), "--out", out, "--checkpoint-dir", state, "--checkpoint-interval",
            "20ms", "--parallelism", str(parallelism), *more)


def results(bench, out):
    return [bench.rows(os.path.join(out, name)) for name in ("sums", "minutes")]


def expect_straight(bench, out, rows=ROWS):
    """What is published in `out` is what a job makes that nobody interfered with."""
    bench.run("paced", "--rows", str(rows), "--out", "straight").expect(0)
    expected, got = results(bench, "straight"), results(bench, out)
    if not all(expected):
        raise Wrong("a run without interference publishes nothing")
    if got != expected:
        counts = [f"{len(a)} instead of {len(b)}" for a, b in zip(got, expected)]
        raise Wrong(f"{out} differs from a run without savepoints: rows {counts}")


def begin(bench, *more, epochs=2, **how):
    """A running job that has taken some checkpoints."""
    flags = paced(*more, **how)
    state = flags[flags.index("--checkpoint-dir") + 1]
    job = bench.start("paced", *flags)
    end = time.monotonic() + LIMIT_S
    while sum(bench.epochs(state)[-1:]) < epochs and job.poll() is None and time.monotonic() < end:
        time.sleep(0.005)
    if job.poll() is not None:
        raise Wrong(f"the job ended before it could be asked: {job.communicate()[1]}")
    return job


def ask(bench, *more, state="state"):
    return bench.run("paced", "savepoint", *more, "--checkpoint-dir", state)


def links(bench, folder):
    return {os.stat(path).st_nlink for path in glob.glob(bench.path(folder, "*"))}


def case_savepoint_of_a_running_job(bench):
    job = begin(bench)
    ended = ask(bench, "saved/first").expect(0, "savepoint of epoch")
    if ended.out != bench.path("saved", "first") + "\n":
        raise Wrong(f"the path of the savepoint is not told: {ended.out!r}")
    if links(bench, "saved/first") != {1} or not os.path.exists(bench.path("saved/first/manifest")):
        raise Wrong("the savepoint is not complete in itself")
    bench.wait(job).expect(0)
    expect_straight(bench, "out")
    listed = subprocess.run([bench.flowc, "state", "list", bench.path("saved/first")], capture_output=True, text=True)
    for word in ("savepoint of 'paced'", "state sums.process: by key", "cell sum: sum i64", "state minutes.aggregate"):
        if word not in listed.stdout:
            raise Wrong(f"flowc state list lacks {word!r}: {listed.stdout}{listed.stderr}")


def stop_and_restore(bench, parallelism, parallelism_after, folder):
    job = begin(bench, parallelism=parallelism)
    ask(bench, folder, "--stop").expect(0)
    # The answer comes when the job has gone: its folder is free at once.
    ended = bench.wait(job).expect(3)
    shutil.move(bench.path("state"), bench.path("old"))
    shown = results(bench, "out")
    flags = paced("out", "state", "--restore", folder, parallelism=parallelism_after, rate=0)
    bench.run("paced", *flags).expect(0)
    expect_straight(bench, "out")
    if not all(set(before) <= set(after) for before, after in zip(shown, results(bench, "out"))):
        raise Wrong("what was shown at the savepoint changed")
    return ended


def case_stop_with_a_savepoint_and_restore_wider(bench):
    stop_and_restore(bench, 2, 5, "saved")


def case_stop_with_a_savepoint_and_restore_narrower(bench):
    stop_and_restore(bench, 4, 1, "saved")


def case_savepoint_on_another_file_system(bench):
    shared_memory = "/dev/shm"
    if not os.access(shared_memory, os.W_OK) or os.stat(shared_memory).st_dev == os.stat(bench.folder).st_dev:
        return
    with tempfile.TemporaryDirectory(dir=shared_memory) as folder:
        stop_and_restore(bench, 2, 3, os.path.join(folder, "saved"))


def case_restored_job_is_killed_at_once(bench):
    """The savepoint becomes a checkpoint of the new folder before anything runs: no start without flags forgets it."""
    job = begin(bench)
    ask(bench, "saved", "--stop").expect(0)
    bench.wait(job).expect(3)
    flags = paced("out", "new", rate=2000, parallelism=3)
    for pause in (0.02, 0.05, 0.1, 0.2):
        again = bench.start("paced", *flags, "--checkpoint-interval", "10min", "--restore", "saved")
        end = time.monotonic() + LIMIT_S
        while not bench.epochs("new") and time.monotonic() < end:
            time.sleep(0.002)
        time.sleep(pause)
        again.send_signal(signal.SIGKILL)
        bench.wait(again)
    shutil.rmtree(bench.path("saved"))
    bench.run("paced", *paced("out", "new", rate=0, parallelism=1)).expect(0)
    expect_straight(bench, "out")


def case_drain_with_a_savepoint(bench):
    job = begin(bench)
    ask(bench, "saved", "--drain").expect(0)
    bench.wait(job).expect(0)
    published = [row.split(",") for row in bench.rows("out/minutes")]
    read = sum(int(row[3]) for row in published)
    total = sum(int(row[4]) for row in published)
    if not 0 < read < ROWS or total != read * (read - 1) // 2:
        raise Wrong(f"{read} rows that add up to {total} are not the first of the input, each once")
    expect_straight(bench, "out", rows=read)
    drained = results(bench, "out")
    bench.run("paced", *paced()).expect(0)   # it has finished: nothing more is read
    bench.run("paced", *paced("out", "new", "--restore", "saved")).expect(0)
    if results(bench, "out") != drained:
        raise Wrong("a job that was drained made something more")


def case_savepoint_that_the_output_has_left_behind(bench):
    job = begin(bench)
    ask(bench, "saved").expect(0)
    bench.wait(job).expect(0)
    bench.run("paced", *paced("out", "state", "--restore", "saved")).expect(
        10, "out/", "already shows the results of epoch", "a second time", "--fresh")
    bench.run("paced", *paced("out", "new", "--restore", "saved")).expect(10, "already shows the results of epoch")
    expect_straight(bench, "out")


def case_savepoint_without_its_output(bench):
    """Another folder for the output would hold a part of it and look whole."""
    job = begin(bench, epochs=4)
    ask(bench, "saved", "--stop").expect(0)
    bench.wait(job).expect(3)
    bench.run("paced", *paced("elsewhere", "new", "--restore", "saved")).expect(
        10, "elsewhere/", "were committed by this job", "the folder that it wrote to before")


def case_savepoint_that_was_damaged(bench):
    job = begin(bench)
    ask(bench, "saved", "--stop").expect(0)
    bench.wait(job).expect(3)
    path = max(glob.glob(bench.path("saved", "chain-*")), key=os.path.getsize)
    with open(path, "r+b") as file:
        file.seek(os.path.getsize(path) // 2)
        byte = file.read(1)
        file.seek(-1, os.SEEK_CUR)
        file.write(bytes([byte[0] ^ 1]))
    bench.run("paced", *paced("out", "new", "--restore", "saved")).expect(7, os.path.basename(path), "checksum")


def case_savepoint_is_refused(bench):
    ask(bench, "saved").expect(12, "no job is running", "'state'", "there is no such folder")
    bench.run("paced", "savepoint", "saved").expect(2, "--checkpoint-dir")
    bench.run("paced", "savepoint", "--checkpoint-dir", "state").expect(2, "needs the folder")
    bench.run("paced", "savepoint", "a", "b", "--checkpoint-dir", "state").expect(2, "'b'", "too many")
    bench.run("paced", "savepoint", "a", "--stop", "--drain", "--checkpoint-dir", "state").expect(2, "--stop or --drain")
    bench.run("paced", "savepoint", "--help").expect(0)
    job = begin(bench)
    os.makedirs(bench.path("full"))
    bench.write("full/something", "")
    ask(bench, "full").expect(12, "full", "not empty")
    bench.write("file", "")
    ask(bench, "file").expect(12, "file", "not a folder")
    if os.geteuid() != 0:
        os.makedirs(bench.path("closed"), mode=0o500)
        ask(bench, "closed/saved").expect(6, "closed/saved")
    job.send_signal(signal.SIGKILL)
    bench.wait(job)
    ask(bench, "saved").expect(12, "no job is running", "nobody answers")
    # What the killed job left does not disturb the next one, and nothing of what was refused harmed it.
    job = begin(bench, epochs=3)
    ask(bench, "saved").expect(0)
    bench.wait(job).expect(0)
    ask(bench, "again").expect(12, "no job is running")
    expect_straight(bench, "out")


def case_savepoint_of_a_folder_with_a_long_path(bench):
    """Longer than the name of a socket can be."""
    state = "/".join(["a-folder-with-a-name-of-forty-characters"] * 4)
    job = begin(bench, "out", state)
    ask(bench, "saved", "--stop", state=state).expect(0)
    bench.wait(job).expect(3)
    bench.run("paced", *paced("out", state, rate=0)).expect(0)
    expect_straight(bench, "out")


def case_job_is_killed_while_it_takes_savepoints(bench):
    """Whatever is left of a savepoint is one, or is none and says so; the job goes on from its checkpoints."""
    taken, refused = 0, 0
    for number in range(12):
        job = begin(bench, "out", "state", epochs=number + 1, rate=1500)
        folder = f"saved{number}"
        asking = bench.start("paced", "savepoint", folder, "--checkpoint-dir", "state")
        time.sleep(0.03 * number)
        job.send_signal(signal.SIGKILL)
        bench.wait(job)
        ended = bench.wait(asking)
        if ended.code == 0:
            taken += 1
        else:
            ended.expect(12)
            refused += 1
        whole = os.path.exists(bench.path(folder, "manifest"))
        if ended.code == 0 and not whole:
            raise Wrong("a savepoint that was told is not there")
        shown = subprocess.run([bench.flowc, "state", "show", bench.path(folder), "sum"], capture_output=True, text=True)
        if whole != (shown.returncode == 0):
            raise Wrong(f"a savepoint is neither whole nor none: {shown.stderr}")
    if taken == 0 or refused == 0:
        raise Wrong(f"{taken} savepoints were taken and {refused} were not: no kill was early, or none late")
    bench.run("paced", *paced(rate=0, parallelism=3)).expect(0)
    expect_straight(bench, "out")
