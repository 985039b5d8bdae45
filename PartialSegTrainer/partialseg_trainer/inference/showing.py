"""How a scan is shown to a network: so that this is most sure of what it sees.

A network knows heads that lie, and look, as in the scans that trained it. A look at a few slices
is cheap, and of several the one that leaves less doubt is mostly the one that is labelled better:
the mean entropy of the leaves, which takes no labels to know (as Wang et al., "Tent: fully
test-time adaptation by entropy minimization", ICLR 2021, have it for weights).

Where the network finds the parts of the brain tells how a head lies, even where it finds them
badly: the rotation that brings their centres to where they belong is Wahba's problem (SIAM Review
7(3), 1965; Kabsch, Acta Crystallographica A32, 1976), and how far they lie apart tells how large it
is. Each look is turned as the one before it said.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from scipy import ndimage
from scipy.spatial.transform import Rotation
from torch import Tensor

from ..dataset.contrast import DEFAULT
from ..labels import LabelScheme
from ..networks.model import Model
from ..volumes import Grid, Volume
from ..volumes.preprocessing import AXES, Axis, Prepared
from .prediction import predict_along

# In degrees. Upright heads of two atlases are at most 7 off; closer than the second will do.
_TILTED, _UPRIGHT = 10.0, 4.0
# Of the usual size: a head that is smaller or larger than a look at it shows as usual.
_SMALL, _LARGE = 0.85, 1.2
# No head is shown larger or smaller than this many times.
_MOST = 2.0
# Mean confidence, below which another contrast is looked for: .86 to .9 on scans of two atlases.
_UNSURE = 0.8
# How much less doubt, in nats, another look has to leave for it to be the better one; and how much
# more one may that shows a tilted head upright, as parts are confused with each other without doubt
# where they lie at other places than usual.
_LESS, _MORE = 0.01, 0.02
_LOOKS = 5
# A look is at every so many slices, and one that is taken of every scan at fewer.
_STEP, _STEP_OF_ALL = 4, 24
# At most this bright is what lies around a head.
_AIR = 0.05
# Of how far structures lie from each other: what one that is always at its place may be off.
_STEADY = 0.15
# Voxels of a look at a structure below which its centre says nothing.
_FEW = 10


@dataclass(frozen=True)
class Showing:
    """How a network is shown a scan.

    Args:
        rotation: (3, 3) from directions in an upright head to those of the scan's own axes, as the
            network has these (see `canonical_grid`).
        inverted: whether bright and dark are exchanged.
        size: how many times as large as usual the head is; it is shown at the usual size.
    """

    rotation: np.ndarray = field(default_factory=lambda: np.eye(3))
    inverted: bool = False
    size: float = 1.0

    @property
    def degrees(self) -> float:
        """How far the head is turned."""
        return float(np.degrees(Rotation.from_matrix(self.rotation).magnitude()))

    @property
    def moved(self) -> bool:
        """Whether the voxels shown are others than the scan's."""
        return self.size != 1 or not np.array_equal(self.rotation, np.eye(3))

    def shown(self, images: np.ndarray, axis: Axis, step: int = 1) -> np.ndarray:
        """Every `step`-th of the slices that the network is shown, (K, s, h, w).

        Where the head is turned or of another size, they show all of it.

        Args:
            images: (K, S, H, W) float32 in [0, 1], cut along `axis`.
        """
        if self.inverted:
            images = _inverted(images)
        if not self.moved:
            return np.ascontiguousarray(images[:, (images.shape[1] - 1) % step // 2 :: step])
        steps = _steps(axis, step)
        volumes = _volumes(torch.from_numpy(images), axis)
        reach = np.abs(self.rotation.T) @ (np.array(volumes.shape[1:]) - 1) / self.size
        shape = tuple(int(count) for count in np.ceil(reach / steps) + 1)
        turned = _sampled(volumes, self.size * self.rotation * steps, shape)
        return _slices(turned, axis).contiguous().numpy()

    def placed(self, leaves: Tensor, axis: Axis, grid: Grid) -> Tensor:
        """Probabilities (L, s, h, w) in the slices of `shown`, brought to those of the scan.

        Args:
            grid: that of the scan as the network has it.
        """
        return _slices(
            _sampled(_volumes(leaves, axis), self.rotation.T / self.size, grid.shape), axis
        )


def centres(
    labelmap: np.ndarray, scheme: LabelScheme, directions: np.ndarray
) -> dict[str, np.ndarray]:
    """Leaf -> the middle of its voxels, (3,); leaves of few voxels are left out.

    Args:
        labelmap: (X, Y, Z) in the scheme's values.
        directions: (3, 3) what a step along each axis of the array is, as columns.
    """
    found = {}
    for label in scheme:
        inside = labelmap == label.value
        if label.children or np.count_nonzero(inside) < _FEW:
            continue
        index = [
            np.average(np.arange(size), weights=inside.sum(tuple({0, 1, 2} - {axis})))
            for axis, size in enumerate(inside.shape)
        ]
        found[label.name] = directions @ index
    return found


def usual_centres(
    labelmaps: Sequence[Volume], scheme: LabelScheme
) -> dict[str, tuple[float, float, float]]:
    """`ModelInfo.centres` of upright heads: of leaves that lie at one place in all of them.

    Left and right are made alike. What lies elsewhere from head to head, such as fluid that there
    is only in some of them, says nothing of how they lie.
    """
    each = [centres(volume.data, scheme, volume.affine[:3, :3]) for volume in labelmaps]
    names = [name for name in scheme.names if all(name in found for found in each)]
    places = np.array([[found[name] for name in names] for found in each])
    # Of two no head's pose can be told.
    while len(names) > 2:
        # All heads as large as one, and with the same middle.
        places -= places.mean(1, keepdims=True)
        sizes = np.sqrt((places**2).sum(2).mean(1))
        off = (places / sizes[:, None, None]).std(0).max(1)
        if off.max() <= _STEADY:
            break
        names.pop(off.argmax())
        places = np.delete(places, off.argmax(), axis=1)
    else:
        return {}
    middles = (places / sizes[:, None, None]).mean(0) * sizes.mean() * (0, 1, 1)
    return {
        name: tuple(round(float(mm), 1) for mm in middle)
        for name, middle in zip(names, middles, strict=True)
    }


def smoothed_for(prepared: Prepared, models: Sequence[Model], device: torch.device) -> Prepared:
    """A scan smoothed by `ModelInfo.smoothing`, if the models are surer of it then; or as it is.

    What a Gaussian takes away is noise, and edges that are sharper than the models know.
    """
    info = models[0].info
    if not info.smoothing or info.patch is not None:
        return prepared
    deviation = info.smoothing / info.preprocessing.spacing
    images = np.stack([_smoothed(image, deviation) for image in prepared.images])
    several = None if prepared.several is None else images
    smooth = replace(prepared, slices=images[prepared.first], several=several)
    looks = [_look(Showing(), each, models, device, _STEP_OF_ALL) for each in (prepared, smooth)]
    return smooth if looks[1].doubt < looks[0].doubt else prepared


def better_showing(
    labelmap: np.ndarray,
    prepared: Prepared,
    models: Sequence[Model],
    device: torch.device,
    confidence: float,
) -> Showing | None:
    """How a scan had better be shown to models than as it is; None where it is well as it is.

    Args:
        labelmap: what they found in it, (X, Y, Z) on `prepared.native`.
        confidence: their mean confidence in that.
    """
    info, scheme = models[0].info, models[0].scheme
    belong = info.centres
    if not belong or info.patch is not None:
        return None
    change = _change(_centres_as_it_lies(labelmap, scheme, prepared), belong)
    unsure = confidence < _UNSURE and info.contrasts == (DEFAULT,)
    if change.degrees < _TILTED and change.size == 1 and not unsure:
        return None
    first = start = _look(Showing(), prepared, models, device)
    if unsure:
        inverted = _look(Showing(inverted=True), prepared, models, device)
        first = inverted if inverted.doubt < start.doubt - _LESS else start
    seen, looks = first, []
    while len(looks) < _LOOKS:
        change = _change(seen.centres, belong)
        if change.degrees < _UPRIGHT and change.size == 1:
            break
        last = seen.showing
        size = float(np.clip(last.size * change.size, 1 / _MOST, _MOST))
        turned = replace(last, rotation=last.rotation @ change.rotation, size=size)
        seen = _look(turned, prepared, models, device)
        looks.append(seen)
    if looks:
        best = min(looks, key=lambda look: look.doubt)
        slack = _MORE if best.showing.degrees >= _TILTED else -_LESS
        if best.doubt < first.doubt + slack:
            return best.showing
    return None if first is start else first.showing


@dataclass(frozen=True)
class _Seen:
    """What a look gave: the mean entropy in what was found, and where its parts lie."""

    showing: Showing
    doubt: float
    centres: dict[str, np.ndarray]


def _change(found: Mapping[str, np.ndarray], belong: Mapping[str, Sequence[float]]) -> Showing:
    """How a head is turned, and how many times as large it is as usual; 1 for all that is usual."""
    rotation, size = pose_between(found, belong)
    return Showing(rotation, size=1.0 if _SMALL <= size <= _LARGE else size)


def _look(
    showing: Showing,
    prepared: Prepared,
    models: Sequence[Model],
    device: torch.device,
    step: int = _STEP,
) -> _Seen:
    info, scheme, axis = models[0].info, models[0].scheme, prepared.axis
    # Slices that are shown with their neighbours have to have these.
    apart = 1 if info.preprocessing.neighbours else step
    images = showing.shown(prepared.images, axis, apart)
    leaves = predict_along(images, axis, models, device, every=step // apart)
    entropy = torch.special.entr(leaves).sum(0)
    values, entropy = (
        _volumes(part[None], axis)[0].cpu().numpy() for part in (leaves.argmax(0), entropy)
    )
    labelmap = scheme.leaf_values[values]
    found = labelmap != 0
    doubt = float(entropy[found].mean()) if found.any() else np.inf
    to_mm = np.diag(_steps(axis, step)) * info.preprocessing.spacing
    return _Seen(showing, doubt, centres(labelmap, scheme, to_mm))


def pose_between(
    found: Mapping[str, np.ndarray], belong: Mapping[str, Sequence[float]]
) -> tuple[np.ndarray, float]:
    """The (3, 3) that turns places where structures belong to where they were found, and how many
    times as far from each other they were found.

    Both may count from any point. With fewer than three structures nothing is to be told, and
    nothing is turned.
    """
    names = sorted(found.keys() & belong.keys())
    if len(names) < 3:
        return np.eye(3), 1.0
    there, upright = (np.array([each[name] for name in names]) for each in (found, belong))
    there, upright = there - there.mean(0), upright - upright.mean(0)
    with warnings.catch_warnings():
        # Where all lie in one line it warns, and gives one of the rotations; looking shows if well.
        warnings.simplefilter("ignore", UserWarning)
        turned, _ = Rotation.align_vectors(there, upright)
    return turned.as_matrix(), float(np.linalg.norm(there) / np.linalg.norm(upright))


def _centres_as_it_lies(
    labelmap: np.ndarray, scheme: LabelScheme, prepared: Prepared
) -> dict[str, np.ndarray]:
    axes = prepared.grid.affine[:3, :3] / prepared.grid.spacing
    to_mm = np.linalg.inv(axes) @ prepared.native.affine[:3, :3] * 2
    return centres(labelmap[::2, ::2, ::2], scheme, to_mm)


def _smoothed(image: np.ndarray, deviation: float) -> np.ndarray:
    """(S, H, W) smoothed; what a mask has made 0 stays it, so that the brain ends where it did."""
    smooth = ndimage.gaussian_filter(image, deviation, mode="nearest", truncate=3)
    smooth[image == 0] = 0
    return smooth


def _inverted(images: np.ndarray) -> np.ndarray:
    """Bright and dark exchanged within the head, (K, S, H, W); what is dark around it stays."""
    dark, _ = ndimage.label(images[0] <= _AIR)
    border = [np.moveaxis(dark, axis, 0)[[0, -1]].reshape(-1) for axis in range(3)]
    around = np.unique(np.concatenate(border))
    return np.where(np.isin(dark, around[around > 0]), images, 1 - images)


def _volumes(slices: Tensor, axis: Axis) -> Tensor:
    """(C, S, H, W) cut along `axis` as (C, X, Y, Z), a view."""
    return slices.movedim(1, 1 + AXES.index(axis))


def _slices(volumes: Tensor, axis: Axis) -> Tensor:
    return volumes.movedim(1 + AXES.index(axis), 1)


def _steps(axis: Axis, step: int) -> np.ndarray:
    """(3,) how many voxels lie between those of a look, along X, Y and Z."""
    return np.where(np.arange(3) == AXES.index(axis), step, 1)


def _sampled(volumes: Tensor, matrix: np.ndarray, shape: tuple[int, ...]) -> Tensor:
    """(C, *shape) of volumes (C, X, Y, Z), interpolated, in their type; 0 beyond them.

    What lies at p from the middle of the result, in voxels, is taken from `matrix @ p` from theirs.
    """
    # torch counts from -1 in the first voxel to 1 in the last, and the axes from the last.
    half, half_of_result = (
        np.maximum(np.array(size) - 1, 1) / 2 for size in (volumes.shape[1:], shape)
    )
    scaled = (matrix * half_of_result / half[:, None])[::-1, ::-1]
    theta = torch.zeros(1, 3, 4, device=volumes.device)
    theta[0, :, :3] = torch.from_numpy(scaled.copy())
    places = torch.nn.functional.affine_grid(theta, [1, 1, *shape], align_corners=True)
    result = torch.empty(len(volumes), *shape, dtype=volumes.dtype, device=volumes.device)
    # One after the other, as for all of them at once as float32 there might be no room.
    for volume, target in zip(volumes, result, strict=True):
        source = volume[None, None].float()
        target.copy_(torch.nn.functional.grid_sample(source, places, align_corners=True)[0, 0])
    return result
