"""What the parts of a super-label and the super-label say about each other, painted in.

Both steps say beforehand, without a look at voxels, why they cannot be taken.
"""

from collections.abc import Iterable, Mapping

import numpy as np
import slicer.util

from partialseg_trainer.errors import UserError
from partialseg_trainer.labels import LabelScheme, Status

from ..scene.labelSegments import LabelSegments
from ..scene.segmentationNodes import isKeptAsLabelmaps
from ..scene.undo import announceChange

_DONE = (Status.COMPLETE, Status.ABSENT)
_PAINTED = (Status.COMPLETE, Status.IN_PROGRESS)


def whyNotFromParts(segments: LabelSegments, name: str) -> str:
    """Why a label cannot be made from its parts, in a sentence; empty if it can."""
    return _whyNoAlgebra(segments, name) or _whyUndecided(
        segments.scheme, _statuses(segments, name), name
    )


def _whyUndecided(scheme: LabelScheme, status: dict[str, Status], name: str) -> str:
    label = scheme[name]
    if _partsDecide(scheme, status, name):
        return ""
    if not any(status[part] in _PAINTED for part in label.children):
        return (
            f"No part of '{label.title}' is in progress or complete; set the status of those that "
            f"are right ({_titles(scheme, label.children)})."
        )
    if status[name] in _DONE:
        return (
            f"'{label.title}' is {status[name].value} already, while its parts do not say all of "
            "it; set its status to in progress to add them to it."
        )
    return ""


def superLabelFromParts(segments: LabelSegments, name: str) -> Status:
    """Paint a super-label as the union of its annotated parts, and return its new status.

    Where all parts are complete or absent and exhaust the super-label, they replace it, and it is
    complete (absent if they are empty). Else it is in progress, and what was painted of it in
    progress stays. Parts that are not annotated, flagged ones too, are left out.

    Raises UserError with the sentence of `whyNotFromParts`.
    """
    _refuse(_whyNoAlgebra(segments, name))
    scheme, status = segments.scheme, _statuses(segments, name)
    _refuse(_whyUndecided(scheme, status, name))
    decided = _partsDecide(scheme, status, name)
    united = [part for part in scheme[name].children if status[part] in _PAINTED]
    if not decided and status[name] is Status.IN_PROGRESS:
        united.append(name)
    grid = segments.commonGrid(united)
    union = segments.maskOn(grid, *united)
    new = _decidedStatus(union) if decided else Status.IN_PROGRESS
    _change(segments, name, grid, union, new)
    return new


def rebuildFromParts(
    segments: LabelSegments, name: str, known: Mapping[str, Status]
) -> Status | None:
    """Make a super-label that its parts decide anew where it differs from them; its new status.

    None where it stays as it is, as one without parts does. `known` are statuses that were just
    given, so that they need not be asked for. The segments are kept as labelmaps, one a label.
    """
    scheme, parts = segments.scheme, segments.scheme[name].children
    status = {part: known[part] if part in known else segments.status(part) for part in parts}
    if not parts or not _partsDecide(scheme, status, name):
        return None
    grid = segments.commonGrid([name, *parts])
    union = segments.maskOn(grid, *parts)
    if np.array_equal(segments.maskOn(grid, name), union):
        return None
    new = _decidedStatus(union)
    _change(segments, name, grid, union, new)
    return new


def whyNoRemainder(segments: LabelSegments, name: str) -> str:
    """Why what is left of a super-label cannot go to its last part; empty if it can.

    Whether parts overlap is found out only by `remainderToLastPart`.
    """
    return _whyNoAlgebra(segments, name) or _whyNoneIsLast(
        segments, _statuses(segments, name), name
    )


def _whyNoneIsLast(segments: LabelSegments, status: dict[str, Status], name: str) -> str:
    scheme = segments.scheme
    label = scheme[name]
    if not label.exhaustive:
        return (
            f"The parts of '{label.title}' need not fill it, so that what is left of it may be no "
            "part at all; paint the part."
        )
    if status[name] is not Status.COMPLETE:
        return (
            f"'{label.title}' is not complete, so that nobody knows what is left of it; finish it "
            "and set its status to complete."
        )
    opened = _open(scheme, status, name)
    if len(opened) != 1:
        found = f"still open are {_titles(scheme, opened)}" if opened else "none is open"
        return (
            f"All parts of '{label.title}' but one must be complete or absent, but {found}; set "
            "their status."
        )
    return _whyNoSegment(segments, opened[0])


def remainderToLastPart(segments: LabelSegments, name: str) -> tuple[str, Status]:
    """Give what no other part has of a complete super-label to the one part that is left.

    Returns the part and its new status: complete, or absent if nothing is left.

    Raises UserError, with nothing changed, with the sentence of `whyNoRemainder`, and where parts
    overlap or what is painted of the last part in progress is not within the remainder.
    """
    _refuse(_whyNoAlgebra(segments, name))
    scheme, status = segments.scheme, _statuses(segments, name)
    _refuse(_whyNoneIsLast(segments, status, name))
    (last,) = _open(scheme, status, name)
    others = [part for part in scheme[name].children if status[part] is Status.COMPLETE]
    grid = segments.commonGrid([name, last, *others])
    remainder = segments.maskOn(grid, name)
    taken = np.zeros_like(remainder)
    for part in others:
        mask = segments.maskOn(grid, part)
        _refuseOverlap(scheme, taken & mask, part)
        taken |= mask
    np.greater(remainder, taken, out=remainder)
    if status[last] is Status.IN_PROGRESS:
        stray = segments.maskOn(grid, last) & ~remainder
        if stray.any():
            raise UserError(
                f"'{scheme[last].title}' is painted in {np.count_nonzero(stray)} voxels that are "
                f"another part or lie outside '{scheme[name].title}'; erase them first (Check "
                "finds a place)."
            )
    new = _decidedStatus(remainder)
    _change(segments, last, grid, remainder, new)
    return last, new


def _whyNoAlgebra(segments: LabelSegments, name: str) -> str:
    label = segments.scheme[name]
    if not label.children:
        return f"'{label.title}' has no parts in the scheme; select a super-label."
    if not isKeptAsLabelmaps(segments.segmentationNode):
        return (
            "The segmentation is kept as surfaces, where labelmaps are needed; make the binary "
            "labelmap its source representation in the Segmentations module."
        )
    return segments.whySeveral() or _whyNoSegment(segments, name)


def _statuses(segments: LabelSegments, name: str) -> dict[str, Status]:
    """Of a super-label and its parts."""
    return {each: segments.status(each) for each in (name, *segments.scheme[name].children)}


def _whyNoSegment(segments: LabelSegments, name: str) -> str:
    if name in segments.ids:
        return ""
    return f"'{segments.scheme[name].title}' has no segment to paint in; create the segments first."


def _partsDecide(scheme: LabelScheme, status: dict[str, Status], name: str) -> bool:
    """Whether a super-label is known from its parts alone."""
    return scheme[name].exhaustive and not _open(scheme, status, name)


def _open(scheme: LabelScheme, status: dict[str, Status], name: str) -> list[str]:
    """The parts of a label that somebody still has to finish."""
    return [part for part in scheme[name].children if status[part] not in _DONE]


def _refuseOverlap(scheme: LabelScheme, shared: np.ndarray, part: str) -> None:
    if shared.any():
        raise UserError(
            f"'{scheme[part].title}' overlaps other parts in {np.count_nonzero(shared)} voxels; "
            "erase them where they are wrong (Check finds a place)."
        )


def _decidedStatus(mask: np.ndarray) -> Status:
    return Status.COMPLETE if mask.any() else Status.ABSENT


def _change(segments: LabelSegments, name: str, grid, mask: np.ndarray, status: Status) -> None:
    announceChange(segments.segmentationNode)
    with slicer.util.NodeModify(segments.segmentationNode):
        segments.setMask(grid, name, mask)
        segments.setStatus(name, status)


def _titles(scheme: LabelScheme, names: Iterable[str]) -> str:
    return ", ".join(scheme[name].title for name in names)


def _refuse(reason: str) -> None:
    if reason:
        raise UserError(reason)
