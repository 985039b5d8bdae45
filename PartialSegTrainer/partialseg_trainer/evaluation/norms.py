"""Published volumes by age, in a table that a lab fills: read, checked, and told for one age."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import numpy as np

from ..errors import UserError
from ..incoming import read_text
from ..labels import LabelScheme
from ..weeks import checked_weeks

SAID = ("population", "source", "licence")
"""What the lines before the table have to say."""
_AGE, _LABEL, _MEAN, _SD = "age_weeks", "label", "mean_ml", "sd_ml"
_CENTILE = re.compile(r"p(\d+(?:\.\d+)?)_ml")
# Of a normal distribution 95 % lie between.
_SDS = 2


@dataclass(frozen=True)
class Range:
    """What is published of a label at one age, in mL."""

    low: float
    middle: float
    high: float


@dataclass(frozen=True)
class Curve:
    """What is published of a label by age: weeks in ascending order, and volumes in mL."""

    weeks: np.ndarray
    low: np.ndarray
    middle: np.ndarray
    high: np.ndarray

    def at(self, weeks: float) -> Range | None:
        """The range at an age, linear between those of the table; None before and after them."""
        if not self.weeks[0] <= weeks <= self.weeks[-1]:
            return None
        volumes = (self.low, self.middle, self.high)
        return Range(*(float(np.interp(weeks, self.weeks, values)) for values in volumes))


@dataclass(frozen=True)
class Norms:
    """Published volumes of several labels.

    `band` says what the range is, as "mean ± 2 SD"; `note` is what else stands before the table.
    """

    population: str
    source: str
    licence: str
    band: str
    curves: Mapping[str, Curve]
    note: str = ""

    @classmethod
    def load(cls, name_or_path: str | Path) -> Norms:
        """Read a table by its path, or one that comes along by its name.

        Lines with `# population: `, `# source: ` and `# licence: ` come first, then a table with
        the columns age_weeks, label, and either mean_ml and sd_ml, or centiles such as p5_ml,
        p50_ml and p95_ml, of which the outermost are the range. Raises UserError for the first
        thing that is missing or wrong.
        """
        path = Path(name_or_path)
        if str(name_or_path) in norms_names():
            path = Path(str(resources.files(__package__) / "norms" / f"{name_or_path}.csv"))
        elif not path.is_file():
            raise UserError(
                f"There are no norms '{name_or_path}': it is neither a file nor one of those that "
                f"come along, {', '.join(norms_names())}."
            )
        return _read(read_text(path, encoding="utf-8-sig"), str(path))

    def shared(self, scheme: LabelScheme, told: Iterable[str]) -> list[str]:
        """The labels of these that have norms, in the scheme's outline; UserError without any."""
        told = set(told)
        shared = [
            label.name
            for label, _ in scheme.outline()
            if label.name in told and label.name in self.curves
        ]
        if not shared:
            raise UserError(
                f"The norms have the labels {', '.join(self.curves)}, and the model tells "
                f"{', '.join(name for name in scheme.names if name in told)}, which have none in "
                "common; call the labels of the norms as the model does."
            )
        return shared

    def at(self, label: str, weeks: float) -> Range | None:
        """What is published of a label at an age; None where nothing is."""
        curve = self.curves.get(label)
        return None if curve is None else curve.at(weeks)


def norms_names() -> tuple[str, ...]:
    """The names of the tables that come with the package."""
    folder = resources.files(__package__) / "norms"
    files = (Path(entry.name) for entry in folder.iterdir())
    return tuple(sorted(file.stem for file in files if file.suffix == ".csv"))


def _read(text: str, origin: str) -> Norms:
    lines = text.splitlines()
    said = dict(re.findall(r"^#\s*(\w+)\s*:\s*(.+?)\s*$", text, re.MULTILINE))
    for each in SAID:
        if each not in said:
            raise UserError(
                f"{origin} does not say its {each}; begin it with a line '# {each}: ...'."
            )
    rows = csv.DictReader(io.StringIO("\n".join(line for line in lines if line[:1] != "#")))
    columns = [name.strip() for name in rows.fieldnames or ()]
    for each in (_AGE, _LABEL):
        if each not in columns:
            raise UserError(f"{origin} has no column '{each}', but {', '.join(columns) or 'none'}.")
    limits, middle, band = _meaning(columns, origin)
    found: dict[str, dict[float, tuple[float, ...]]] = {}
    for number, row in enumerate(rows, start=1):
        row = {(key or "").strip(): cell for key, cell in row.items()}
        where = f"{origin}: row {number}"
        label = (row[_LABEL] or "").strip()
        if not label:
            raise UserError(f"{where} names no label; name one, or remove the row.")
        weeks = checked_weeks(_number(row, _AGE, where), f"{where}: {_AGE}")
        values = {name: _number(row, name, where) for name in {*limits, middle}}
        if limits == (_SD,):
            spread = _SDS * values[_SD]
            volumes = (values[middle] - spread, values[middle], values[middle] + spread)
        else:
            volumes = (values[limits[0]], values[middle], values[limits[1]])
        if not volumes[0] <= volumes[1] <= volumes[2] or volumes[1] < 0:
            raise UserError(
                f"{where} ({label}) has the volumes {', '.join(f'{each:g}' for each in volumes)} "
                f"mL from the lower to the upper limit, which must ascend from 0; correct it."
            )
        if weeks in found.setdefault(label, {}):
            raise UserError(
                f"{where} is a second one of {label} at {weeks:g} weeks; remove one of them."
            )
        # A volume below nothing comes of a wide spread alone.
        found[label][weeks] = (max(volumes[0], 0.0), *volumes[1:])
    if not found:
        raise UserError(f"{origin} has no rows; fill in ages, labels and volumes.")
    curves = {}
    for label, by_age in found.items():
        ages = sorted(by_age)
        curves[label] = Curve(np.array(ages), *np.array([by_age[age] for age in ages]).T)
    return Norms(*(said[each] for each in SAID), band, curves, said.get("note", ""))


def _meaning(columns: list[str], origin: str) -> tuple[tuple[str, ...], str, str]:
    """The columns of the limits, that of the middle, and what the range is called."""
    if _MEAN in columns and _SD in columns:
        return (_SD,), _MEAN, f"mean ± {_SDS} SD"
    centiles = sorted(
        (float(each[1]), each[0]) for each in map(_CENTILE.fullmatch, columns) if each
    )
    names = dict(centiles)
    if len(centiles) < 3 or 50.0 not in names or not centiles[0][0] < 50 < centiles[-1][0] < 100:
        raise UserError(
            f"{origin} has the columns {', '.join(columns)}, but needs {_MEAN} and {_SD}, or "
            "centiles below, at and above the middle, such as p5_ml, p50_ml and p95_ml."
        )
    (low, first), (high, last) = centiles[0], centiles[-1]
    return (first, last), names[50.0], f"centiles {low:g} to {high:g}"


def _number(row: Mapping[str, str | None], column: str, where: str) -> float:
    cell = (row.get(column) or "").strip()
    try:
        value = float(cell)
    except ValueError:
        value = float("nan")
    if not np.isfinite(value):
        raise UserError(f"{where}: {column} is '{cell}', where a number was expected; correct it.")
    return value
