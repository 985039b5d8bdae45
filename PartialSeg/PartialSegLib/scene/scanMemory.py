"""What was done with a scan, kept with its node and so with the scene."""

from __future__ import annotations

from typing import NamedTuple

_SUBJECT, _SESSION = "PartialSeg.Subject", "PartialSeg.Session"
_CHANGED = "PartialSeg.ChangedSinceExport"
_AGE = "PartialSeg.AgeWeeks"


class CaseOfScan(NamedTuple):
    """The identifiers under which a scan is in a dataset; `session` may be empty."""

    subject: str
    session: str

    @property
    def name(self) -> str:
        """As datasets call it."""
        return f"sub-{self.subject}" + (f"_ses-{self.session}" if self.session else "")


def caseOf(volumeNode) -> CaseOfScan | None:
    """The case that a scan was exported to or loaded from; None where there is none."""
    subject = volumeNode.GetAttribute(_SUBJECT)
    return CaseOfScan(subject, volumeNode.GetAttribute(_SESSION) or "") if subject else None


def rememberCase(volumeNode, segmentationNode, subject: str, session: str) -> None:
    """A scan and its annotation are the same as this case of a dataset from now on."""
    volumeNode.SetAttribute(_SUBJECT, subject)
    volumeNode.SetAttribute(_SESSION, session)
    segmentationNode.RemoveAttribute(_CHANGED)


def rememberChange(segmentationNode) -> None:
    """An annotation is no longer what was exported."""
    if segmentationNode.GetAttribute(_CHANGED) is None:
        segmentationNode.SetAttribute(_CHANGED, "1")


def ageOf(volumeNode) -> float | None:
    """The post-menstrual age at a scan in weeks; None where nobody has said it."""
    age = volumeNode.GetAttribute(_AGE)
    return None if age is None else float(age)


def rememberAge(volumeNode, weeks: float) -> None:
    """Keep the post-menstrual age at a scan, in weeks."""
    volumeNode.SetAttribute(_AGE, repr(float(weeks)))


def isChanged(segmentationNode) -> bool:
    """Whether an annotation was changed since it was exported or loaded."""
    return segmentationNode.GetAttribute(_CHANGED) is not None
