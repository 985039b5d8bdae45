"""Trials of several kinds from a fixed seed, and the table of what survived."""

from __future__ import annotations

import argparse
import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple


class Kind(NamedTuple):
    """One kind of trials, of which there are `share` among those of all kinds.

    `trial` takes a chance and a folder of its own; what it does there is the script's.
    """

    name: str
    trial: Callable[[random.Random, Path], Any]
    share: int


def chosen(description: str, counted: str, default: int, meaning: str) -> argparse.Namespace:
    """The options of a script: `seed`, how many of what is `counted`, and where to `keep` them."""
    options = argparse.ArgumentParser(description=description.partition("\n")[0])
    options.add_argument("--seed", type=int, default=0)
    options.add_argument(f"--{counted}", type=int, default=default, dest="count", help=meaning)
    options.add_argument("--keep", type=Path, default=Path("build/faults"), metavar="DIR")
    return options.parse_args()


def try_all(
    of_what: str,
    kinds: Sequence[Kind],
    options: argparse.Namespace,
    attempt: Callable[[Kind, random.Random, str], str | None],
    kept: str,
) -> bool:
    """Print a row a kind, and then what did not survive; whether there was any.

    `attempt` does one trial, called by a name of its own, and says why it failed, or None. `kept`
    is what it keeps then.
    """
    shares = sum(kind.share for kind in kinds)
    rows, failures = [], []
    _print_row((of_what, "tried", "survived", "failed"))
    _print_row(("---", "---:", "---:", "---:"))
    for kind in kinds:
        rng = random.Random(f"{options.seed} {kind.name}")
        tried = failed = 0
        for number in range(max(1, options.count * kind.share // shares)):
            tried += 1
            why = attempt(kind, rng, f"{kind.name}-{number}")
            if why:
                failed += 1
                failures.append(f"{kind.name} {number}: {why}")
        rows.append((kind.name, tried, tried - failed, failed))
        _print_row(rows[-1])
    _print_row(("all", *(sum(row[column] for row in rows) for column in (1, 2, 3))))
    for failure in failures:
        print(failure)
    if failures:
        print(f"Their {kept} are in {options.keep}.")
    return bool(failures)


def _print_row(row: tuple[object, ...]) -> None:
    print("| " + " | ".join(map(str, row)) + " |", flush=True)
