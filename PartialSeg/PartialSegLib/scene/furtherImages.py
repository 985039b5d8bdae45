"""The images of one scan in further contrasts, as a job takes them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from .geometry import kjiToRAS
from .volumes import scanArray


def furtherImages(
    nodes: Mapping[str, Any],
) -> tuple[dict[str, list[list[float]]], list[tuple[str, np.ndarray]]]:
    """Volume nodes by their contrasts, as in "T1w", as a job's request and its arrays.

    These are the affine from array indices to RAS of each contrast, and the voxels under the name
    that the job knows them by.

    Raises UserError for a contrast that is no suffix of BIDS or there twice, and for a node that is
    no scan.
    """
    if not nodes:
        return {}, []
    # Here, so that the module opens before its packages are installed.
    from partialseg_trainer.dataset.contrast import named_rightly

    named = named_rightly(nodes)
    affines = {contrast: kjiToRAS(node).tolist() for contrast, node in named.items()}
    return affines, [(f"further/{contrast}", scanArray(node)) for contrast, node in named.items()]
