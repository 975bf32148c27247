"""For CI: results are compared, and instructions counted under Valgrind. A count does not depend on what else runs on the
machine. Each program runs with n and with 3 n events; what the second takes more is what the events take, without start
and end. How often threads wait for each other still differs a little, so a count that is too high is taken again. It may
rise by TOLERANCE above what is kept in counts.json; a renewed file is part of the change that made it rise, or fall."""
import concurrent.futures
import dataclasses
import json
import os
import re
import shutil
import subprocess

from . import machine
from .cases import CASES
from .programs import HERE, BenchError, Programs
from .throughput import ONE, Throughput

KEPT = HERE / "counts.json"
TOLERANCE = 0.03
ATTEMPTS = 3
SKIPPED = 77  # the exit code that CTest takes for "skipped"


def run(options, work):
    if shutil.which("valgrind") is None:
        print("bench: valgrind is not there; scripts/setup.sh installs it")
        return SKIPPED
    if "avx2" not in machine.cpu().get("flags", "").split():
        print("bench: the programs are built for x86-64-v3, and this processor has no AVX2")
        return SKIPPED
    kept = json.loads(KEPT.read_text()) if KEPT.exists() else {}
    cases = [case for case in CASES if case.counted and options.only in case.name]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        taken = dict(zip([case.name for case in cases], pool.map(lambda case: count(case, options, work, kept.get(case.name)), cases)))
    wrong = [text for name, counted in taken.items() for text in judge(name, counted, kept.get(name))]
    if options.renew:
        kept.update({name: counted["Flow"] for name, counted in taken.items() if "Flow" in counted})
        kept = {case.name: kept[case.name] for case in CASES if case.name in kept}
        KEPT.write_text(json.dumps(kept, indent=1) + "\n")
        wrong = [text for text in wrong if "FAILED" in text]
    for text in wrong:
        print(text)
    print(f"bench: {len(taken)} programs compared and counted, {len(wrong)} wrong")
    return 1 if wrong or not taken else 0


def count(case, options, work, kept):
    """Instructions per event of both sides, the least of some attempts if the first is too many; or what went wrong."""
    folder = work / re.sub(r"\W+", "-", case.name)
    folder.mkdir()
    programs = Programs(options.flowc, options.target_cpu, options.level, folder)
    throughput = Throughput(programs, options, folder)
    try:
        small = dataclasses.replace(case, checked=case.counted)
        throughput.check_rows(small, case.counted)
        throughput.check_digests(small, case.counted * 3)
        least = float("inf")
        for _ in range(ATTEMPTS):
            least = min(least, per_event(case, lambda events: flow_command(case, throughput, events)))
            if not is_too_many(least, kept):
                break
        by_hand = per_event(case, lambda events: throughput.by_hand(case, events, case.shapes[0]))
        return {"Flow": least, "by hand": by_hand}
    except BenchError as error:
        return {"error": f"FAILED {error}"}


def flow_command(case, throughput, events):
    throughput.fresh("out")
    return [*throughput.job(case, events), *ONE]


def per_event(case, command):
    few, many = (instructions(command(events)) for events in (case.counted, case.counted * 3))
    return round((many - few) / (case.counted * 2), 2)


def instructions(command):
    valgrind = ["valgrind", "--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null"]
    done = subprocess.run([str(word) for word in [*valgrind, *command]], capture_output=True, text=True, check=False)
    found = re.search(r"I\s+refs:\s+([\d,]+)", done.stderr)
    if done.returncode != 0 or not found:
        raise BenchError(f"{command[0]} under Valgrind ended with {done.returncode}: {done.stderr.strip()}")
    return int(found.group(1).replace(",", ""))


def is_too_many(now, kept):
    return kept is not None and now > kept * (1 + TOLERANCE)


def judge(name, counted, kept):
    if "error" in counted:
        return [counted["error"]]
    now, note = counted["Flow"], ""
    if kept is None:
        wrong = [f"{name}: no count is kept; --renew writes counts.json"]
    elif is_too_many(now, kept):
        wrong = [f"{name}: {now} instructions per event, {kept} are kept: {100 * (now / kept - 1):.1f} % more"]
    else:
        wrong = []
        if now < kept * (1 - TOLERANCE):
            note = "  fewer than kept: give --renew"
    print(f"{name:40} {now:9.2f} instructions per event, kept {kept if kept is not None else 'none':>9}, by hand "
          f"{counted['by hand']:9.2f}{note}", flush=True)
    return wrong
