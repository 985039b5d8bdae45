"""A test scan segmented once, and all its scores: of the labels, and of what is behind them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import numpy as np
from torch import Tensor, nn

from ..dataset import Case
from ..evaluation import Calibration, HierarchyViolations, LabelScore, calibration, score
from ..inference import segment
from ..labels import LabelScheme
from ..networks.model import Model
from ..volumes import Volume, read_labelmap, resample
from ..volumes.preprocessing import Prepared, from_slices


@dataclass(frozen=True)
class ScanScores:
    """The labelmap of one scan and its scores.

    `calibration` of each label is over the voxels of the brain's box on the scan's own grid: that
    is all a network is asked about. `violations` of each super-label are in what the networks said
    of the slices (see `HierarchyViolations`), None where they cannot contradict the hierarchy.
    """

    labelmap: Volume
    labels: list[LabelScore]
    calibration: dict[str, Calibration]
    violations: dict[str, float | None]

    def certainty(self) -> list[dict[str, str | float | None]]:
        """A row for each label: `label`, `ece`, `brier` and `violations`."""
        return [
            {"label": name, "ece": of.ece, "brier": of.brier, "violations": self.violations[name]}
            for name, of in self.calibration.items()
        ]

    def reliability(self) -> list[dict[str, str | float]]:
        """A row for each label and bin of probability: `label`, `bin`, `voxels`, the sum of their
        probabilities as `expected`, and `found`, how many are the label.
        """
        return [
            {"label": name, "bin": at, "voxels": voxels, "expected": expected, "found": found}
            for name, of in self.calibration.items()
            for at, (voxels, expected, found) in enumerate(
                zip(of.voxels, of.expected, of.found, strict=True)
            )
        ]


def score_scan(
    case: Case,
    truth: Volume,
    models: Sequence[Model],
    scheme: LabelScheme,
    compared: Sequence[str],
    *,
    device: str,
    mirror: bool,
) -> ScanScores:
    """Segment a scan by the mean of some models, and score the labels `compared`.

    Args:
        truth: its labelmap, in values of `scheme`.
    """
    images = case.images() if len(case.contrasts) > 1 else case.image()
    calibrations: dict[str, Calibration] = {}

    def inspect(probabilities: np.ndarray, prepared: Prepared) -> None:
        calibrations.update(_calibrations(probabilities, prepared, truth.data, scheme))

    with _violations(models, scheme) as violations:
        found = segment(images, models, device=device, mirror=mirror, inspect=inspect)
    labelmap = read_labelmap(found.labelmap)
    return ScanScores(
        labelmap,
        [label for label in score(labelmap, truth, scheme) if label.label in compared],
        {name: calibrations[name] for name in compared},
        {name: violations.share(name) for name in compared},
    )


def _calibrations(
    probabilities: np.ndarray, prepared: Prepared, truth: np.ndarray, scheme: LabelScheme
) -> dict[str, Calibration]:
    found = {}
    for name, leaves in zip(scheme.names, scheme.membership, strict=True):
        # A super-label is as likely as its leaves together; interpolation is linear.
        slices = probabilities[leaves].sum(0, dtype=np.float32)
        values = resample(
            from_slices(slices, prepared.axis), prepared.grid, prepared.native, order=1
        )
        found[name] = calibration(np.clip(values, 0, 1), scheme.mask(truth[prepared.box], name))
    return found


@contextmanager
def _violations(models: Sequence[Model], scheme: LabelScheme) -> Iterator[HierarchyViolations]:
    """Counts, while it lasts, what networks with a sigmoid for each label say; others say none."""
    counted = HierarchyViolations(scheme)

    def count(network: nn.Module, images: tuple[Tensor], logits: Tensor) -> None:
        counted.add((logits > 0).movedim(1, 0).cpu().numpy())

    with ExitStack() as stack:
        for model in models:
            if model.info.head == "labels":
                stack.enter_context(model.network.register_forward_hook(count))
        yield counted
