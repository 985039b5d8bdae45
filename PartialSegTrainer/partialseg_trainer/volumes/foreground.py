"""Which voxels of a scan show the patient, and the box around them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage
from skimage.filters import threshold_otsu


@dataclass(frozen=True)
class Foreground:
    """Where a scan differs from its background.

    `mask` is (X, Y, Z) bool. In a masked (skull-stripped) scan, `masked`, the background is one
    value, see `masked_value`; in any other it is what lies below Otsu's threshold. A constant scan
    has no foreground.
    """

    mask: np.ndarray
    masked: bool

    @classmethod
    def of(cls, data: np.ndarray) -> Foreground:
        value = masked_value(data)
        if value is None:
            return cls(data > _otsu_threshold(data), masked=False)
        return cls(data != value, masked=True)

    def box(self, margin: int = 0) -> tuple[slice, slice, slice]:
        """The smallest box around it, with so many voxels on every side as far as the volume goes.

        Of an unmasked scan only the largest connected piece counts, so noise does not widen the
        box. Without any foreground the box is the whole volume.
        """
        shape = self.mask.shape
        if not self.mask.any():
            return tuple(slice(0, size) for size in shape)
        around = bounds(self.mask)
        if not self.masked:
            around = _bounds_of_largest_piece(self.mask, around)
        return grown(around, margin, shape)


def foreground(data: np.ndarray) -> np.ndarray:
    """Where a scan, (X, Y, Z), differs from its background (see `Foreground`), as a bool array."""
    return Foreground.of(data).mask


def brain_box(data: np.ndarray, margin: int = 0) -> tuple[slice, slice, slice]:
    """The smallest box around the foreground of a scan or labelmap, (X, Y, Z), see `Foreground`."""
    return Foreground.of(data).box(margin)


def bounds(mask: np.ndarray) -> tuple[slice, ...]:
    """The smallest box around all that is true of a mask that is true somewhere."""
    axes = set(range(mask.ndim))
    reached = (np.flatnonzero(mask.any(axis=tuple(axes - {axis}))) for axis in sorted(axes))
    return tuple(slice(int(places[0]), int(places[-1]) + 1) for places in reached)


def grown(box: tuple[slice, ...], margin: int, shape: tuple[int, ...]) -> tuple[slice, ...]:
    """A box with so many voxels more on every side, as far as a volume of that shape goes."""
    return tuple(
        slice(max(part.start - margin, 0), min(part.stop + margin, size))
        for part, size in zip(box, shape, strict=True)
    )


def _bounds_of_largest_piece(mask: np.ndarray, around: tuple[slice, ...]) -> tuple[slice, ...]:
    """The same for the connected piece of most voxels; `around` is the box of all of them."""
    # In the order of the memory: across it labelling takes three times as long.
    pieces, _ = ndimage.label(mask[around].T)
    largest = bounds(pieces == _largest(pieces))
    return tuple(
        slice(part.start + first.start, part.stop + first.start)
        for part, first in zip(largest[::-1], around, strict=True)
    )


def _largest(pieces: np.ndarray) -> int:
    """Which of the pieces 1, 2, ... has most voxels; 0 is none of them."""
    sample = thinned(pieces)
    likely = int(np.bincount(sample[sample > 0], minlength=1).argmax())
    if likely and 2 * np.count_nonzero(pieces == likely) > np.count_nonzero(pieces):
        return likely  # More than half, and so the largest: no other has to be counted.
    sizes = np.bincount(pieces.ravel(order="K"))
    return 1 + int(sizes[1:].argmax())


def masked_value(data: np.ndarray) -> float | None:
    """The one value, 0 or negative or any other, that surrounds the brain in a masked scan.

    None when the scan is not masked: when no value is held by most voxels on its six faces.
    """
    faces = [np.moveaxis(data, axis, 0)[end].ravel() for axis in range(3) for end in (0, -1)]
    values, counts = np.unique(np.concatenate(faces), return_counts=True)
    most = counts.argmax()
    return values[most] if counts[most] > counts.sum() / 2 else None


def thinned(values: np.ndarray) -> np.ndarray:
    """About a million of the values, evenly spread: enough for percentiles, in a tenth of the time.

    The step is odd, so that it does not fall into line with rows of 128 or 256 voxels.
    """
    return values.ravel(order="K")[:: (values.size // 1_000_000) | 1]


def _otsu_threshold(data: np.ndarray) -> float:
    # Outliers would stretch the histogram until all tissue falls into its first bin.
    voxels = thinned(data)
    low, high = np.percentile(voxels, (1, 99))
    return threshold_otsu(np.clip(voxels, low, high)) if low < high else high
