"""Writing the annotation of one scan as a case of a dataset."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from partialseg_trainer.errors import UserError
from partialseg_trainer.labels import LabelSets

from .annotation import labelSetsFromSegmentation, labelStatuses
from .geometry import swapAxes
from .volumes import volumeFromNode

if TYPE_CHECKING:
    from partialseg_trainer.dataset import Case, Dataset


def exportCase(
    segmentationNode,
    volumeNode,
    dataset: Dataset | str | Path,
    subject: str,
    *,
    session: str | None = None,
    annotator: str = "",
    group: str | None = None,
    region: np.ndarray | None = None,
    replace: bool = False,
) -> Case:
    """Add a scan and its annotation to a dataset (or the folder of one) and return the case.

    The files are named by `subject` and `session` alone: names of nodes, which may be a patient's,
    go nowhere. `region` (K, J, I) is the annotated part of the scan, all of it if None; `group`
    keeps related subjects together when the dataset is split; `replace` allows an existing case
    to be written anew.

    Raises ContradictionError where labels exclude each other, and UserError when nothing is
    annotated, or when the volume or the case is refused. Nothing is written then.
    """
    # Here, so that the module opens before its packages are installed.
    from partialseg_trainer.dataset import Dataset

    if not isinstance(dataset, Dataset):
        dataset = Dataset.open(dataset)
    image = volumeFromNode(volumeNode)
    sets = labelSetsFromSegmentation(segmentationNode, volumeNode, dataset.scheme, region)
    if sets.leaf_sets().all():
        raise UserError(
            f"Nothing is annotated: no segment of scheme '{dataset.scheme.name}' is in progress, "
            "complete or absent; set the status of the segments that are right, then export."
        )
    return dataset.add_case(
        subject,
        image,
        LabelSets(dataset.scheme, swapAxes(sets.codes), sets.leaf_sets()),
        labelStatuses(segmentationNode, dataset.scheme),
        session=session,
        annotator=annotator,
        group=group,
        replace=replace,
    )
