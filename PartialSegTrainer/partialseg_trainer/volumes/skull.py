"""Whether a scan shows a brain alone, as BIDS wants to know."""

from __future__ import annotations

import numpy as np

# A brain that was cut out leaves at least this share of its box to zeros.
_ZEROS = 0.2


def skull_stripped(data: np.ndarray) -> bool:
    """Whether all around what a scan (X, Y, Z) shows was set to zero.

    That is: every face of the image is zero, and so is a good part of all voxels. A scanner's own
    background is noise, and a head reaches the face where its neck is.
    """
    faces = [data.take(end, axis) for axis in range(3) for end in (0, -1)]
    return not any(face.any() for face in faces) and bool((data == 0).mean() >= _ZEROS)
