"""Hippocampi, which phantoms alone have: the atlas counts them as white matter."""

from __future__ import annotations

import numpy as np
import torch

from partialseg_trainer.labels import LabelSets, Status
from partialseg_trainer.networks.model import Model

_HIPPOCAMPI = "hippocampi_amygdala"
# Of the cerebrum's extent from left to right, from back to front, and from bottom to top; generous.
_FROM_MIDLINE, _LENGTH, _HEIGHT = 0.08, (0.25, 0.75), 0.5
_BIAS = 2.0


def open_to_hippocampi(sets: LabelSets, affine: np.ndarray) -> LabelSets:
    """The same labels, but for white matter that may be hippocampus or amygdala: either of both.

    So phantoms, which have them, can teach what they look like without the atlas denying it.

    Args:
        sets: in scheme dhcp9, (X, Y, Z).
        affine: (4, 4), from voxels to RAS in mm.
    """
    scheme, table = sets.scheme, sets.leaf_sets()
    either = np.zeros((1, table.shape[1]), dtype=bool)
    either[0, [scheme.leaf_names.index(name) for name in ("wm", _HIPPOCAMPI)]] = True
    codes = sets.codes.astype(np.uint8)
    codes[_may_be_hippocampus(sets, affine)] = len(table)
    return LabelSets(scheme, codes, np.vstack([table, either]))


def opened(status: dict[str, Status]) -> dict[str, Status]:
    """The status of each label after that."""
    in_progress = dict.fromkeys(("wm", "tcv"), Status.IN_PROGRESS)
    return status | in_progress | {_HIPPOCAMPI: Status.NOT_ANNOTATED}


def with_hippocampi(model: Model, source: Model) -> Model:
    """The model with the last layer's answer for the hippocampi taken from one that finds them.

    Between two models of which one never answers so the answer is lost. `_BIAS` makes up for what
    the features have lost: of 0 to 4 the best on the phantom that validates, and two more.
    """
    leaf = model.scheme.leaf_names.index(_HIPPOCAMPI)
    layer, of_source = model.network.head, source.network.head
    with torch.no_grad():
        layer.weight[leaf] = of_source.weight[leaf]
        layer.bias[leaf] = of_source.bias[leaf] + _BIAS
    return model


def _may_be_hippocampus(sets: LabelSets, affine: np.ndarray) -> np.ndarray:
    low, high = np.percentile(_places(sets.value_of("tcv") == 1, affine), (0.5, 99.5), axis=0)
    white_matter = sets.value_of("wm") == 1
    x, y, z = ((_places(white_matter, affine) - low) / (high - low)).T
    lengthwise = (y > _LENGTH[0]) & (y < _LENGTH[1])
    may_be = (abs(x - 0.5) > _FROM_MIDLINE) & lengthwise & (z < _HEIGHT)
    found = np.zeros(sets.shape, dtype=bool)
    found[white_matter] = may_be
    return found


def _places(mask: np.ndarray, affine: np.ndarray) -> np.ndarray:
    """(N, 3) RAS coordinates in mm of the voxels of a mask."""
    return np.argwhere(mask) @ affine[:3, :3].T + affine[:3, 3]
