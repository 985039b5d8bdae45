"""Scores on disk: scores.csv for a spreadsheet, scores.json for a program."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timezone
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd

from .. import __version__
from ..errors import UserError
from ..files import write_json, write_text
from ..labels import LabelScheme
from ..plain_text import spreadsheet
from .scores import RULES, LabelScore
from .tables import score_table, summary_table


def scores_content(
    scores: Mapping[str, Sequence[LabelScore]], scheme: LabelScheme
) -> dict[str, Any]:
    """What scores.json holds: the rules in words, versions, every score, and the summary."""
    summary = summary_table(score_table(scores))
    return {
        "scheme": scheme.name,
        "date": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "versions": {
            "partialseg_trainer": __version__,
            "python": platform.python_version(),
            **{package: version(package) for package in ("numpy", "scipy", "edt")},
        },
        "rules": RULES,
        "scans": {scan: [asdict(row) for row in labels] for scan, labels in scores.items()},
        "summary": {label: _nested(row) for label, row in summary.iterrows()},
    }


def write_scores(
    folder: str | os.PathLike,
    scores: Mapping[str, Sequence[LabelScore]],
    scheme: LabelScheme,
    *,
    replace: bool = False,
) -> tuple[Path, Path]:
    """Write scores.csv (long: scan, label, metrics) and scores.json; returns their paths.

    Raises UserError when one of them is there already, unless `replace`.
    """
    paths = Path(folder, "scores.csv"), Path(folder, "scores.json")
    there = [str(path) for path in paths if path.exists()]
    if there and not replace:
        raise UserError(
            f"{' and '.join(there)} would be overwritten; choose another folder, or say that they "
            "may be replaced."
        )
    Path(folder).mkdir(parents=True, exist_ok=True)
    write_text(paths[0], spreadsheet(score_table(scores).to_csv(index=False)))
    write_json(paths[1], scores_content(scores, scheme))
    return paths


def _nested(row: pd.Series) -> dict[str, dict[str, float | int | None]]:
    """A row of the summary as {metric: {statistic: value}}, None where undefined."""
    nested: dict[str, dict[str, float | int | None]] = {}
    for (metric, statistic), value in row.items():
        number = int(value) if statistic in ("n", "left_out") else float(value)
        nested.setdefault(metric, {})[statistic] = None if pd.isna(number) else number
    return nested
