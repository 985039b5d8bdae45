"""Labels of training scans where the annotation leaves them open, as models predict them."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from pathlib import Path

import numpy as np

from ...files import remove, require_room
from ...inference.prediction import predict
from ...inference.within import most_probable_within
from ...networks.device import choose_device
from ...networks.model import load_model
from ...runs import RunFolder
from ...volumes.preprocessing import Axis, from_slices, to_slices
from ..material import Material
from ..material.slices import SliceStore, StoredCase, is_whole, write_labels
from ..ranks.group import once
from .callback import Reporter, StoppedOnRequest

_log = logging.getLogger(__name__)
# From slices (S, H, W), or (K, S, H, W) of K contrasts, and the axis that they cut to probabilities
# (L, S, H, W).
Predict = Callable[[np.ndarray, Axis], np.ndarray]


def pseudo_labelled(
    run: RunFolder,
    models: Sequence[Path],
    material: Material,
    device: str,
    reporter: Reporter,
    round: int = 1,
) -> Material:
    """The material with the mean prediction of some models as labels of its partial training scans.

    The labels are kept in the run's folder, as codes, and made but once a `round`. Validation scans
    keep the annotation that they have. Raises StoppedOnRequest when somebody asked for a stop
    meanwhile.
    """
    folder = run.path / ("pseudo_labels" if round == 1 else f"pseudo_labels-{round}")
    store, validating = material.store, material.split.validation_subjects

    def wanted(case: StoredCase) -> bool:
        return case.subject not in validating and not case.fully_known

    def label() -> None:
        if is_whole(folder, ["codes.bin"]):
            return
        remove(folder)
        _log.info("Now pseudo-labels")
        leaf_sets, leaf_codes = _with_leaves(store.leaf_sets)
        voxels = sum(math.prod(case.shape) for case in store.cases)
        require_room(folder, voxels, "The pseudo-labels of the scans")
        shown = _shown(models, device, reporter)
        codes = _codes(store, leaf_codes, wanted, shown)
        write_labels(folder, store.cases, leaf_sets, codes)

    once(label)
    return material.relabelled(SliceStore(store.folder, folder))


def _shown(models: Sequence[Path], device: str, reporter: Reporter) -> Predict:
    """The mean of what the models predict."""
    members, on = [load_model(folder) for folder in models], choose_device(device)
    scans = 0

    def advance(_: int) -> None:
        if reporter.stop_requested:
            raise StoppedOnRequest

    def mean(slices: np.ndarray, axis: Axis) -> np.ndarray:
        nonlocal scans
        scans += 1
        reporter.update(stage=f"pseudo-labels of scan {scans}")
        leaves = predict(slices, axis, members, on, advance)
        return leaves(slice(0, slices.shape[-3])).cpu().numpy()

    return mean


def _with_leaves(leaf_sets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A table of codes that has every leaf by itself too, and the code of each leaf, (L,)."""
    rows = {row.tobytes(): code for code, row in enumerate(leaf_sets)}
    leaves = np.eye(leaf_sets.shape[1], dtype=bool)
    codes = [rows.setdefault(leaf.tobytes(), len(rows)) for leaf in leaves]
    return np.array([np.frombuffer(row, dtype=bool) for row in rows]), np.array(codes)


def _codes(
    store: SliceStore,
    leaf_codes: np.ndarray,
    wanted: Callable[[StoredCase], bool],
    predicted: Predict,
) -> Iterator[np.ndarray]:
    """The codes of each stored case, with those of leaves where wanted cases are open."""
    for _, cuts in groupby(store.cases, key=lambda case: case.name):
        # The last cut is the one that is predicted; the others of the same scan follow from it.
        *others, last = cuts
        images, codes = store.read_case(last)
        if wanted(last):
            probabilities = predicted(images.astype(np.float32), last.axis)
            leaf = most_probable_within(probabilities, store.leaf_sets.T[:, codes])
            codes = np.where(leaf < 0, codes, leaf_codes[leaf])
        volume = from_slices(codes, last.axis)
        yield from (to_slices(volume, case.axis) for case in (*others, last))
