"""`--norms` and `--age`: which volumes are published for which scans' age."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import UserError

if TYPE_CHECKING:
    from ..evaluation import Norms
    from ..inference import Job


def published_volumes(
    norms: str | None, age: float | None, source: Path, *, many: bool
) -> tuple[Norms | None, Callable[[Path], float | None] | None]:
    """The norms that were asked for, and what tells a scan's age in weeks.

    `many` says that `source` is a folder of scans.

    Raises UserError for norms that cannot be read, an age that is none, an age without norms, and
    one age for the many scans of a folder.
    """
    from ..dataset.scan_age import ages_of_scans
    from ..weeks import checked_weeks

    if age is not None:
        checked_weeks(age, "--age")
    if norms is None:
        if age is not None:
            raise UserError(
                "--age is for the chart of volumes beside published ones, of which none come along "
                "that are of children; name a table of them (--norms FILE), or try it with "
                "--norms phantoms."
            )
        return None, None
    from ..evaluation import Norms

    published = Norms.load(norms)
    if age is None:
        return published, ages_of_scans()
    if many:
        raise UserError(
            f"--age is the age at one scan, and {source} is a folder of scans; put the age at each "
            "into the column scan_age of its participants.tsv."
        )
    return published, lambda _: age


def require_ages(jobs: Sequence[Job]) -> list[str]:
    """The names of the scans whose age is not known; UserError where it is known of none."""
    ageless = [job.image.name for job in jobs if job.weeks is None]
    if jobs and len(ageless) == len(jobs):
        raise UserError(
            f"The age at the scan {ageless[0]} is not known, so that no published volumes can be "
            "set beside its own; give it in weeks (--age), or in the column scan_age of "
            "participants.tsv."
        )
    return ageless
