"""Scans of a few voxels, in memory and on disk, for the tests of this folder."""

from pathlib import Path

import numpy as np

from partialseg_trainer.volumes import Volume, write_volume

SHAPE = (7, 6, 5)
# Oblique, anisotropic and left-handed, as a scanner might give it.
AFFINE = np.array(
    [[-0.8, 0.0, 0.0, 40.0], [0.0, 0.64, -0.9, -30.0], [0.0, 0.48, 1.2, 12.0], [0, 0, 0, 1]]
)


def image(seed: int = 0) -> Volume:
    """A scan that is another one for each seed."""
    return Volume(np.random.default_rng(seed).random(SHAPE).astype(np.float32), AFFINE)


def labelmap(seed: int = 0) -> Volume:
    """A labelmap with all nine values of dhcp9 and 0."""
    values = np.arange(np.prod(SHAPE)) % 10
    values = np.random.default_rng(seed).permutation(values).reshape(SHAPE)
    return Volume(values.astype(np.uint8), AFFINE)


def write_pair(folder: Path, name: str, seed: int, values: Volume | None = None) -> None:
    """`<name>_T2w.nii.gz` and `<name>_dseg.nii.gz` in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    write_volume(folder / f"{name}_T2w.nii.gz", image(seed))
    write_volume(folder / f"{name}_dseg.nii.gz", values or labelmap(seed))
