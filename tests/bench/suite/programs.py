"""Compiled jobs. The programs of a workload have no sinks: a few lines that import them say what becomes of `result`."""
import pathlib
import re
import shutil
import subprocess

from .cases import TOUCHED

HERE = pathlib.Path(__file__).resolve().parent.parent


class BenchError(Exception):
    """What was measured is wrong, or cannot be measured: nothing is claimed."""


class Programs:
    def __init__(self, flowc, target_cpu, level, work):
        self.flowc, self.work = str(flowc), work
        self.build_flags = ["-O", str(level), "--target-cpu", target_cpu]
        self.built = {}

    def timed(self, workload, query, touch="", sink="discard()"):
        """Makes the rows and gives them to `sink`: throws them away, or writes them into the folder --out."""
        lines = ['param out: string = ""'] if "out" in sink else []
        lines.append(f"sink result -> {sink}{self.final(workload, query)}")
        imports = [query]
        if touch:
            imports.append(workload)
            lines.append(f"sink {TOUCHED[touch]} -> discard()")
        return self.build(workload, f"{query}_timed_{touch}", imports, lines)

    def rows(self, workload, query):
        """Writes the rows as CSV into the folder --out."""
        return self.build(workload, f"{query}_rows", [query], [
            'param out: string = ""', f"sink result -> csv(out, header: false){self.final(workload, query)}"])

    def digest(self, workload, query):
        """Writes `rows,mix` into the folder --out."""
        return self.build(workload, f"{query}_digest", [query], [
            'param out: string = ""',
            "table digest = mixes | aggregate rows = count(), mix = sum(bit_and(mix, 4294967295))",
            "sink digest -> csv(out, header: false) final"])

    def data(self, workload, query, sink):
        """Writes a file of the rows into the folder --out."""
        return self.build(workload, f"{query}_data", [query], ['param out: string = ""', f"sink result -> {sink}"])

    def alone(self, path):
        """A program that has its own sinks."""
        job = self.work / path.stem
        if path not in self.built:
            self.run_flowc(path, job)
            self.built[path] = job
        return self.built[path]

    def final(self, workload, query):
        return " final" if re.search(r"^table result", (HERE / workload / f"{query}.flow").read_text(), re.M) else ""

    def build(self, workload, name, imports, lines):
        job = self.work / workload / name
        if job not in self.built:
            self.bring(workload)
            source = job.with_name(f"{name}.job.flow")
            source.write_text("\n".join([f"import {module}" for module in imports] + lines) + "\n")
            self.run_flowc(source, job)
            self.built[job] = job
        return self.built[job]

    def bring(self, workload):
        folder = self.work / workload
        if not folder.exists():
            folder.mkdir()
            for path in [*(HERE / workload).glob("*.flow"), HERE / "digest.flow"]:
                shutil.copy(path, folder)

    def run_flowc(self, source, job):
        done = subprocess.run([self.flowc, "build", source, "-o", job, *self.build_flags], capture_output=True, text=True,
                              check=False)
        if done.returncode != 0:
            raise BenchError(f"{source.name} does not compile:\n{done.stderr}")


def words(flags):
    """{"keys": 5} as --keys 5."""
    return [word for name, value in flags.items() for word in (f"--{name}", str(value))]


def output_of(folder):
    """The lines of a CSV sink."""
    return [line for part in sorted(folder.glob("part-*")) for line in part.read_text().splitlines()]
