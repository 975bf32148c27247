"""Figures as text: a table while they come, Markdown for the README."""
from .machine import BUSY


def verdict(row):
    """`missed` only if both ratios are below the floor; nothing where others used the machine."""
    if row["floor"] is None:
        return ""
    if row["busy"] > BUSY:
        return "busy"
    best, median = row["ratio_of_bests"], row["ratio_of_medians"]
    if max(best, median) < row["floor"]:
        return "missed"
    return "aim" if median >= row["aim"] else "floor"


def speed(row, who):
    return row["contestants"][row[who]]["million_per_s"]


def cells(row):
    goal = "" if row["floor"] is None else f"{row['floor']:.2f} {row['aim']:.2f}"
    compared = row["compared"] + (f" ({row['shape']})" if row["shape"] and row["theirs"] == "by hand" else "")
    return [row["case"], compared, f"{speed(row, 'ours'):.1f}", f"{speed(row, 'theirs'):.1f}",
            f"{row['ratio_of_medians']:.2f}", f"{row['ratio_of_bests']:.2f}", goal, verdict(row), f"{row['busy'] * 100:.0f} %"]


HEAD = ["case", "compared", "M/s", "to M/s", "ratio", "of bests", "floor, aim", "", "others"]
WIDTHS = [42, 44, 7, 7, 6, 8, 10, 6, 6]


def line(texts):
    return " ".join(text.ljust(width) if i < 2 else text.rjust(width)
                    for i, (text, width) in enumerate(zip(texts, WIDTHS))).rstrip()


def markdown_table(head, rows):
    return "\n".join(["| " + " | ".join(texts) + " |" for texts in [head, ["---"] * len(head), *rows]])


def markdown(results):
    machine = results["machine"]
    parts = [f"{machine['date']}, commit {machine['commit']}, {machine['processor']}, {machine['processors']} processors, "
             f"{machine['memory_gb']} GB, Linux {machine['kernel']}, huge pages `{machine['transparent_hugepages']}`, "
             f"both sides for {machine['target_cpu']}, -O{machine['optimisation']}, load "
             f"{machine['load_average'][0]:.2f} at the beginning. Command: `{results['command']}`."]
    if results["throughput"]:
        parts.append(markdown_table(HEAD[:7] + ["goal"] + HEAD[8:], [cells(row) for row in results["throughput"]]))
    if results["single"]:
        parts.append(markdown_table(["what", "seen", "floor, aim", "goal", "others"],
                                    [single_cells(row) for row in results["single"]]))
    if results["state"]:
        parts.append("```\n" + "\n".join(results["state"]) + "\n```")
    return "\n\n".join(parts) + "\n"


def single_cells(row):
    goal = "" if row["floor"] is None else f"{row['floor']:g} {row['aim']:g} {row['unit']}"
    seen = ", ".join(f"{name} {value:g}" for name, value in row["seen"].items())
    return [row["what"], f"{seen} {row['unit']}", goal, single_verdict(row), f"{row['busy'] * 100:.0f} %"]


def single_line(row):
    what, seen, goal, told, others = single_cells(row)
    return f"{what}: {seen}" + (f"  (floor, aim {goal}: {told})" if goal else "") + f"  others {others}"


def single_verdict(row):
    """Less is better."""
    if row["floor"] is None:
        return ""
    if row["busy"] > BUSY:
        return "busy"
    value, aim_value = row["seen"][row["judged"]], row["seen"][row.get("judged_for_aim") or row["judged"]]
    if value > row["floor"]:
        return "missed"
    return "aim" if aim_value <= row["aim"] else "floor"
