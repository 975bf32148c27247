"""What it was measured on, and whether anything else ran there."""
import datetime
import os
import pathlib
import platform
import subprocess
import time

BUSY = 0.05  # more than this part of all processors in use by others: nothing is claimed


def read(path, otherwise=""):
    try:
        return pathlib.Path(path).read_text()
    except OSError:
        return otherwise


def ticks():
    """All of the processors' time so far, and what of it they were idle."""
    numbers = [int(word) for word in read("/proc/stat").splitlines()[0].split()[1:9]]
    return sum(numbers), numbers[3] + numbers[4]


def busy(seconds=1.0):
    """The part of the processors' time that others use now, from 0 to 1."""
    total, idle = ticks()
    time.sleep(seconds)
    total_after, idle_after = ticks()
    return 1 - (idle_after - idle) / max(1, total_after - total)


class Others:
    """What part of the processors' time others used since this was made, given what we used ourselves."""

    def __init__(self):
        self.total, self.idle = ticks()
        self.own_seconds = 0.0

    def part(self):
        total, idle = ticks()
        passed = max(1, total - self.total)
        own = self.own_seconds * os.sysconf("SC_CLK_TCK")
        return max(0.0, (passed - (idle - self.idle) - own) / passed)


def cpu():
    lines = read("/proc/cpuinfo").split("\n\n")[0].splitlines()
    pairs = dict(line.split(":", 1) for line in lines if ":" in line)
    return {name.strip(): value.strip() for name, value in pairs.items()}


def about(options):
    told = cpu()
    version = subprocess.run([options.flowc, "--version"], capture_output=True, text=True, check=False)
    commit = subprocess.run(["git", "-C", str(pathlib.Path(__file__).parent), "describe", "--always", "--dirty"],
                            capture_output=True, text=True, check=False)
    return {"date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "commit": commit.stdout.strip(),
            "flowc": version.stdout.strip(),
            "processor": told.get("model name", platform.machine()),
            "processors": os.cpu_count(),
            "cpu_flags": told.get("flags", ""),
            "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
            "kernel": platform.release(),
            "transparent_hugepages": read("/sys/kernel/mm/transparent_hugepage/enabled").strip(),
            "load_average": os.getloadavg(),
            "target_cpu": options.target_cpu,
            "optimisation": options.level}
