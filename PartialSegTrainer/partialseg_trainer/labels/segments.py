"""Which segments of a segmentation are which labels: by ID and name, never by a number."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from ..errors import UserError
from .scheme import LabelScheme
from .status import Status

VALUE_TAG = "PartialSeg.LabelValue"
"""Segment tag with the label's value in the scheme; a file's own value is one of its layer."""
STATUS_TAG = "Segmentation.Status"
"""Slicer's own tag that says how far a segment has come."""

_STATUSES = {
    "notstarted": Status.NOT_ANNOTATED,
    "inprogress": Status.IN_PROGRESS,
    "completed": Status.COMPLETE,
    # Held back, until a person has looked at it.
    "flagged": Status.NOT_ANNOTATED,
}


class Part(NamedTuple):
    """One of the segments that a label has: how it is called, and what it says."""

    name: str
    status: Status
    painted: bool


def labels_of_segments(scheme: LabelScheme, names: Mapping[str, str]) -> dict[str, list[str]]:
    """Segment IDs by label name, for those labels that have a segment; `names` is by ID.

    A segment belongs to the label whose name is its ID, or which it is called by: name or title, in
    any case, blanks around it apart. Raises UserError for one whose ID is one label and whose name
    is another.
    """
    found: dict[str, list[str]] = {}
    for segment, name in names.items():
        meant = _called(scheme, name)
        if segment in scheme and meant and segment not in meant:
            raise UserError(
                f"Segment '{name}' has the ID '{segment}', which is another label of scheme "
                f"'{scheme.name}'; rename it to '{scheme[segment].title}', or copy it into a new "
                "segment."
            )
        if segment in scheme:
            meant = [segment]
        if len(meant) > 1:
            raise UserError(
                f"Segment '{name}' may be any of the labels {', '.join(meant)} of scheme "
                f"'{scheme.name}', which are called so; call it by the label's own name."
            )
        for label in meant:
            found.setdefault(label, []).append(segment)
    return {name: found[name] for name in scheme.names if name in found}


def label_of_segment(scheme: LabelScheme, segment: str, name: str) -> str | None:
    """The label that one segment is shown as: by its ID, else the first that it is called by."""
    return segment if segment in scheme else next(iter(_called(scheme, name)), None)


def _called(scheme: LabelScheme, name: str) -> list[str]:
    """The labels of that name, or else of that title."""
    wanted = folded(name)
    named = [label.name for label in scheme if folded(label.name) == wanted]
    return named or [label.name for label in scheme if folded(label.title) == wanted]


def folded(name: str) -> str:
    """A name as it is compared: no case, one form of each accent, single blanks."""
    return " ".join(unicodedata.normalize("NFC", name).casefold().split())


def united(label: str, parts: Sequence[Part]) -> tuple[Status, list[int]]:
    """The status of a label that has several segments, and which of them make up its mask.

    Two halves that are complete are a whole that is complete; where one is held back or goes on,
    the whole goes on. Empty segments say nothing beside painted ones. Raises UserError where one
    says that the label is nowhere and another shows it.
    """
    painted = [number for number, part in enumerate(parts) if part.painted]
    absent = [part for part in parts if part.status is Status.ABSENT]
    if not painted:
        says = [part.status for part in parts]
        return (Status.ABSENT if absent else says[0]), [0]
    if absent:
        raise UserError(
            f"Two segments are label '{label}': '{absent[0].name}' says that it is absent, and "
            f"'{parts[painted[0]].name}' is painted; remove or rename one of them."
        )
    counted = [n for n in painted if parts[n].status is not Status.NOT_ANNOTATED]
    if not counted:
        return Status.NOT_ANNOTATED, painted
    whole = all(parts[number].status is Status.COMPLETE for number in painted)
    return (Status.COMPLETE if whole else Status.IN_PROGRESS), counted


def status_of_tag(text: str, painted: bool) -> Status | None:
    """What Slicer's status tag says of a segment; None for a text that Slicer does not write."""
    status = _STATUSES.get(text.strip().lower())
    return Status.ABSENT if status is Status.COMPLETE and not painted else status
