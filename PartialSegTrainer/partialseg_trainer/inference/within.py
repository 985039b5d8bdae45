"""The most probable leaf of S: what a network says, within what an annotation leaves possible.

The one place where both meet. Segmenting a scan of which something is known asks for it on the
scan's own grid, pseudo-labels on that of the model.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from ..errors import UserError
from ..labels import LabelScheme, LabelSets
from ..labels.encode import look_up
from ..volumes import Grid

Box = tuple[slice, ...]
_ALL: Box = (...,)


class Choice:
    """The most probable leaf of each voxel, of leaves that are seen one after the other.

    `found` is what stands for the leaf, `best` its probability, float32, and `total` P_S, the sum
    of the probabilities of all leaves of S that were seen. A leaf that is not possible, or that has
    no probability, is never chosen.

    Args:
        found: what stands where no leaf is chosen.
        summed: whether to keep `total`.
    """

    def __init__(self, found: Tensor, summed: bool = False):
        self.found = found
        self.best = torch.zeros(found.shape, device=found.device)
        self.total = torch.zeros_like(self.best) if summed else None

    def see(self, value: int, p: Tensor, excluded: Tensor | None = None, box: Box = _ALL) -> None:
        """Take in one leaf: its probability `p` in some voxels, and where it is `excluded`.

        The first one of several that are equally probable stays. `p` is changed.
        """
        if excluded is not None:
            p.masked_fill_(excluded, 0)
        best = self.best[box]
        self.found[box].masked_fill_(p > best, value)
        torch.maximum(best, p, out=best)
        if self.total is not None:
            self.total[box] += p


def most_probable_within(probabilities: np.ndarray, possible: np.ndarray) -> np.ndarray:
    """The leaf of highest probability among those that the annotation leaves possible.

    So what is known always wins: a voxel known to be one leaf stays that, and one known to be in a
    super-label, but predicted as something else, becomes the most probable part of it. That is the
    correction of Kucheruk et al. (MLHC 2025), in any hierarchy.

    Args:
        probabilities: (L, ...).
        possible: (L, ...) bool, the leaves of S.

    Returns (...) numbers of leaves; -1 where all of S has no probability, and there is no most
    probable one.
    """
    choice = Choice(torch.full(possible.shape[1:], -1))
    for leaf, (p, allowed) in enumerate(zip(probabilities, possible, strict=True)):
        # A copy, because these are not to be changed.
        choice.see(leaf, torch.tensor(p, dtype=torch.float32), torch.from_numpy(~allowed))
    return choice.found.numpy()


def known_of(known: LabelSets, scheme: LabelScheme, grid: Grid) -> LabelSets:
    """What is known of a scan, in a model's scheme, after a check that it is of its voxels.

    Raises UserError when it is not, or as `LabelSets.in_scheme` does.
    """
    if known.shape != grid.shape:
        found, expected = (" x ".join(map(str, shape)) for shape in (known.shape, grid.shape))
        raise UserError(
            f"What is known has {found} voxels, but the scan {expected}; give the annotation of "
            "this scan, on its own grid."
        )
    return known.in_scheme(scheme, affine=grid.affine)


def beyond(
    known: LabelSets | None, values: np.ndarray, shape: tuple[int, ...], box: tuple[slice, ...]
) -> np.ndarray:
    """(X, Y, Z) what stands beyond the box in which a network is asked: the outside, which is the
    first leaf, or the first leaf of S where something is known.
    """
    found = np.zeros(shape, dtype=values.dtype, order="F")
    if known is None:
        return found
    table = values[known.leaf_sets().argmax(1)]
    for part in _around(box, shape):
        codes = known.codes[part]
        if codes.size and any(table[code] for code in _used(codes, len(table))):
            found[part] = look_up(table, codes)
    return found


def _around(box: tuple[slice, ...], shape: tuple[int, ...]) -> Iterator[tuple[slice, ...]]:
    """The six parts of a volume that lie beyond a box, each voxel in one of them."""
    for axis, (inside, length) in reversed(list(enumerate(zip(box, shape, strict=True)))):
        for part in (slice(0, inside.start), slice(inside.stop, length)):
            yield (*(slice(None),) * axis, part, *box[axis + 1 :])


def _used(codes: np.ndarray, size: int) -> list[int]:
    """The codes that occur in an array; for bytes without a pass over it for those that do."""
    if codes.dtype.itemsize > 1:
        return np.unique(codes).tolist()
    content = codes.tobytes("A")
    return [code for code in range(size) if code in content]


class Known:
    """What is known of the voxels of a part of a scan: codes, and the leaves that each leaves open.

    Args:
        codes: (...) of a whole numbers' type, contiguous.
        sets: (K, L) bool, no row of which is empty.
        device: where it is asked about.

    `says_something` is whether any leaf is excluded anywhere.
    """

    def __init__(self, codes: np.ndarray, sets: np.ndarray, device: torch.device):
        self._codes, self._sets, self._device = codes, sets, device
        used = _used(codes, len(sets))
        self._any, self._every = sets[used].any(0), sets[used].all(0)
        self._masks: dict[bytes, Tensor] = {}
        self.says_something = not self._every.all()
        if device.type != "cpu":
            self._on_device = torch.from_numpy(codes.astype(np.int64)).to(device)

    def possible(self, leaf: int) -> bool:
        """Whether S holds a leaf anywhere."""
        return bool(self._any[leaf])

    def excluded(self, leaf: int, box: Box = _ALL) -> Tensor | None:
        """Where S does not hold a leaf; None where it holds it everywhere."""
        if self._every[leaf]:
            return None
        # All parts of a super-label are possible in the same voxels, where it alone was drawn.
        table = ~self._sets[:, leaf]
        pattern = table.tobytes()
        if pattern not in self._masks:
            self._masks[pattern] = self.of_codes(table)
        return self._masks[pattern][box]

    def last_resort(self, values: np.ndarray) -> Tensor:
        """The value of the first leaf of S, for voxels where no probability tells better."""
        return self.of_codes(values[self._sets.argmax(1)])

    def open(self) -> Tensor:
        """Where S is neither one leaf nor all of them, so that it matters which leaf of S it is."""
        sizes = self._sets.sum(1)
        return self.of_codes((sizes > 1) & (sizes < self._sets.shape[1]))

    def narrowed(self) -> Tensor:
        """Where S is not all leaves."""
        return self.of_codes(~self._sets.all(1))

    def alone(self) -> Tensor:
        """Where S is one leaf."""
        return self.of_codes(self._sets.sum(1) == 1)

    def of_codes(self, table: np.ndarray) -> Tensor:
        """`table[codes]`, (K,) to (...)."""
        if self._device.type == "cpu":
            return torch.from_numpy(look_up(table, self._codes))
        return torch.from_numpy(table).to(self._device)[self._on_device]
