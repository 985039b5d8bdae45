"""From probabilities on a model's grid to the most probable leaf on the scan's own grid.

Of all leaves, or of those that an annotation leaves possible.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property, reduce
from itertools import product

import numpy as np
import torch
from torch import Tensor

from ..labels import LabelSets
from ..volumes.preprocessing import AXES, Prepared
from ..volumes.resampling import axis_weights
from .within import Choice, Known

# Voxel planes of the scan that are worked on at once: what they need stays in a processor's cache.
_PLANES = 16
# What a leaf has to have somewhere for its share of P_S to be counted. Larger boxes cost less than
# the voxels that would have to be looked at one by one with a larger share.
_NEGLIGIBLE = 0.02
_TINY = 1e-30
# Voxels that are looked at one by one at a time.
_POINTS = 1 << 16
Place = tuple[slice, slice, slice]


def count_slabs(prepared: Prepared) -> int:
    """How many slabs `most_probable` gives."""
    axes, _ = axis_weights(prepared.grid, prepared.native)
    return -(-prepared.native.shape[_across(axes, prepared)] // _PLANES)


@torch.inference_mode()
def most_probable(
    leaves: Callable[[slice], Tensor],
    values: np.ndarray,
    prepared: Prepared,
    device: torch.device,
    known: LabelSets | None = None,
    *,
    summed: bool = False,
) -> Iterator[tuple[Place, np.ndarray, np.ndarray]]:
    """The leaf of highest probability in each voxel of the native grid, slab by slab.

    Probabilities are interpolated, not labels: edges come out smooth on a finer grid.

    Args:
        leaves: gives the probabilities in a part of the slices, (L, s, H, W), float16. No part that
            it is asked for begins before the last one did (see `predict`).
        values: (L,) what stands for each leaf in the result.
        device: where the probabilities are.
        known: of the voxels of the native grid, (X, Y, Z). A leaf outside of S is never chosen, and
            where no leaf of S has any probability it is the first one.
        summed: whether probabilities are wanted as they are within S, which takes a little longer.

    Yields the place of a slab on the native grid, and there the values of the leaves and their
    probabilities, float32, both (X, Y, Z): with `known`, those within S, p / P_S, if `summed`.
    Slabs cut the scan as its slices do.
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
        place = tuple(slab if axis == across else slice(None) for axis in range(3))
        here = leaves(near).permute(turned), values, planes.part(slab, near), rows, columns
        of_slab = known and _known_in(known, place, order, device)
        if of_slab is None:
            found, best = _most_probable_in(*here)
        else:
            found, best = _most_probable_of(*here, of_slab, summed)
        yield place, found.numpy().transpose(as_stored), best.numpy().transpose(as_stored)


def _known_in(
    known: LabelSets, place: Place, order: list[int], device: torch.device
) -> Known | None:
    """What is known of a slab's voxels, their axes in `order`; None where that is nothing."""
    codes = np.ascontiguousarray(known.codes[place].transpose(order))
    found = Known(codes, known.leaf_sets(), device)
    return found if found.says_something else None


def _across(axes: list[int], prepared: Prepared) -> int:
    """The axis of the native grid that its slices cut, given what grid axis each runs along."""
    return axes.index(AXES.index(prepared.axis))


class _Along:
    """The weights (results, sources) of one axis, of which each result has some next to each other.

    Where these begin and end is kept here: to ask a device for it would be to wait for it.
    """

    def __init__(self, weights: np.ndarray, device: torch.device):
        self._all, self._device = weights, device
        self.weights = torch.from_numpy(weights).to(device)
        reached = weights != 0
        self._first = reached.argmax(1)
        self._end = reached.shape[1] - reached[:, ::-1].argmax(1)

    def sources(self, results: slice) -> slice:
        """All that has a weight in some results."""
        return slice(int(self._first[results].min()), int(self._end[results].max()))

    def part(self, results: slice, sources: slice) -> _Along:
        """Some results, of sources that hold all they are made of."""
        return _Along(self._all[results, sources], self._device)

    @cached_property
    def taps(self) -> tuple[Tensor, Tensor]:
        """(results, K) the sources of each result, and their weights; 0 where it has fewer."""
        places = self._first[:, None] + np.arange((self._end - self._first).max())
        inside = places < self._end[:, None]
        places = np.where(inside, places, self._first[:, None])
        weights = np.where(inside, np.take_along_axis(self._all, places, 1), 0)
        return torch.from_numpy(places).to(self._device), torch.from_numpy(weights).to(self._device)

    def results(self, sources: slice) -> slice:
        """All in which some sources have a weight."""
        return _span((self._first < sources.stop) & (self._end > sources.start))


def _most_probable_in(
    leaves: Tensor, values: np.ndarray, planes: _Along, rows: _Along, columns: _Along
) -> tuple[Tensor, Tensor]:
    """The same for a slab of (planes, rows, columns), of leaves (L, s, H, W) near it.

    No leaf can be the most probable one where it has less than 1 / L, nor where that is
    interpolated, so each is looked at in the box where it has more: with nine tissues this leaves a
    third of the work, and the same result. 0.9 is for the rounding of float16.
    """
    shape = (len(planes.weights), len(rows.weights), len(columns.weights))
    choice = Choice(torch.zeros(shape, dtype=_kind(values), device=leaves.device))
    for leaf, value in zip(leaves, values.tolist(), strict=True):
        seen = _where_likely(leaf, 0.9 / len(leaves), planes, rows, columns)
        if seen is not None:
            box, p = seen
            choice.see(value, p, box=box)
    return choice.found.cpu(), choice.best.cpu()


def _most_probable_of(
    leaves: Tensor,
    values: np.ndarray,
    planes: _Along,
    rows: _Along,
    columns: _Along,
    known: Known,
    summed: bool,
) -> tuple[Tensor, Tensor]:
    """The same among the leaves of S.

    These may all have little: where what is found in the boxes is less than any leaf may have
    outside of them, all leaves of S are looked at voxel by voxel.
    """
    values = values.astype(np.uint8 if _kind(values) == torch.uint8 else np.int32)
    choice = Choice(known.last_resort(values), summed)
    least = min(0.9 / len(leaves), _NEGLIGIBLE)
    for number, (leaf, value) in enumerate(zip(leaves, values.tolist(), strict=True)):
        if not known.possible(number):
            continue
        seen = _where_likely(leaf, least, planes, rows, columns)
        if seen is not None:
            box, p = seen
            choice.see(value, p, known.excluded(number, box), box)
    found, best, total = choice.found, choice.best, choice.total
    short = torch.nonzero(known.open() & (best < least), as_tuple=True)
    for part in zip(*(axis.split(_POINTS) for axis in short), strict=True):
        there = Choice(found[part], summed)
        every = _at(leaves, (planes, rows, columns), part)
        for number, (p, value) in enumerate(zip(every, values.tolist(), strict=True)):
            if known.possible(number):
                there.see(value, p, known.excluded(number, part))
        found[part], best[part] = there.found, there.best
        if summed:
            total[part] = there.total
    if summed:
        within = best / total.clamp_(min=_TINY)
        # Of what nothing is known, nothing that was left out of a sum changes the probability.
        best = torch.where(known.narrowed(), within, best)
        best.masked_fill_(known.alone(), 1)
    return found.cpu(), best.cpu()


def _kind(values: np.ndarray) -> torch.dtype:
    return torch.uint8 if max(values) < 256 else torch.int32


def _where_likely(
    leaf: Tensor, least: float, planes: _Along, rows: _Along, columns: _Along
) -> tuple[tuple[slice, slice, slice], Tensor] | None:
    """A leaf's probability in the box outside of which it has less than `least`, and the box.

    None where it has less everywhere.
    """
    leaf = leaf.float()
    # One slice after the other, which takes a tenth of the time of `amax` across them.
    likely = (reduce(torch.maximum, leaf) >= least).cpu().numpy()
    if not likely.any():
        return None
    to_row, to_column = (
        rows.results(_span(likely.any(1))),
        columns.results(_span(likely.any(0))),
    )
    row, column = rows.sources(to_row), columns.sources(to_column)
    p = torch.tensordot(planes.weights, leaf[:, row, column], 1)
    p = rows.weights[to_row, row] @ p
    p = p @ columns.weights[to_column, column].T
    return (slice(None), to_row, to_column), p


def _at(
    leaves: Tensor, axes: tuple[_Along, _Along, _Along], points: tuple[Tensor, Tensor, Tensor]
) -> Tensor:
    """(L, N) probabilities of all leaves in N voxels, given by their three indices."""
    places, weights = zip(*(axis.taps for axis in axes), strict=True)
    places = [of_axis[at] for of_axis, at in zip(places, points, strict=True)]
    weights = [of_axis[at] for of_axis, at in zip(weights, points, strict=True)]
    total = torch.zeros(len(leaves), len(points[0]), device=leaves.device)
    for taps in product(*(range(of_axis.shape[1]) for of_axis in places)):
        place = tuple(of_axis[:, tap] for of_axis, tap in zip(places, taps, strict=True))
        weight = reduce(
            torch.mul, (of_axis[:, tap] for of_axis, tap in zip(weights, taps, strict=True))
        )
        total += leaves[(slice(None), *place)].float() * weight
    return total


def _span(mask: np.ndarray) -> slice:
    """From the first to the last that is true of a mask, (N,)."""
    places = np.flatnonzero(mask)
    return slice(int(places[0]), int(places[-1]) + 1)
