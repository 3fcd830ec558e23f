# SPDX-License-Identifier: Apache-2.0
"""Makes one result of many runs, prints results as a table, and says what machine they were taken on."""

import os
import platform
import statistics

import measure


def result_of(name, rows, costs, figure):
    """A workload's result: for each program its runs, and its ratios to the program that comes first."""
    first = next(iter(costs.values()))
    programs = {}
    for program, runs in costs.items():
        ratios = [getattr(run, figure) / max(getattr(base, figure), 1e-6) for run, base in zip(runs, first)]
        programs[program] = {
            "runs": [run.as_row() for run in runs], "wall_s": measure.median(runs, "wall"),
            "cpu_s_per_million_rows": measure.median(runs, "cpu") / rows * 1e6,
            "user_s_per_million_rows": measure.median(runs, "user") / rows * 1e6,
            "rows_per_s": rows / measure.median(runs, "wall"), "peak_kib": max(run.peak for run in runs),
            "ratios": ratios, "ratio": statistics.median(ratios)}
    return {"name": name, "rows": rows, "ratio_of": figure, "programs": programs}


def print_table(results, base):
    """Prints all results. `base`: what the ratios are to, as a heading."""
    print("%-15s %-10s %9s %8s %13s %8s %10s %9s  %s" % (
        "workload", "program", "rows", "wall s", "CPU s/M rows", "of user", "rows/s", "peak MiB",
        "CPU / %s (least-most)" % base))
    for result in results:
        for number, (program, row) in enumerate(result["programs"].items()):
            ratio = ""
            if number > 0:
                ratio = "%.2f (%.2f-%.2f)" % (row["ratio"], min(row["ratios"]), max(row["ratios"]))
                if result["ratio_of"] == "wall":
                    ratio = "wall %.2f of threads=1" % row["ratio"]
            print("%-15s %-10s %9d %8.3f %13.3f %8.3f %10.0f %9.1f  %s" % (
                result["name"], program, result["rows"], row["wall_s"], row["cpu_s_per_million_rows"],
                row["user_s_per_million_rows"], row["rows_per_s"], row["peak_kib"] / 1024, ratio))


def machine():
    """What the figures were taken on."""
    model = ""
    with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as file:
        for line in file:
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    return {"processor": model, "processors": len(os.sched_getaffinity(0)), "kernel": platform.release(),
            "load": os.getloadavg()[0]}
