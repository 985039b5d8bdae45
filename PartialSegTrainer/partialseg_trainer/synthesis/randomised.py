"""New scans from an annotated one: its anatomy deformed, its look drawn at random.

Domain randomisation after SynthSeg (Billot et al., Medical Image Analysis 2023), with tissues
split into clusters of like intensity as Valabregue et al. (2023) do for newborns, whose white
matter is no one tissue yet. What a network then learns is the shape, not one scanner's contrast.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter, map_coordinates

from ..labels import LabelSets
from ..volumes import Grid, Volume, brought_to, normalise_intensity, resample
from ..volumes.foreground import masked_value
from .noise import SmoothField

_CLUSTERS = 6


@dataclass(frozen=True)
class Variation:
    """How far a new scan may be from its model; every pair is the range of a uniform draw.

    `scale` is of the whole head (1.5 makes a newborn of a fetus), `rotation` in degrees about each
    axis, `shear` a fraction, `displacement` in mm of a smooth field. `own_contrast` is the
    probability that clusters keep their order of brightness rather than get any; `bias` is the
    log amplitude of the field, `noise` the deviation relative to the brightest tissue. `coarse` is
    the probability of each of two losses of resolution: in all directions, up to `voxel`, and in
    one, up to `slice_thickness`, in mm.
    """

    scale: tuple[float, float] = (0.9, 1.2)
    rotation: float = 20.0
    shear: float = 0.03
    displacement: tuple[float, float] = (0.0, 4.0)
    own_contrast: float = 0.5
    bias: tuple[float, float] = (0.0, 0.4)
    noise: tuple[float, float] = (0.0, 0.06)
    coarse: float = 0.4
    voxel: float = 1.6
    slice_thickness: float = 5.0


def randomise(
    image: Volume, sets: LabelSets, rng: np.random.Generator, variation: Variation | None = None
) -> tuple[Volume, LabelSets]:
    """A new scan (X, Y, Z) float32 in [0, 1] with what is known about each of its voxels.

    `sets` has the image's shape; it may be partial. Where the image is masked, so is the new one.
    """
    scans, known = randomise_all({"": image}, sets, rng, variation)
    return scans[""], known


def randomise_all(
    images: Mapping[str, Volume],
    sets: LabelSets,
    rng: np.random.Generator,
    variation: Variation | None = None,
) -> tuple[dict[str, Volume], LabelSets]:
    """New scans of one head in several contrasts, all on the grid of the first: see `randomise`.

    They are deformed alike, and look each as it is drawn.
    """
    variation = variation or Variation()
    first = next(iter(images.values()))
    affine = first.affine.copy()
    affine[:3, :3] *= rng.uniform(*variation.scale)
    grid = Grid(first.data.shape, affine)
    scans, positions, moved = {}, None, None
    for contrast, image in images.items():
        data = brought_to(image, first.grid).data
        known = normalise_intensity(data)
        masked = masked_value(data)
        hidden = None if masked is None else data == masked
        parts, codes, dark = _parts(known, sets.codes, hidden, rng)
        if positions is None:
            positions = _positions(grid, rng, variation)
        deformed = map_coordinates(parts, positions, order=0, mode="nearest")
        means = _means(known, parts, len(codes), rng, variation)
        spread = rng.uniform(0.01, 0.08, len(codes))
        scan = _scan(means[deformed], spread[deformed], grid, rng, variation)
        scan[dark[deformed]] = 0
        scans[contrast] = Volume(scan, affine)
        if moved is None:
            moved = LabelSets(sets.scheme, codes[deformed], sets.leaf_sets())
    return scans, moved


def _parts(
    image: np.ndarray, codes: np.ndarray, hidden: np.ndarray | None, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Split every code's voxels by intensity into 1 to 6 parts, and one more that a mask hides.

    Returns the part of each voxel, the code of each part, and whether it is hidden.
    """
    # Without smoothing the parts would follow the noise, not the tissue.
    smooth = gaussian_filter(image, 1)
    parts = np.zeros(image.shape, dtype=np.uint16)
    of_parts, dark = [], []
    for code in np.unique(codes):
        shown = codes == code
        if hidden is not None:
            parts[shown & hidden] = len(of_parts)
            of_parts.append(code)
            dark.append(True)
            shown &= ~hidden
        values = smooth[shown]
        if len(values):
            count = int(rng.integers(1, _CLUSTERS + 1))
            borders = np.quantile(values, np.sort(rng.uniform(0, 1, count - 1)))
            parts[shown] = len(of_parts) + np.searchsorted(borders, values)
            of_parts += [code] * count
            dark += [False] * count
    return parts, np.array(of_parts, dtype=codes.dtype), np.array(dark)


def _positions(grid: Grid, rng: np.random.Generator, variation: Variation) -> np.ndarray:
    """(3, X, Y, Z): the voxel that each voxel of the new scan is taken from."""
    angles = np.radians(rng.uniform(-variation.rotation, variation.rotation, 3))
    change = _rotation(angles) + rng.uniform(-variation.shear, variation.shear, (3, 3))
    change = np.linalg.inv(grid.affine[:3, :3]) @ change @ grid.affine[:3, :3]
    centre = (np.array(grid.shape) - 1) / 2
    offsets = [np.arange(size) - middle for size, middle in zip(grid.shape, centre, strict=True)]
    axes_mm = [offset * step for offset, step in zip(offsets, grid.spacing, strict=True)]
    amplitude = rng.uniform(*variation.displacement)
    result = np.empty((3, *grid.shape), dtype=np.float32)
    x, y, z = np.ix_(*offsets)
    for axis in range(3):
        knot = rng.uniform(20, 50)
        moved = SmoothField(rng, knot).on_grid(*axes_mm) * np.float32(
            amplitude / grid.spacing[axis]
        )
        row = change[axis]
        result[axis] = row[0] * x + row[1] * y + row[2] * z + centre[axis] + moved
    return result


def _rotation(angles: np.ndarray) -> np.ndarray:
    """(3, 3) about x, then y, then z."""
    matrix = np.eye(3)
    for axis, angle in enumerate(angles):
        first, second = (other for other in range(3) if other != axis)
        step = np.eye(3)
        step[first, first] = step[second, second] = np.cos(angle)
        step[first, second], step[second, first] = -np.sin(angle), np.sin(angle)
        matrix = step @ matrix
    return matrix


def _means(
    image: np.ndarray,
    parts: np.ndarray,
    count: int,
    rng: np.random.Generator,
    variation: Variation,
) -> np.ndarray:
    """The new brightness of each part."""
    if rng.random() >= variation.own_contrast:
        return rng.uniform(0, 1, count)
    sums = np.bincount(parts.reshape(-1), image.reshape(-1), minlength=count)
    voxels = np.bincount(parts.reshape(-1), minlength=count)
    own = sums / np.maximum(voxels, 1)
    return np.clip(own + rng.normal(0, 0.06, count), 0, 1)


def _scan(
    mean: np.ndarray,
    spread: np.ndarray,
    grid: Grid,
    rng: np.random.Generator,
    variation: Variation,
) -> np.ndarray:
    """Texture, partial volume, resolution, bias field, contrast curve and Rician noise."""
    signal = (mean + spread * rng.standard_normal(grid.shape)).astype(np.float32)
    signal = gaussian_filter(signal, rng.uniform(0.3, 0.9))
    signal = _coarsened(signal, grid, rng, variation)
    axes_mm = [
        step * (np.arange(size) - (size - 1) / 2)
        for size, step in zip(grid.shape, grid.spacing, strict=True)
    ]
    field = SmoothField(rng, rng.uniform(40, 80)).on_grid(*axes_mm)
    signal *= np.exp(np.float32(rng.uniform(*variation.bias)) * field)
    signal = np.clip(signal, 0, None) ** np.float32(np.exp(rng.normal(0, 0.25)))
    noise = np.float32(rng.uniform(*variation.noise))
    real, imaginary = (noise * rng.standard_normal(grid.shape, dtype=np.float32) for _ in range(2))
    return np.clip(np.hypot(signal + real, imaginary), 0, 1)


def _coarsened(
    signal: np.ndarray, grid: Grid, rng: np.random.Generator, variation: Variation
) -> np.ndarray:
    """The scan as coarser voxels would show it, back on its own grid."""
    spacing = np.array(grid.spacing)
    target = spacing.copy()
    if rng.random() < variation.coarse:
        target = np.maximum(
            target, rng.uniform(1, max(1, variation.voxel / spacing.min())) * spacing.min()
        )
    if rng.random() < variation.coarse:
        axis = rng.integers(3)
        target[axis] = max(target[axis], rng.uniform(1.5, variation.slice_thickness))
    factor = target / spacing
    if np.all(factor <= 1):
        return signal
    shape = tuple(
        int(np.ceil(size / step)) for size, step in zip(signal.shape, factor, strict=True)
    )
    affine = grid.affine @ np.diag([*factor, 1])
    # The middle of the first coarse voxel is that of the fine ones it covers.
    affine[:3, 3] = (grid.affine @ [*((factor - 1) / 2), 1])[:3]
    coarse = Grid(shape, affine)
    return resample(resample(signal, grid, coarse, order=1), coarse, grid, order=1)
