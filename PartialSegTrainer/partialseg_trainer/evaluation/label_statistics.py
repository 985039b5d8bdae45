"""Volume, intensity and confidence of each label of each scan of a cohort, as one table."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from pydantic import RootModel

from ..errors import UserError
from ..files import checked, read_json, write_json, write_text
from ..incoming import read_text
from ..inference import Part, Segmentation
from ..plain_text import spreadsheet
from ..volumes import Volume

ENDINGS = (".csv", ".json")


@dataclass(frozen=True)
class LabelStatistics:
    """One label of one scan; None where it has no voxel, or nobody asked.

    Intensities are in the scan's own unit, their spread is the standard deviation over voxels;
    `confidence` is the mean probability of what was chosen, [0, 1].
    """

    scan: str
    label: str
    title: str
    volume_ml: float
    mean_intensity: float | None
    sd_intensity: float | None
    confidence: float | None


class _Rows(RootModel):
    root: list[LabelStatistics]


def label_statistics(scan: str, result: Segmentation, image: Volume) -> list[LabelStatistics]:
    """A row for each label that is told, in the scheme's order, super-labels included.

    Args:
        image: the scan, on whose grid the result lies.
    """
    values = np.asarray(image.data, dtype=np.float64)
    middle = float(values.mean())
    # Around the middle, where squares of large values lose no digits.
    values = values - middle
    voxels, sums, squares = result.sums(), result.sums(values), result.sums(values**2)
    sure = {} if result.confidence is None else result.mean_confidence()
    volumes = result.volumes_ml()
    rows = []
    for name, count in voxels.items():
        mean = sd = None
        if count:
            mean = float(sums[name] / count)
            sd = float(max(squares[name] / count - mean**2, 0) ** 0.5)
            mean += middle
        title = result.scheme[name].title
        rows.append(LabelStatistics(scan, name, title, volumes[name], mean, sd, sure.get(name)))
    return rows


class CohortStatistics:
    """The table of many scans, in a file that is whole after every scan.

    Args:
        path: .csv or .json.
        part: the share of the cohort that is worked on; its table has a file of its own,
            `a_2-of-8.csv` for `a.csv`, since several may be written at once.
        resume: whether rows that are there already stay, those of parts included.
        overwrite: whether a file that is there may be replaced.

    Raises UserError for another ending, and a file that is there, or is none of these tables.
    """

    def __init__(
        self,
        path: Path,
        *,
        part: Part | None = None,
        resume: bool = False,
        overwrite: bool = False,
    ):
        if path.suffix.lower() not in ENDINGS:
            raise UserError(f"{path} must end in {' or '.join(ENDINGS)}; give it such a name.")
        self.path = path.with_name(f"{path.stem}_{part}{path.suffix}") if part else path
        if self.path.exists() and not (resume or overwrite):
            raise UserError(
                f"{self.path} already exists; choose another file, go on with it (--continue), or "
                "ask to overwrite."
            )
        self._rows: dict[str, list[LabelStatistics]] = {}
        if resume:
            of_parts = re.compile(re.escape(path.stem) + r"_\d+-of-\d+" + re.escape(path.suffix))
            folder = path.parent
            names = sorted(each.name for each in folder.iterdir()) if folder.is_dir() else []
            for name in names:
                if of_parts.fullmatch(name) and not part:
                    self._take(_read(folder / name))
            if self.path.exists():
                self._take(_read(self.path))

    def __contains__(self, scan: str) -> bool:
        return scan in self._rows

    def add(self, scan: str, result: Segmentation, image: Volume) -> None:
        """Put the rows of a scan into the table, in place of any that it had."""
        self._rows[scan] = label_statistics(scan, result, image)
        self.write()

    def write(self) -> None:
        """Write all rows, whole or not at all."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        rows = [asdict(row) for rows in self._rows.values() for row in rows]
        if self.path.suffix.lower() == ".json":
            write_json(self.path, rows)
            return
        table = pd.DataFrame(rows, columns=[field.name for field in fields(LabelStatistics)])
        write_text(self.path, spreadsheet(table.to_csv(index=False, float_format="%.7g")))

    def _take(self, rows: Iterable[LabelStatistics]) -> None:
        found: dict[str, list[LabelStatistics]] = {}
        for row in rows:
            found.setdefault(row.scan, []).append(row)
        self._rows |= found


def _read(path: Path) -> list[LabelStatistics]:
    """The rows of a table that was written before; UserError where it is none."""
    if path.suffix.lower() == ".json":
        content: Any = read_json(path)
    else:
        reader = csv.DictReader(io.StringIO(read_text(path), newline=""))
        # What `spreadsheet` puts before a formula is no part of a name.
        content = [
            {key: re.sub(r"^'(?=[=+\-@])", "", cell or "") or None for key, cell in row.items()}
            for row in reader
        ]
    return checked(content, _Rows, str(path)).root
