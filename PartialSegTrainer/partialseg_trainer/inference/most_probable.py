"""From probabilities on a model's grid to the most probable leaf on the scan's own grid."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from ..volumes.preprocessing import AXES, Prepared
from ..volumes.resampling import axis_weights

# Voxel planes of the scan that are worked on at once: what they need stays in a processor's cache.
_PLANES = 16


def count_slabs(prepared: Prepared) -> int:
    """How many steps `most_probable` takes."""
    return -(-prepared.native.shape[2] // _PLANES)


@torch.inference_mode()
def most_probable(
    probabilities: Tensor, prepared: Prepared, advance: Callable[[int], None]
) -> tuple[np.ndarray, np.ndarray]:
    """The leaf of highest probability in each voxel of the native grid, and that probability.

    Both are (X, Y, Z) in Fortran order, as NIfTI stores them: uint8 (int32 for more than 256
    leaves) and float32. Probabilities are interpolated, not labels: edges come out smooth on a
    finer grid.

    Args:
        probabilities: (L, S, H, W) as `predict` gives them.
        advance: called with the number of slabs of the scan that are done.
    """
    axes, weights = axis_weights(prepared.grid, prepared.native)
    # Reversed, so that the axis whose neighbours lie next to each other in the result is the last.
    axes, shape = axes[::-1], prepared.native.shape[::-1]
    planes, rows, columns = (
        torch.from_numpy(each).to(probabilities.device) for each in weights[::-1]
    )
    in_ras = probabilities.movedim(1, 1 + AXES.index(prepared.axis))
    leaves = in_ras.permute(0, *(1 + axis for axis in axes))
    found = torch.zeros(shape, dtype=torch.uint8 if len(leaves) <= 256 else torch.int32)
    best = torch.zeros(shape)
    for number, start in enumerate(range(0, shape[0], _PLANES)):
        slab = slice(start, start + _PLANES)
        found[slab], best[slab] = _most_probable_in(leaves, planes[slab], rows, columns)
        advance(number + 1)
    return found.numpy().T, best.numpy().T


def _most_probable_in(
    leaves: Tensor, planes: Tensor, rows: Tensor, columns: Tensor
) -> tuple[Tensor, Tensor]:
    """The same for some planes of the native grid, given the weights of all three axes.

    No leaf can be the most probable one where it has less than 1 / L, nor where that is
    interpolated, so each is looked at in the box where it has more: with nine tissues this leaves a
    third of the work, and the same result. 0.9 is for the rounding of float16.
    """
    device, least = planes.device, 0.9 / len(leaves)
    shape = (len(planes), len(rows), len(columns))
    found = torch.zeros(shape, dtype=torch.uint8 if len(leaves) <= 256 else torch.int32).to(device)
    best = torch.zeros(shape, device=device)
    near = _span(planes.any(0))
    for number, leaf in enumerate(leaves):
        values = leaf[near].float()
        likely = values.amax(0) >= least
        if not likely.any():
            continue
        to_row, row = _reached(rows, likely.any(1))
        to_column, column = _reached(columns, likely.any(0))
        values = torch.tensordot(planes[:, near], values[:, row, column], 1)
        values = rows[to_row, row] @ values
        values = values @ columns[to_column, column].T
        box = (slice(None), to_row, to_column)
        found[box].masked_fill_(values > best[box], number)
        torch.maximum(best[box], values, out=best[box])
    return found, best


def _reached(weights: Tensor, likely: Tensor) -> tuple[slice, slice]:
    """The results that likely source voxels have a weight in, and all the sources of these."""
    results = _span(weights[:, likely].any(1))
    return results, _span(weights[results].any(0))


def _span(mask: Tensor) -> slice:
    """From the first to the last that is true of a mask, (N,)."""
    places = mask.nonzero()
    return slice(int(places[0]), int(places[-1]) + 1)
