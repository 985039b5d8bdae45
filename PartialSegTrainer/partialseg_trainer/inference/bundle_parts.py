"""Transforms and an inferer for MONAI: what of segmenting a scan MONAI has no parts for.

A bundle (see `bundle`) takes this file along with those of `volumes` that it is made of, as they
are here, and needs nothing else of PartialSeg.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from monai.data import MetaTensor
from monai.inferers import Inferer, sliding_window_inference
from monai.transforms import MapTransform, SpatialCrop, SpatialResample
from monai.utils import convert_to_dst_type
from scipy import ndimage
from torch import Tensor

from ..volumes.foreground import Foreground
from ..volumes.intensity import normalise_intensity
from ..volumes.pieces import join_pieces

Item = Mapping[Hashable, Any]
_BOX = "foreground_box"


class ScaleToForegroundd(MapTransform):
    """Intensities of scans (1, X, Y, Z) to [0, 1] by percentiles of the foreground, and their
    foreground alone, with `margin_mm` around it.

    MONAI's ScaleIntensityRangePercentilesd knows one set of voxels for both percentiles, and its
    CropForegroundd a margin in voxels.
    """

    def __init__(self, keys: Any, margin_mm: float, allow_missing_keys: bool = False):
        super().__init__(keys, allow_missing_keys)
        self.margin_mm = margin_mm

    def __call__(self, data: Item) -> dict[Hashable, Any]:
        """The item with scaled and cropped scans."""
        item = dict(data)
        for key in self.key_iterator(item):
            scan: MetaTensor = item[key]
            values = scan[0].numpy()
            found = Foreground.of(values)
            box = found.box(math.ceil(self.margin_mm / _spacing(scan.affine).min()))
            crop = SpatialCrop(
                roi_start=[side.start for side in box], roi_end=[side.stop for side in box]
            )
            scaled = torch.from_numpy(normalise_intensity(values, found, box))
            # Where the scan was cut is kept for the way back.
            meta = crop(scan).meta | {_BOX: np.array([[side.start, side.stop] for side in box])}
            item[key] = MetaTensor(scaled[None], meta=meta)
        return item


class IsotropicSpacingd(MapTransform):
    """Scans (1, X, Y, Z) on voxels of `spacing` mm, linearly, the centre of the scan kept.

    As MONAI's Spacingd, but where that is coarser the scan is blurred first, so that fine structure
    does not alias: with a Gaussian whose full width at half maximum, together with that of the
    scan's voxel, is the new spacing.
    """

    def __init__(self, keys: Any, spacing: float, allow_missing_keys: bool = False):
        super().__init__(keys, allow_missing_keys)
        self.spacing = spacing

    def __call__(self, data: Item) -> dict[Hashable, Any]:
        """The item with scans of the new spacing."""
        item = dict(data)
        for key in self.key_iterator(item):
            scan: MetaTensor = item[key]
            affine = scan.affine.numpy().astype(np.float64)
            old = np.array(scan.shape[1:])
            ratio = self.spacing / _spacing(affine)
            new = np.maximum(np.ceil(np.round(old / ratio, 6)), 1).astype(int)
            target = affine.copy()
            target[:3, :3] *= ratio
            target[:3, 3] += affine[:3, :3] @ ((old - 1) / 2 - ratio * (new - 1) / 2)
            item[key] = _on_grid(scan, target, new.tolist())
        return item


class SlicesInferer(Inferer):
    """Every slice of scans (B, 1, X, Y, Z), in each of some directions, and the mean of these.

    As MONAI's SliceInferer, with neighbours as channels.

    Args:
        axes: the array axes that slices cut.
        neighbours: how many slices on either side are channels beside the one that is asked about;
            the outermost ones are repeated.
        divisor: of what height and width must be multiples; zeros are put at their ends.
        batch: slices at a time.
    """

    def __init__(self, axes: Sequence[int], neighbours: int, divisor: int, batch: int = 16):
        super().__init__()
        self.axes, self.neighbours = tuple(axes), neighbours
        self.divisor, self.batch = divisor, batch

    def __call__(
        self, inputs: Tensor, network: Callable[..., Tensor], *args: Any, **kwargs: Any
    ) -> Tensor:
        """Probabilities (B, L, X, Y, Z)."""
        scans = inputs.as_tensor() if isinstance(inputs, MetaTensor) else inputs
        found = torch.stack([self._of_scan(scan[0], network) for scan in scans])
        return convert_to_dst_type(found, inputs)[0]

    def _of_scan(self, scan: Tensor, network: Callable[..., Tensor]) -> Tensor:
        total = 0
        for axis in self.axes:
            slices = scan.movedim(axis, 0)
            ends = [part.expand(self.neighbours, -1, -1) for part in (slices[:1], slices[-1:])]
            stack = torch.cat([ends[0], slices, ends[1]])
            stack = stack.unfold(0, 2 * self.neighbours + 1, 1).movedim(-1, 1)
            leaves = [self._of_slices(images, network) for images in stack.split(self.batch)]
            total = total + torch.cat(leaves).transpose(0, 1).movedim(1, 1 + axis)
        return total / len(self.axes)

    def _of_slices(self, images: Tensor, network: Callable[..., Tensor]) -> Tensor:
        height, width = images.shape[-2:]
        padding = (0, -width % self.divisor, 0, -height % self.divisor)
        return network(torch.nn.functional.pad(images, padding))[..., :height, :width]


class BlocksInferer(Inferer):
    """Scans (B, 1, X, Y, Z) in blocks that overlap, centres weighing most, by MONAI's
    sliding_window_inference.

    Args:
        axis: the array axis that slices cut, which is the first of a block.
        block: (S, H, W) of a block.
        overlap: of neighbouring blocks, a part of their length.
    """

    def __init__(self, axis: int, block: Sequence[int], overlap: float):
        super().__init__()
        self.axis, self.block, self.overlap = axis, tuple(block), overlap

    def __call__(
        self, inputs: Tensor, network: Callable[..., Tensor], *args: Any, **kwargs: Any
    ) -> Tensor:
        """Probabilities (B, L, X, Y, Z)."""
        scans = inputs.as_tensor() if isinstance(inputs, MetaTensor) else inputs
        slices = scans.movedim(2 + self.axis, 2)
        found = sliding_window_inference(
            slices, self.block, 1, network, overlap=self.overlap, mode="gaussian"
        )
        return convert_to_dst_type(found.movedim(2, 2 + self.axis), inputs)[0]


class OnScanGridd(MapTransform):
    """Probabilities (L, X, Y, Z) on the grid of the scan as it was loaded, linearly.

    MONAI's Invertd would undo each step by itself. Beyond what the network saw, all are 0.
    """

    def __call__(self, data: Item) -> dict[Hashable, Any]:
        """The item with probabilities on the scan's grid."""
        item = dict(data)
        for key in self.key_iterator(item):
            found: MetaTensor = item[key]
            meta = found.meta
            shape = [int(size) for size in meta["spatial_shape"]]
            whole = _on_grid(found, np.asarray(meta["original_affine"]), shape)
            box = tuple(slice(int(start), int(stop)) for start, stop in meta[_BOX])
            item[key] = torch.zeros_like(whole)
            item[key][(..., *box)] = whole[(..., *box)]
        return item


class JoinPiecesd(MapTransform):
    """Labelmaps (1, X, Y, Z) in which structures of some `values` have one piece.

    MONAI's KeepLargestConnectedComponentd leaves holes; here they take what is around them.
    """

    def __init__(self, keys: Any, values: Sequence[int], allow_missing_keys: bool = False):
        super().__init__(keys, allow_missing_keys)
        self.values = tuple(values)

    def __call__(self, data: Item) -> dict[Hashable, Any]:
        """The item with labelmaps in which each structure is one piece."""
        item = dict(data)
        for key in self.key_iterator(item):
            labelmap: MetaTensor = item[key]
            values = labelmap[0].cpu().numpy().astype(np.int64)
            join_pieces(values, self.values)
            item[key] = convert_to_dst_type(values[None], labelmap)[0]
        return item


def _spacing(affine: Any) -> np.ndarray:
    return np.linalg.norm(np.asarray(affine, dtype=np.float64)[:3, :3], axis=0)


def _on_grid(image: MetaTensor, affine: np.ndarray, shape: Sequence[int]) -> MetaTensor:
    """An image (C, X, Y, Z) on another grid, linearly; blurred first where that is coarser."""
    between = np.linalg.inv(np.asarray(image.affine, dtype=np.float64)) @ affine
    sigmas = [_sigma(step) for step in np.linalg.norm(between[:3, :3], axis=1)]
    if any(sigmas):
        channels = image.cpu().numpy()
        smooth = [ndimage.gaussian_filter(channel, sigmas, mode="nearest") for channel in channels]
        image = convert_to_dst_type(np.stack(smooth), image)[0]
    resample = SpatialResample(mode="bilinear", padding_mode="border", dtype=torch.float32)
    return resample(image, torch.as_tensor(affine, dtype=torch.float64), shape)


def _sigma(step: float) -> float:
    """In voxels of the scan; `step` is the new spacing in these."""
    sigma = math.sqrt(max(step**2 - 1, 0) / (8 * math.log(2)))
    return sigma if sigma > 0.2 else 0.0
