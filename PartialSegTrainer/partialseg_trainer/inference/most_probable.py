"""From probabilities on a model's grid to the most probable leaf on the scan's own grid."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import reduce

import numpy as np
import torch
from torch import Tensor

from ..volumes.preprocessing import AXES, Prepared
from ..volumes.resampling import axis_weights

# Voxel planes of the scan that are worked on at once: what they need stays in a processor's cache.
_PLANES = 16
Place = tuple[slice, slice, slice]


def count_slabs(prepared: Prepared) -> int:
    """How many slabs `most_probable` gives."""
    axes, _ = axis_weights(prepared.grid, prepared.native)
    return -(-prepared.native.shape[_across(axes, prepared)] // _PLANES)


@torch.inference_mode()
def most_probable(
    leaves: Callable[[slice], Tensor], values: np.ndarray, prepared: Prepared, device: torch.device
) -> Iterator[tuple[Place, np.ndarray, np.ndarray]]:
    """The leaf of highest probability in each voxel of the native grid, slab by slab.

    Probabilities are interpolated, not labels: edges come out smooth on a finer grid.

    Args:
        leaves: gives the probabilities in a part of the slices, (L, s, H, W), float16. No part that
            it is asked for begins before the last one did (see `predict`).
        values: (L,) what stands for each leaf in the result.
        device: where the probabilities are.

    Yields the place of a slab on the native grid, and there the values of the leaves and their
    probabilities, float32, both (X, Y, Z). Slabs cut the scan as its slices do.
    """
    axes, weights = axis_weights(prepared.grid, prepared.native)
    across = _across(axes, prepared)
    # Last the axis whose neighbours lie next to each other in the scan's file.
    order = [across, *(axis for axis in (2, 1, 0) if axis != across)]
    in_slice = [axis for axis in range(3) if axis != axes[across]]
    turned = [0, 1, *(2 + in_slice.index(axes[axis]) for axis in order[1:])]
    as_stored = np.argsort(order)
    planes, rows, columns = (_Along(weights[axis], device) for axis in order)
    count = len(planes.weights)
    slabs = [slice(start, min(start + _PLANES, count)) for start in range(0, count, _PLANES)]
    for slab in sorted(slabs, key=lambda slab: planes.sources(slab).start):
        near = planes.sources(slab)
        found, best = _most_probable_in(
            leaves(near).permute(turned), values, planes.weights[slab, near], rows, columns
        )
        place = tuple(slab if axis == across else slice(None) for axis in range(3))
        yield place, found.numpy().transpose(as_stored), best.numpy().transpose(as_stored)


def _across(axes: list[int], prepared: Prepared) -> int:
    """The axis of the native grid that its slices cut, given what grid axis each runs along."""
    return axes.index(AXES.index(prepared.axis))


class _Along:
    """The weights (results, sources) of one axis, of which each result has some next to each other.

    Where these begin and end is kept here: to ask a device for it would be to wait for it.
    """

    def __init__(self, weights: np.ndarray, device: torch.device):
        self.weights = torch.from_numpy(weights).to(device)
        reached = weights != 0
        self._first = reached.argmax(1)
        self._end = reached.shape[1] - reached[:, ::-1].argmax(1)

    def sources(self, results: slice) -> slice:
        """All that has a weight in some results."""
        return slice(int(self._first[results].min()), int(self._end[results].max()))

    def results(self, sources: slice) -> slice:
        """All in which some sources have a weight."""
        return _span((self._first < sources.stop) & (self._end > sources.start))


def _most_probable_in(
    leaves: Tensor, values: np.ndarray, planes: Tensor, rows: _Along, columns: _Along
) -> tuple[Tensor, Tensor]:
    """The same for a slab of (planes, rows, columns), of leaves (L, s, H, W) near it.

    No leaf can be the most probable one where it has less than 1 / L, nor where that is
    interpolated, so each is looked at in the box where it has more: with nine tissues this leaves a
    third of the work, and the same result. 0.9 is for the rounding of float16.
    """
    device, least = leaves.device, 0.9 / len(leaves)
    shape = (len(planes), len(rows.weights), len(columns.weights))
    kind = torch.uint8 if max(values) < 256 else torch.int32
    found, best = torch.zeros(shape, dtype=kind, device=device), torch.zeros(shape, device=device)
    for leaf, value in zip(leaves, values.tolist(), strict=True):
        leaf = leaf.float()
        # One slice after the other, which takes a tenth of the time of `amax` across them.
        likely = (reduce(torch.maximum, leaf) >= least).cpu().numpy()
        if not likely.any():
            continue
        to_row, to_column = (
            rows.results(_span(likely.any(1))),
            columns.results(_span(likely.any(0))),
        )
        row, column = rows.sources(to_row), columns.sources(to_column)
        p = torch.tensordot(planes, leaf[:, row, column], 1)
        p = rows.weights[to_row, row] @ p
        p = p @ columns.weights[to_column, column].T
        box = (slice(None), to_row, to_column)
        found[box].masked_fill_(p > best[box], value)
        torch.maximum(best[box], p, out=best[box])
    return found.cpu(), best.cpu()


def _span(mask: np.ndarray) -> slice:
    """From the first to the last that is true of a mask, (N,)."""
    places = np.flatnonzero(mask)
    return slice(int(places[0]), int(places[-1]) + 1)
