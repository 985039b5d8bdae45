"""How fast a segmentation is scored: Dice, HD100, HD95, ASSD and volume of ten labels at 256^3.

    python Testing/benchmarks/metrics.py [--output FOLDER] [--small]

Against MONAI's metrics, whose results have to be the same, and against DeepMind's surface-distance,
which measures from the corners of voxels and weighs by area: its Dice has to be the same, and how
far its Hausdorff distances differ is told. Either gets one mask after another, as in its examples.
"""

from __future__ import annotations

import importlib.util
import sys
import warnings
from collections.abc import Callable, Iterator

import numpy as np

from measuring import Report, in_turns, parser
from partialseg_trainer.evaluation import LabelScore, score
from partialseg_trainer.labels import LabelScheme
from partialseg_trainer.synthesis import make_phantom
from partialseg_trainer.volumes import Grid, Volume, resample

SCHEME = LabelScheme.load("dhcp9")
FIELD_MM = 128
# Dice, HD100, HD95 and ASSD of each label.
Scores = dict[str, tuple[float, float, float, float]]


def main() -> int:
    arguments = parser(__doc__).parse_args()
    report = Report("metrics", arguments.output)
    predicted, truth = labelmaps(96 if arguments.small else 256)
    found = {row.label: row for row in score(predicted, truth, SCHEME)}
    peers: dict[str, tuple[str, Callable[[Volume, Volume], Scores], Callable[..., str]]] = {
        "MONAI's metrics": ("monai", by_monai, same_scores),
        "DeepMind's surface-distance": ("surface_distance", by_deepmind, nearly_same_scores),
    }
    for name, (module, peer, compared) in peers.items():
        if importlib.util.find_spec(module) is None:
            print(f"{name}: not measured; run pip install 'partialseg-trainer[bench]'")
            continue
        theirs: Scores = {}
        seconds = in_turns(
            {
                "here": lambda: score(predicted, truth, SCHEME),
                "peer": lambda theirs=theirs, peer=peer: theirs.update(peer(predicted, truth)),
            },
            **{"rounds": 1, "warm_up": 0},
        )
        shape = " x ".join(map(str, truth.data.shape))
        report.add(
            f"Dice, HD100, HD95, ASSD, volume of {len(found)} labels, {shape}",
            *(name, seconds["peer"] / seconds["here"], ">= 5"),
            f"{seconds['here']:.1f} s, {name} {seconds['peer']:.1f} s; {compared(found, theirs)}",
        )
    report.finish()
    return 0


def labelmaps(size: int) -> tuple[Volume, Volume]:
    """A phantom's labels, and the same head a little larger, turned and shifted, as predicted."""
    drawn = make_phantom(0, shape=(FIELD_MM,) * 3, weeks=44).labelmap
    zoom = FIELD_MM / size
    affine = drawn.affine @ np.diag([zoom, zoom, zoom, 1])
    affine[:3, 3] = drawn.grid.ras([(zoom - 1) / 2] * 3)
    grid = Grid((size,) * 3, affine)
    change = np.eye(4)
    change[:3] = [[1.02, 0.03, 0, 0.5], [-0.03, 1.01, 0, -0.4], [0, 0, 0.99, 0.7]]
    moved = Grid(drawn.grid.shape, change @ drawn.affine)
    return tuple(
        # In the order in which a file's voxels lie in memory.
        Volume(np.asfortranarray(resample(drawn.data, source, grid, order=0)), affine)
        for source in (moved, drawn.grid)
    )


def masks(predicted: Volume, truth: Volume) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    for label in SCHEME.names:
        yield label, *(SCHEME.mask(volume.data, label) for volume in (predicted, truth))


def by_monai(predicted: Volume, truth: Volume) -> Scores:
    import torch
    from monai.metrics import DiceMetric, HausdorffDistanceMetric, SurfaceDistanceMetric

    warnings.filterwarnings("ignore", category=FutureWarning)
    spacing, scores = tuple(truth.spacing), {}
    metrics = (
        HausdorffDistanceMetric(include_background=True),
        HausdorffDistanceMetric(include_background=True, percentile=95),
        SurfaceDistanceMetric(include_background=True, symmetric=True),
    )
    for label, *pair in masks(predicted, truth):
        tensors = [torch.from_numpy(mask)[None, None].float() for mask in pair]
        distances = (metric(*tensors, spacing=spacing).item() for metric in metrics)
        scores[label] = (DiceMetric()(*tensors).item(), *distances)
    return scores


def by_deepmind(predicted: Volume, truth: Volume) -> Scores:
    import surface_distance as peer

    scores = {}
    for label, mask, true in masks(predicted, truth):
        distances = peer.compute_surface_distances(true, mask, tuple(truth.spacing))
        scores[label] = (
            peer.compute_dice_coefficient(true, mask),
            peer.compute_robust_hausdorff(distances, 100),
            peer.compute_robust_hausdorff(distances, 95),
            float(np.mean(peer.compute_average_surface_distance(distances))),
        )
    return scores


def same_scores(found: dict[str, LabelScore], theirs: Scores) -> str:
    for label, expected in theirs.items():
        row = found[label]
        ours = (row.dice, row.hd100, row.hd95, row.assd)
        if not np.allclose(ours, expected, rtol=1e-4):
            sys.exit(f"{label}: {ours}, where MONAI has {expected}")
    return "equal to 1e-4"


def nearly_same_scores(found: dict[str, LabelScore], theirs: Scores) -> str:
    beyond = 0.0
    for label, (dice, hd100, *_) in theirs.items():
        row = found[label]
        beyond = max(beyond, abs(row.hd100 - hd100))
        if abs(row.dice - dice) > 1e-6:
            sys.exit(f"{label}: Dice {row.dice}, where surface-distance has {dice}")
    return f"Dice equal, HD100 to {beyond:.2f} mm"


if __name__ == "__main__":
    sys.exit(main())
