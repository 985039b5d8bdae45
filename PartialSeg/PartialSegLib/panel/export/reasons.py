"""Why a scan cannot be exported as things stand, in words for a tooltip."""

from __future__ import annotations

import os
from collections.abc import Sequence

from slicer.i18n import tr as _

from partialseg_trainer.labels import LabelScheme

from ...annotation.contradictions import FoundContradiction
from ...dataset.content import DatasetContent
from ...dataset.export import isIdentifier
from ...scene.labelSegments import LabelSegments
from ..parameterNode import PartialSegParameterNode


def inShort(found: Sequence[FoundContradiction]) -> str:
    """That labels exclude each other: the largest contradiction, how many more, and what to do."""
    text = (
        _("The annotation contradicts itself: {first}; and {count} more.")
        if len(found) > 1
        else _("The annotation contradicts itself: {first}.")
    )
    where = _("The section Labels leads to the places: press Check there.")
    return text.format(first=found[0].message, count=len(found) - 1) + " " + where


def whyNotIdentifiers(subject: str, session: str) -> str:
    """What is wrong with subject or session; "" while they are right or not entered yet."""
    if subject and not isIdentifier(subject):
        return _("The subject may have letters (a to z) and digits only.")
    if session and not isIdentifier(session):
        return _("The session may have letters (a to z) and digits only.")
    return ""


def whyNotExport(chosen: PartialSegParameterNode | None, scheme: LabelScheme | None) -> str:
    """What is missing in the scene; "" when its annotation can be exported."""
    if chosen is None or chosen.inputVolume is None:
        return _("Select a scan first, in the section Segment neonate.")
    if chosen.segmentation is None:
        return _("Select the scan's segmentation first, in the section Labels.")
    if scheme is None:
        return _("Select a label scheme first, in the section Labels.")
    if not LabelSegments(chosen.segmentation, scheme).annotated():
        return _(
            "Nothing is annotated: say in the section Labels which segments are in progress, "
            "complete or absent."
        )
    return ""


def whyNotInto(
    chosen: PartialSegParameterNode,
    scheme: LabelScheme,
    content: DatasetContent | None,
    problem: str,
) -> str:
    """What is wrong with the dataset or the names of the case; "" when all is well.

    `content` is None where the dataset is new or not read yet, `problem` says why it cannot be.
    """
    if not chosen.dataset:
        return _("Choose the folder of the dataset first.")
    if not os.path.isabs(chosen.dataset):
        return _("Give the whole path of the dataset's folder.")
    if problem:
        return problem
    if content is not None and not content.scheme.has_labels_of(scheme):
        return _(
            "The dataset has the label scheme {theirs}, but {ours} is selected; choose another "
            "folder, or another scheme in the section Labels."
        ).format(theirs=content.scheme.title, ours=scheme.title)
    if not chosen.subject:
        return _("Enter an identifier for the subject first.")
    return whyNotIdentifiers(chosen.subject, chosen.session)
