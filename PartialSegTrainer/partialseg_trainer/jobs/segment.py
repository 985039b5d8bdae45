"""Job "segment": a scan's labelmap, and how sure the model is of each voxel.

Request: `model`, a folder or a name, "" for the default one; `device`; `affine` (4, 4) from array
indices to RAS mm. Array `image` (K, J, I); of a model of several contrasts that is the first, and
`further` in the request has the `affine` of each other one by its name, whose array is in the
folder `further`, on a grid of its own. Result: arrays `labelmap` and `confidence` (percent,
uint8) of the same shape; `scheme` (as in a scheme's file), the `model`'s name, the `device` in
words, `seconds` that it took, `volumes_ml` and mean `confidence` (percent, null where it has no
voxel) of each label, and `warnings`, sentences about what cannot be true.
"""

from __future__ import annotations

import math
import time
from typing import Any

import numpy as np

from ..files import require_room
from ..inference import Segmentation, load_model, segment
from ..networks.device import choose_device, describe
from ..networks.model import Model
from ..volumes import Volume
from .axes import to_array, to_volume
from .folder import JobFolder
from .pace import Pace


def work(job: JobFolder) -> dict[str, Any]:
    began = time.monotonic()
    request = job.request()
    job.report("Loading the model")
    model = load_model(request["model"] or None)
    choose_device(request["device"])
    result = segment(
        images_of(job, model.info.contrast),
        model,
        device=request["device"],
        confidence=True,
        ready=lambda shape: require_room(job.path, 2 * math.prod(shape), "The segmentation"),
        progress=Pace(job, "Segmenting"),
    )
    return write_result(job, result, model, request["device"], began)


def images_of(job: JobFolder, first: str) -> Volume | dict[str, Volume]:
    """The scan of a request, or its images by their contrasts, of which `first` is the first."""
    request = job.request()
    image = to_volume(job.array("image"), request["affine"])
    further = request.get("further") or {}
    if not further:
        return image
    return {first: image} | {
        contrast: to_volume(job.array(f"further/{contrast}"), affine)
        for contrast, affine in further.items()
    }


def write_result(
    job: JobFolder, result: Segmentation, model: Model, device: str, began: float
) -> dict[str, Any]:
    """Write the arrays of a segmentation and return what is told of it."""
    percent = np.rint(np.asarray(result.confidence.dataobj) * 100).astype(np.uint8)
    job.write_array("labelmap", to_array(np.asarray(result.labelmap.dataobj)))
    job.write_array("confidence", to_array(percent))
    return {
        "scheme": result.scheme.to_dict(),
        "model": model.info.name,
        "device": describe(choose_device(device)),
        "seconds": round(time.monotonic() - began, 1),
        "volumes_ml": result.volumes_ml(),
        "confidence": {
            name: None if mean is None else round(100 * mean, 1)
            for name, mean in result.mean_confidence().items()
        },
        "warnings": list(result.warnings),
    }
