"""What every benchmark shares: tasks timed in turns, and ratios as a table and as JSON.

Times of two tasks compare only when both ran under the same load, so they take turns, and what is
reported is a ratio of medians. A script of this folder builds its tasks, adds rows to a `Report`
and ends with `report.finish()`; `python SCRIPT --help` tells its options.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import psutil

Task = Callable[[], object]


def in_turns(tasks: Mapping[str, Task], rounds: int = 5, warm_up: int = 1) -> dict[str, float]:
    """The median seconds of each task, of so many rounds in which every task runs once.

    The order turns round with every round, so that none always runs after the same other.
    """
    taken: dict[str, list[float]] = {name: [] for name in tasks}
    for number in range(-warm_up, rounds):
        for name in list(tasks) if number % 2 else reversed(tasks):
            began = time.perf_counter()
            tasks[name]()
            if number >= 0:
                taken[name].append(time.perf_counter() - began)
    return {name: statistics.median(seconds) for name, seconds in taken.items()}


def peak_memory(task: Task, every: float = 0.005) -> int:
    """By how many bytes the process grew at most while the task ran, watched from a thread."""
    # Here, because it comes with torch, without which some benchmarks are measured.
    from partialseg_trainer.networks.freed_memory import give_back_freed_memory

    # Else the task grows, unseen, into what was freed before it.
    give_back_freed_memory()
    process, done = psutil.Process(), threading.Event()
    before = peak = process.memory_info().rss

    def watch() -> None:
        nonlocal peak
        while not done.wait(every):
            peak = max(peak, process.memory_info().rss)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        task()
    finally:
        done.set()
        watcher.join()
    return max(peak, process.memory_info().rss) - before


@dataclass(frozen=True)
class Row:
    """One figure: `ratio` of what was measured to its limit or peer, and what it should reach.

    `reach` is such as ">= 0.95" or "<= 1.3"; empty where a figure only informs.
    """

    what: str
    against: str
    ratio: float
    reach: str = ""
    note: str = ""

    @property
    def met(self) -> bool | None:
        """Whether it reaches what it should; None where nothing is asked."""
        if not self.reach:
            return None
        sign, number = self.reach.split()
        return self.ratio >= float(number) if sign == ">=" else self.ratio <= float(number)


@dataclass
class Report:
    """The rows of one benchmark, printed as they come and written as JSON at the end."""

    name: str
    output: Path | None = None
    rows: list[Row] = field(default_factory=list)

    def add(self, what: str, against: str, ratio: float, reach: str = "", note: str = "") -> None:
        row = Row(what, against, ratio, reach, note)
        self.rows.append(row)
        print(as_line(row), flush=True)

    def finish(self, **more: Any) -> None:
        """Write the rows, and what else of the measurement there is."""
        if self.output:
            self.output.mkdir(parents=True, exist_ok=True)
            rows = [asdict(row) | {"met": row.met} for row in self.rows]
            content = {"benchmark": self.name, "machine": machine(), "rows": rows, **more}
            text = json.dumps(content, indent=2) + "\n"
            (self.output / f"{self.name}.json").write_text(text, encoding="utf-8")


HEADER = "| what | against | ratio | reach | met | note |\n| --- | --- | ---: | --- | --- | --- |"


def as_line(row: Row) -> str:
    """A row of a Markdown table under `HEADER`."""
    met = {True: "yes", False: "no", None: ""}[row.met]
    return f"| {row.what} | {row.against} | {row.ratio:.3g} | {row.reach} | {met} | {row.note} |"


def machine() -> dict[str, str | int | float]:
    """What the figures were taken on, without the machine's name."""
    return {
        "processor": platform.processor() or platform.machine(),
        "cores": psutil.cpu_count() or 1,
        "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
        "python": platform.python_version(),
        "system": platform.system(),
    }


def parser(description: str) -> argparse.ArgumentParser:
    """The options that all benchmarks have: where to write, and a small size to try them out."""
    options = argparse.ArgumentParser(description=description.split("\n")[0])
    options.add_argument("--output", type=Path, help="folder for a JSON file of the figures")
    options.add_argument("--small", action="store_true", help="small sizes, to see that it runs")
    return options
