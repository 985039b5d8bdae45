"""One scan in, one hierarchy-consistent labelmap out, on the scan's own grid."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import nibabel
import numpy as np
import torch

from ..errors import UserError
from ..labels import LabelScheme, LabelSets
from ..networks.device import choose_device
from ..networks.freed_memory import freed_memory_kept
from ..networks.model import Model
from ..volumes import Volume, to_nibabel
from ..volumes.nifti import placed
from ..volumes.preprocessing import Prepared, prepare
from .contrasts import Images, name_of, shown_images
from .doubts import doubts
from .ensemble import as_ensemble
from .islands import join_islands
from .most_probable import count_slabs, most_probable
from .plausibility import implausibilities
from .prediction import count_steps, predict
from .showing import better_showing, smoothed_for
from .within import beyond, known_of

Progress = Callable[[int, int], None]
Inspect = Callable[[np.ndarray, Prepared], None]


@dataclass(frozen=True)
class Segmentation:
    """The result for one scan, on exactly its grid.

    `labelmap` holds the value of the most specific label, so that a super-label is the union of
    its parts (`scheme.mask` shows it); `confidence`, where it was asked for, holds the probability
    of the chosen leaf, float32 in [0, 1]. Both have the forms of the scan's header. `warnings` are
    sentences about what cannot be true, and about where the scan lies if programs differ in that.
    Of the labels `untold` it says nothing, neither that they are there nor that they are not: the
    models do not tell them, or only others were asked for.
    """

    labelmap: nibabel.Nifti1Image
    confidence: nibabel.Nifti1Image | None
    scheme: LabelScheme
    warnings: tuple[str, ...] = ()
    untold: frozenset[str] = frozenset()

    def volumes_ml(self) -> dict[str, float]:
        """The volume of each label in mL that the models tell, super-labels included."""
        affine, _ = placed(self.labelmap)
        voxel = abs(np.linalg.det(affine[:3, :3])) / 1000
        return {name: float(count * voxel) for name, count in self.sums().items()}

    def mean_confidence(self) -> dict[str, float | None]:
        """The mean confidence inside each label, None where it has no voxel.

        Raises ValueError when the confidence map was not asked for.
        """
        sums = self.sums(self._confidence())
        return {
            name: float(sums[name] / count) if count else None
            for name, count in self.sums().items()
        }

    def uncertainty(self) -> float:
        """The mean of 1 - confidence over all that was found, in [0, 1]; 1 where nothing was.

        Raises ValueError when the confidence map was not asked for.
        """
        confidence = self._confidence()[np.asarray(self.labelmap.dataobj) != 0]
        return float(1 - confidence.mean()) if confidence.size else 1.0

    def sums(self, weights: np.ndarray | None = None) -> dict[str, float]:
        """Voxels of each label that is told, or the sum of `weights`, (X, Y, Z), over them."""
        by_value = _sums_by_value(self.scheme, np.asarray(self.labelmap.dataobj), weights)
        return {
            name: by_value[
                [self.scheme[part].value for part in self.scheme.descendants(name)]
            ].sum()
            for name in self.scheme.names
            if name not in self.untold
        }

    def _confidence(self) -> np.ndarray:
        if self.confidence is None:
            raise ValueError("the segmentation was made without its confidence map")
        return np.asarray(self.confidence.dataobj)


@torch.inference_mode()
@freed_memory_kept()
def segment(
    image: Images,
    model: Model | Sequence[Model],
    *,
    device: str = "auto",
    mirror: bool = False,
    fast: bool = False,
    confidence: bool = False,
    known: LabelSets | None = None,
    ready: Callable[[tuple[int, ...]], None] | None = None,
    inspect: Inspect | None = None,
    progress: Progress | None = None,
) -> Segmentation:
    """Segment one scan.

    Args:
        image: a path, nibabel image or Volume, on any grid; for a model of several contrasts one of
            each by their names, as in {"T2w": ..., "T1w": ...}, on grids of their own in one space.
            The result lies on that of the first.
        model: one, or several whose probabilities are averaged.
        device: "auto", "cpu", "cuda", "cuda:1" or "mps".
        mirror: whether to average over the scan and its mirror image, which takes twice the time
            (test-time augmentation); left and right alone, as trainings mirror no other axis.
        fast: whether to look at every second slice alone, in half the time; scans are then shown as
            they are, tilted or not (see `showing`).
        confidence: whether to make the confidence map.
        known: what is known of the scan's voxels, (X, Y, Z), as `dataset.KnownScans` gives it: the
            result is the most probable leaf of S everywhere, and its confidence that within S.
        ready: called with the scan's shape when it is read and the work is about to begin, to ask
            for the room that the result will need.
        inspect: called with the probabilities of the leaves, (L, S, H, W) float16, and the scan as
            the network saw it, in whose slices they are.
        progress: called with (steps done, steps in all); a step is a slice, or a block, that the
            network sees, or a slab of the scan whose labels are found.

    Raises UserError for an image that cannot be used, a device that is not there, models that
    cannot be averaged (see `as_ensemble`) or be fast, and what is known of other voxels than the
    scan's or of labels that the model has none of (see `LabelSets.in_scheme`); and for contrasts as
    `shown_images` does.
    """
    models = as_ensemble(model)
    if fast:
        _require_single_slices(models)
    info, scheme = models[0].info, models[0].scheme
    name = name_of(image)
    shown = shown_images(image, [each.info for each in models], name)
    warnings, contrast, volume = shown.warnings, shown.first_contrast, shown.first
    grid = volume.grid
    if known is not None:
        known = known_of(known, scheme, volume.grid)
    blank = volume.data.min() == volume.data.max()
    prepared = prepare(shown.volumes, info.preprocessing, name, every=2 if fast else 1)
    # From here on its slices are enough; images that were read for them leave the memory.
    del volume, shown
    if ready:
        ready(grid.shape)
    steps, done = count_steps(prepared.slices.shape, prepared.axis, info) + count_slabs(prepared), 0

    def advance(by: int) -> None:
        nonlocal done
        done += by
        if progress:
            progress(done, steps)

    on = choose_device(device)
    if not fast:
        prepared = smoothed_for(prepared, models, on)
    leaves = predict(prepared.images, prepared.axis, models, on, advance, mirror=mirror)
    inside = known and LabelSets(scheme, known.codes[prepared.box], known.leaf_sets())

    def found_of(leaves: Callable[[slice], torch.Tensor]) -> _Found:
        # Beyond the box there is nothing but background, which no network was asked about.
        labelmap = beyond(known, scheme.leaf_values, grid.shape, prepared.box)
        certainty = np.ones(grid.shape, dtype=np.float32, order="F") if confidence else None
        sure = _Sure(scheme)
        slabs = most_probable(leaves, scheme.leaf_values, prepared, on, inside, summed=confidence)
        for place, found, best in slabs:
            labelmap[prepared.box][place] = found
            if certainty is not None:
                certainty[prepared.box][place] = best
            sure.add(found, best)
            advance(1)
        return _Found(labelmap, certainty, sure)

    whole = None
    if inspect:
        whole = leaves(slice(0, len(prepared.slices)))
        leaves = partial(_part, whole)
    found = found_of(leaves)
    here = found.labelmap[prepared.box]
    sure = found.sure.mean()
    showing = None if fast else better_showing(here, prepared, models, on, sure)
    if showing is not None:
        shown = showing.shown(prepared.images, prepared.axis)
        steps += count_steps(shown.shape[1:], prepared.axis, info) + count_slabs(prepared)
        leaves = predict(shown, prepared.axis, models, on, advance, mirror=mirror)
        whole = leaves(slice(0, shown.shape[1]))
        if showing.moved:
            whole = showing.placed(whole, prepared.axis, prepared.grid)
        found = found_of(partial(_part, whole))
    if inspect:
        inspect(whole.cpu().numpy(), prepared)
    labelmap, certainty = found.labelmap, found.certainty
    # Within what is known, or where several models agree, confidence is another.
    least = info.least_confidence if known is None and len(models) == 1 else None
    moved = join_islands(labelmap[prepared.box], scheme, inside)
    if certainty is not None:
        # What took its place the network did not choose.
        certainty[prepared.box][moved] = 0
    result = Volume(labelmap, grid.affine, grid.forms)
    untold = frozenset.intersection(*(frozenset(each.info.untold) for each in models))
    told = [grid.doubt(), *warnings, *implausibilities(result, scheme, blank=blank)]
    if labelmap.any() and not blank:
        means = {} if least is None else found.sure.means()
        told += doubts(result, scheme, prepared, means, least, untold, contrast, showing)
    return Segmentation(
        to_nibabel(result),
        None if certainty is None else to_nibabel(result.with_data(certainty)),
        scheme,
        tuple(filter(None, told)),
        untold,
    )


def _require_single_slices(models: Sequence[Model]) -> None:
    for info in (each.info for each in models):
        if info.patch is not None or info.preprocessing.channels * len(info.preprocessing.axes) > 1:
            raise UserError(
                f"The model {info.name} sees {info.seen}, of which none can be left out; leave out "
                "--fast, which is for models that see single slices of one direction."
            )


def _sums_by_value(
    scheme: LabelScheme, labelmap: np.ndarray, weights: np.ndarray | None = None
) -> np.ndarray:
    """Voxels of each value up to the scheme's highest, or the sum of `weights` over them."""
    # In the order in which volumes lie in memory.
    return np.bincount(
        labelmap.T.reshape(-1),
        weights=None if weights is None else weights.T.reshape(-1),
        minlength=scheme.labels[-1].value + 1,
    )


@dataclass(frozen=True)
class _Found:
    """What one way of showing a scan gave, on its grid."""

    labelmap: np.ndarray
    certainty: np.ndarray | None
    sure: _Sure


def _part(leaves: torch.Tensor, part: slice) -> torch.Tensor:
    return leaves[:, part]


class _Sure:
    """The mean confidence in each leaf's label, from every other voxel along each axis.

    It is for scans whose confidence map nobody keeps; `Segmentation.mean_confidence` has the map.
    """

    def __init__(self, scheme: LabelScheme):
        self._scheme = scheme
        self._voxels = self._sums = 0

    def add(self, found: np.ndarray, best: np.ndarray) -> None:
        """Take in a slab: values of the scheme, and their probabilities."""
        found, best = (array[::2, ::2, ::2] for array in (found, best))
        self._voxels = self._voxels + _sums_by_value(self._scheme, found)
        self._sums = self._sums + _sums_by_value(self._scheme, found, best)

    def mean(self) -> float:
        """That in all that was found; 0 where nothing was."""
        voxels = self._voxels[1:].sum()
        return float(self._sums[1:].sum() / voxels) if voxels else 0.0

    def means(self) -> dict[str, float | None]:
        return {
            label.name: float(self._sums[label.value] / self._voxels[label.value])
            if self._voxels[label.value]
            else None
            for label in self._scheme
        }
