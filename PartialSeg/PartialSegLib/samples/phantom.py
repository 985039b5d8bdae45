"""Samples that are made on the spot: phantom newborns, for which no network is needed."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import numpy as np
import slicer
import slicer.util

from partialseg_trainer.jobs import JobFolder
from partialseg_trainer.labels import LabelScheme

from ..engine import packages
from ..engine.jobs import Job
from ..scene.oneScan import showScan
from .annotation import addAnnotation

_POLL_SECONDS = 0.05


def loadPhantom(name: str, sample: Mapping[str, Any]):
    """Make the phantom of a sample's `seed` and return its volume node; None when cancelled.

    Where the sample names `complete` labels, a segmentation node gets them. A window shows that
    something is at work. Raises UserError when packages are missing, or the job fails.
    """
    packages.ensure(packages.FILES, "make a phantom")
    made, annotation = [], []

    def take(result: dict[str, Any], folder: JobFolder) -> None:
        made.append(_volumeNode(name, folder.array("image"), result["affine"]))
        if "complete" in sample:
            scheme = LabelScheme.load(result["scheme"])
            annotation.append(
                addAnnotation(made[0], folder.array("labelmap"), scheme, sample["complete"])
            )

    _waitFor(Job("phantom", {"seed": sample["seed"], "shape": None}, onFinished=take))
    if not made:
        return None
    showScan(made[0], *annotation)
    return made[0]


def _volumeNode(name: str, image: np.ndarray, affine: list[list[float]]):
    """A volume node of an array (K, J, I)."""
    ijkToRAS = np.array(affine)[:, [2, 1, 0, 3]]
    return slicer.util.addVolumeFromArray(image, ijkToRAS, name)


def _waitFor(job: Job) -> None:
    """Let the user wait for a job, or cancel it."""
    from slicer.i18n import tr as _

    dialog = slicer.util.createProgressDialog(
        labelText=_("Making a phantom..."), windowTitle=_("PartialSeg"), maximum=0, modal=True
    )
    # A dialog without an end takes its first value for the last one, and hides.
    dialog.show()
    try:
        while not job.poll():
            slicer.app.processEvents()
            if dialog.wasCanceled:
                job.cancel()
            time.sleep(_POLL_SECONDS)
    finally:
        dialog.close()
