"""Put voxel values on another grid, by the affines of both."""

from __future__ import annotations

import math

import numpy as np
from scipy import ndimage
from scipy.interpolate import make_interp_spline

from .grid import Grid

# Slack, in source voxels, for what is a rounding error of an affine and not a place.
_NEGLIGIBLE = 1e-3


def resample(
    data: np.ndarray, source: Grid, target: Grid, order: int = 0, fill: float = 0
) -> np.ndarray:
    """Values at the voxel centres of `target`, for any orientation of either grid.

    Positions within half a voxel beyond the outermost centres take the outermost value; those
    further out take `fill`. Where the axes of both grids are parallel, reordered or flipped or not,
    each axis is interpolated by itself, which is several times as fast and equally exact.

    Coarser targets: orders 1 and 3 first smooth each axis to the resolution of the target, so that
    fine structure does not alias. The point spread of a voxel is taken as a Gaussian whose full
    width at half maximum is the spacing (Cardoso et al., "Scale factor point spread function
    matching", MICCAI 2015).

    Args:
        data: (X, Y, Z) or (X, Y, Z, C) on `source`; channels are resampled one by one.
        order: 0 nearest (labels), 1 linear, 3 cubic spline, which may overshoot the input's range.
        fill: value outside of `source`.

    Returns:
        Array of `target`'s shape (and C): of the input's type for order 0, else float32.

    Raises:
        ValueError: `data` does not have the shape of `source`, or `order` is not 0, 1 or 3.
    """
    if data.shape[:3] != source.shape or data.ndim > 4:
        raise ValueError(f"data of shape {data.shape} do not lie on a grid of {source.shape}")
    if order not in (0, 1, 3):
        raise ValueError(f"order {order} is not 0 (nearest), 1 (linear) or 3 (cubic)")
    if data.ndim == 4:
        channels = [
            resample(data[..., channel], source, target, order, fill)
            for channel in range(data.shape[3])
        ]
        return np.moveaxis(np.stack(channels), 0, -1)

    parallel = _parallel(source, target)
    if parallel is None:
        return _resample_oblique(data, source, target, order, fill)
    axes, positions = parallel
    return _resample_parallel(data.transpose(axes), positions, order, fill)


def axis_weights(source: Grid, target: Grid) -> tuple[list[int], list[np.ndarray]]:
    """What `resample` does at order 1 where axes are parallel, for who does it on another device.

    Returns the source axis that each target axis runs along, and for each target axis a matrix
    (target voxels, source voxels) float32 to multiply with along that axis.

    Raises:
        ValueError: the grids are oblique to each other.
    """
    parallel = _parallel(source, target)
    if parallel is None:
        raise ValueError("grids that are oblique to each other have no weights for each axis")
    axes, positions = parallel
    sizes = (source.shape[axis] for axis in axes)
    return axes, [_axis_weights(at, size, 1) for at, size in zip(positions, sizes, strict=True)]


def _parallel(source: Grid, target: Grid) -> tuple[list[int], list[np.ndarray]] | None:
    """The source axis that each target axis runs along, and where along it, in source voxels, the
    target's voxels lie; None where the grids are oblique.
    """
    to_source = np.linalg.inv(source.affine) @ target.affine
    axes = _parallel_axes(to_source, target.shape)
    if axes is None:
        return None
    return axes, [
        to_source[axis, column] * np.arange(count) + to_source[axis, 3]
        for column, (axis, count) in enumerate(zip(axes, target.shape, strict=True))
    ]


def _parallel_axes(to_source: np.ndarray, shape: tuple[int, int, int]) -> list[int] | None:
    """The source axis that each target axis runs along; None where the grids are oblique."""
    axes = np.abs(to_source[:3, :3]).argmax(axis=0)
    if len(set(axes)) < 3:
        return None
    across = np.abs(to_source[:3, :3])
    across[axes, range(3)] = 0
    drift = across @ (np.array(shape) - 1)
    return [int(axis) for axis in axes] if drift.max() < _NEGLIGIBLE else None


def _resample_parallel(
    data: np.ndarray, positions: list[np.ndarray], order: int, fill: float
) -> np.ndarray:
    """`positions`: for each axis, where along it, in voxels, the results lie."""
    if order == 0:
        result = data[
            np.ix_(*[_nearest(at, size) for at, size in zip(positions, data.shape, strict=True)])
        ]
    else:
        result = np.ascontiguousarray(data, dtype=np.float32)
        # The axis that loses most voxels goes first, so that the others have less to do.
        for axis in sorted(range(3), key=lambda axis: len(positions[axis]) / data.shape[axis]):
            weights = _axis_weights(positions[axis], data.shape[axis], order)
            result = _along_axis(weights, result, axis)
    for axis, (at, size) in enumerate(zip(positions, data.shape, strict=True)):
        np.moveaxis(result, axis, 0)[_outside(at, size)] = fill
    return result


def _nearest(positions: np.ndarray, size: int) -> np.ndarray:
    # Halfway positions all go to the same side, in spite of rounding errors.
    return np.clip(np.floor(positions + 0.5 - _NEGLIGIBLE), 0, size - 1).astype(int)


def _outside(positions: np.ndarray, size: int) -> np.ndarray:
    return (positions < -0.5 - _NEGLIGIBLE) | (positions > size - 0.5 + _NEGLIGIBLE)


def _axis_weights(positions: np.ndarray, size: int, order: int) -> np.ndarray:
    """(results, size) matrix that smooths and interpolates along one axis.

    Its columns are what happens to a unit impulse; a dense product in BLAS is faster than any loop
    over the few weights that are not zero.
    """
    identity = np.eye(size)
    spline = make_interp_spline(np.arange(size), identity, min(order, size - 1))
    weights = spline(np.clip(positions, 0, size - 1))
    step = abs(positions[1] - positions[0]) if len(positions) > 1 else 1.0
    sigma = _smoothing(step)
    if sigma:
        weights = weights @ ndimage.gaussian_filter1d(identity, sigma, axis=0, mode="nearest")
    # The tails of a spline are subnormal numbers, with which BLAS is ten times slower.
    return np.where(np.abs(weights) < 1e-9, 0, weights).astype(np.float32)


def _along_axis(weights: np.ndarray, data: np.ndarray, axis: int) -> np.ndarray:
    """Matrix product with one axis of a contiguous 3-D array, without moving the axis."""
    if axis == 0:
        return (weights @ data.reshape(data.shape[0], -1)).reshape(-1, *data.shape[1:])
    if axis == 1:
        return weights @ data
    # As one product: of many small ones, each would wait for all threads of a busy computer.
    return (data.reshape(-1, data.shape[2]) @ weights.T).reshape(*data.shape[:2], -1)


def _smoothing(step: float) -> float:
    """Standard deviation, in source voxels, that widens one voxel's point spread to `step`."""
    sigma = math.sqrt(max(step**2 - 1, 0) / (8 * math.log(2)))
    # Less has weights below 1e-5 on the neighbours.
    return sigma if sigma > 0.2 else 0.0


def _resample_oblique(
    data: np.ndarray, source: Grid, target: Grid, order: int, fill: float
) -> np.ndarray:
    to_source, shape = np.linalg.inv(source.affine) @ target.affine, target.shape
    matrix, offset = to_source[:3, :3], to_source[:3, 3]
    if order > 0:
        data = data.astype(np.float32, copy=False)
        sigmas = [_smoothing(step) for step in np.linalg.norm(matrix, axis=1)]
        if any(sigmas):
            data = ndimage.gaussian_filter(data, sigmas, mode="nearest")
    result = ndimage.affine_transform(data, matrix, offset, shape, order=order, mode="nearest")
    along = np.ogrid[tuple(slice(count) for count in shape)]
    for row, start, size in zip(matrix, offset, source.shape, strict=True):
        at = sum(step * index for step, index in zip(row, along, strict=True)) + start
        result[_outside(at, size)] = fill
    return result
