"""One self-contained report.html: scores, pictures and how they were made, to read and pass on."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import jinja2

from .. import __version__
from ..errors import UserError
from ..files import write_text
from ..labels import LabelScheme, Status
from .charts import Rows, dice_chart, training_chart
from .comparison import compare
from .picture import Picture
from .scores import RULES, LabelScore
from .tables import score_table

# A sign that prints, and the words for it.
STATUS_SIGNS = {
    Status.COMPLETE: ("●", "complete"),
    Status.IN_PROGRESS: ("◐", "in progress"),
    Status.ABSENT: ("○", "absent"),
    Status.NOT_ANNOTATED: ("·", "not annotated"),
}


@dataclass(frozen=True)
class ReportCase:
    """One scan of the dataset: its role, such as "training", and the status of every label."""

    name: str
    role: str
    status: Mapping[str, Status]


@dataclass(frozen=True)
class ReportPicture:
    """A picture with a heading, and a caption in plain words."""

    heading: str
    caption: str
    picture: Picture


@dataclass(frozen=True)
class ReportContent:
    """What a report tells; whatever is left empty is left out of it.

    title, summary: plain language; the summary is a sentence an item.
    scores: method -> scan -> scores, as `score_folders` gives them, of the same scans for all; the
        first method is the one that the report is about, the others are what it is compared with.
    curves: method -> rows of its metrics.csv.
    settings: how it was made, such as {"Command": "partialseg demo"}; version and date are added.
    """

    title: str
    scheme: LabelScheme
    summary: Sequence[str]
    scores: Mapping[str, Mapping[str, Sequence[LabelScore]]]
    pictures: Sequence[ReportPicture] = ()
    cases: Sequence[ReportCase] = ()
    curves: Mapping[str, Rows] = field(default_factory=dict)
    settings: Mapping[str, str] = field(default_factory=dict)


def write_report(path: str | os.PathLike, content: ReportContent, *, replace: bool = False) -> Path:
    """Write the report as one HTML file that refers to nothing outside itself; returns its path.

    Raises UserError when the file is there already, unless `replace`, or when the methods were not
    scored on the same scans.
    """
    path = Path(path)
    if path.exists() and not replace:
        raise UserError(
            f"{path} would be overwritten; choose another name, or say that it may be replaced."
        )
    _check_same_scans(content.scores)
    tables = {method: score_table(scores) for method, scores in content.scores.items()}
    html = (
        page_templates()
        .get_template("report.html")
        .render(
            content=content,
            outline=content.scheme.outline(),
            comparison=compare(tables),
            dice_chart=dice_chart(tables, content.scheme),
            training_chart=training_chart(content.curves) if content.curves else None,
            volumes={
                method: table.groupby("label")[
                    ["truth_ml", "volume_ml", "volume_difference_ml"]
                ].mean()
                for method, table in tables.items()
            },
            rules=RULES,
            signs=STATUS_SIGNS,
            version=__version__,
            date=datetime.now().astimezone(),
        )
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text(path, html)
    return path


def page_templates(*folders: Path) -> jinja2.Environment:
    """Templates of pages that look alike: those in `folders`, and those that reports share."""
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader([*folders, Path(__file__).parent / "templates"]),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )


def _check_same_scans(scores: Mapping[str, Mapping[str, object]]) -> None:
    (first, scans), *others = scores.items()
    for method, scored in others:
        different = sorted(scans.keys() ^ scored.keys())
        if different:
            raise UserError(
                f"{first} and {method} cannot be compared: only one of them was scored on "
                f"{', '.join(different)}; score both on the same scans."
            )
