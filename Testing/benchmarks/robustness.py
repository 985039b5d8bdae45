"""How a model holds as a scan gets worse, or other than those it was trained on.

    python Testing/benchmarks/robustness.py --atlas FOLDER [--model DIR ...] [--weeks 30 31]

Degrades an atlas's scans step by step, segments them and prints a row a change: for each model the
mean Dice of the seven tissues that the atlas has, in how many scans a warning was given, and with
`--structures` the Dice of each tissue. The atlas is a folder of `GA<weeks>*/T2w.nii.gz` and
`parcellation.nii.gz`, in the values of the spina bifida atlas or as `--map` says.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
from scipy.ndimage import distance_transform_edt, gaussian_filter

from partialseg_trainer.inference import load_model, segment
from partialseg_trainer.models import default_model
from partialseg_trainer.networks.model import Model
from partialseg_trainer.synthesis.noise import SmoothField
from partialseg_trainer.volumes import Grid, Volume, read_labelmap, read_volume, resample

# The atlas's values as those of dhcp9; corpus callosum counts as white matter.
AS_DHCP9 = np.array([0, 3, 5, 6, 1, 2, 7, 8, 3])
TISSUES = ("csf", "cgm", "wm", "ventricles", "cerebellum", "dgm", "brainstem")
LABELS = (*TISSUES, "tcv")
Change = Callable[[Volume], Volume]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--atlas", type=Path, required=True, help="folder of GA<weeks>* folders")
    parser.add_argument("--model", action="append", help="a model's folder (default: the shipped)")
    parser.add_argument("--weeks", type=int, nargs="+", default=[30, 31])
    parser.add_argument(
        "--map", help="OLD=LABEL,... of dhcp9, where the values are not the spina bifida atlas's"
    )
    parser.add_argument("--only", nargs="+", help="words of the changes to measure (default: all)")
    parser.add_argument("--fast", action="store_true", help="segment by every second slice alone")
    parser.add_argument("--structures", action="store_true", help="print every tissue")
    parser.add_argument("--output", type=Path, help="a JSON file for the figures")
    arguments = parser.parse_args()
    models = [load_model(folder) for folder in arguments.model or [default_model()]]
    table = AS_DHCP9 if arguments.map is None else _table(arguments.map, models[0])
    folders = sorted(
        folder for folder in arguments.atlas.glob("GA*") if int(folder.name[2:4]) in arguments.weeks
    )
    scans = [_scan(folder, table) for folder in folders]
    shown = ("mean", *LABELS) if arguments.structures else ("mean",)
    titles = [
        title
        for model in models
        for title in (f"{model.info.name} ({model.info.date})", *shown[1:], "told of")
    ]
    print("| change |", *(f"{title} |" for title in titles))
    print("| --- |", *("---: |" for _ in titles))
    figures = {}
    for name, change, enlarged in changes():
        if arguments.only and not any(word in name for word in arguments.only):
            continue
        figures[name] = [
            _measured(model, scans, change, enlarged, arguments.fast) for model in models
        ]
        cells = [
            cell
            for found in figures[name]
            for cell in (*(f"{found[key]:.3f}" for key in shown), f"{found['told']}/{len(scans)}")
        ]
        print(f"| {name} |", *(f"{cell} |" for cell in cells), flush=True)
    if arguments.output:
        arguments.output.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


def _table(entries: str, model: Model) -> np.ndarray:
    """The values of dhcp9 for those of another atlas."""
    pairs = [entry.split("=") for entry in entries.split(",")]
    table = np.zeros(1 + max(int(old) for old, _ in pairs), dtype=np.uint8)
    for old, name in pairs:
        table[int(old)] = model.scheme[name].value
    return table


def changes() -> Iterator[tuple[str, Change, float]]:
    """Every change with its name and how much it enlarges the head, from none to much."""
    yield "none", lambda scan: scan, 1
    for mm in (1.2, 1.6, 2.0):
        yield f"voxels of {mm} mm", partial(_coarser, spacing=(mm, mm, mm)), 1
    for mm in (2, 3, 4, 5):
        yield f"axial slices of {mm} mm", partial(_coarser, spacing=(0.8, 0.8, mm)), 1
    for mm in (3, 4):
        yield f"sagittal slices of {mm} mm", partial(_coarser, spacing=(mm, 0.8, 0.8)), 1
        yield f"coronal slices of {mm} mm", partial(_coarser, spacing=(0.8, mm, 0.8)), 1
    for part in (0.05, 0.1, 0.15):
        yield f"noise of {part:.0%}", partial(_noisy, part=part), 1
    for log in (0.2, 0.4, 0.6):
        yield f"bias field of {log}", partial(_biased, log=log), 1
    for exponent in (0.6, 1.6):
        yield f"intensities to the power of {exponent}", partial(_bent, exponent=exponent), 1
    yield "inverted contrast", _inverted, 1
    for factor in (0.7, 0.85, 1.2, 1.4):
        yield f"head of {factor} times the size", partial(_scaled, factor=factor), factor
    for word, axes in (("nodded", (1, 2)), ("tilted", (0, 2)), ("turned", (0, 1))):
        for degrees in (15, 30):
            yield f"{word} by {degrees} degrees", partial(_rotated, degrees=degrees, axes=axes), 1
    yield "upper half alone", _upper_half, 1
    yield "axes in another order, flipped", _reoriented, 1
    yield "skull and scalp drawn around", _with_head, 1


def _scan(folder: Path, table: np.ndarray) -> tuple[Volume, Volume]:
    truth = read_labelmap(folder / "parcellation.nii.gz")
    return read_volume(folder / "T2w.nii.gz"), Volume(table[truth.data], truth.affine)


def _measured(
    model: Model, scans: list[tuple[Volume, Volume]], change: Change, enlarged: float, fast: bool
) -> dict[str, float]:
    """Dice of each label and the mean of the tissues, over scans; `told`: scans with a warning.

    The prediction is compared on the grid of the truth.
    """
    values: dict[str, list[float]] = {label: [] for label in LABELS}
    told = 0
    for scan, truth in scans:
        truth = _scaled(truth, enlarged)
        result = segment(change(scan), model, fast=fast)
        told += bool(result.warnings)
        found = read_labelmap(result.labelmap)
        labelmap = resample(found.data, found.grid, truth.grid, order=0)
        for label in LABELS:
            first, second = (model.scheme.mask(data, label) for data in (labelmap, truth.data))
            values[label].append(
                2 * np.count_nonzero(first & second) / (first.sum() + second.sum())
            )
    means = {label: float(np.mean(dice)) for label, dice in values.items()}
    return {"mean": float(np.mean([means[name] for name in TISSUES])), **means, "told": told}


def _coarser(scan: Volume, spacing: tuple[float, ...]) -> Volume:
    factor = np.maximum(1, np.array(spacing) / scan.spacing)
    affine = scan.affine @ np.diag([*factor, 1])
    affine[:3, 3] = scan.grid.ras((factor - 1) / 2)
    grid = Grid(tuple(np.ceil(scan.data.shape / factor).astype(int)), affine)
    return Volume(resample(scan.data, scan.grid, grid, order=1), affine)


def _noisy(scan: Volume, part: float) -> Volume:
    rng = np.random.default_rng(0)
    deviation = part * np.percentile(scan.data[scan.data > 0], 99)
    noise = deviation * rng.standard_normal((2, *scan.data.shape))
    noisy = np.hypot(scan.data + noise[0], noise[1])
    return Volume(np.where(scan.data > 0, noisy, 0).astype(np.float32), scan.affine)


def _biased(scan: Volume, log: float) -> Volume:
    axes = [
        step * (np.arange(size) - size / 2)
        for size, step in zip(scan.data.shape, scan.spacing, strict=True)
    ]
    field = SmoothField(np.random.default_rng(0), 60.0).on_grid(*axes)
    return Volume(scan.data * np.exp(np.float32(log) * field), scan.affine)


def _bent(scan: Volume, exponent: float) -> Volume:
    top = scan.data.max()
    return Volume(top * (scan.data / top) ** np.float32(exponent), scan.affine)


def _inverted(scan: Volume) -> Volume:
    top = np.percentile(scan.data[scan.data > 0], 99.5)
    inverse = np.clip(1.05 * top - scan.data, 0.01 * top, None)
    return Volume(np.where(scan.data > 0, inverse, 0).astype(np.float32), scan.affine)


def _scaled(scan: Volume, factor: float) -> Volume:
    return Volume(scan.data, np.diag([factor, factor, factor, 1]) @ scan.affine)


def _rotated(scan: Volume, degrees: float, axes: tuple[int, int]) -> Volume:
    """The head turned in the scanner, in the plane of two axes: an oblique affine."""
    angle = np.radians(degrees)
    turn = np.eye(4)
    turn[np.ix_(axes, axes)] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    upright = Volume(scan.data, turn @ scan.affine)
    # The affine alone would tell the way back, so the voxels are turned too.
    turned = resample(upright.data, upright.grid, scan.grid, order=1)
    return Volume(turned, np.linalg.inv(turn) @ scan.affine)


def _upper_half(scan: Volume) -> Volume:
    start = scan.data.shape[2] // 2
    affine = scan.affine.copy()
    affine[:3, 3] = scan.grid.ras((0, 0, start))
    return Volume(np.ascontiguousarray(scan.data[:, :, start:]), affine)


def _reoriented(scan: Volume) -> Volume:
    affine = scan.affine[:, [1, 2, 0, 3]].copy()
    data = scan.data.transpose(1, 2, 0)[:, ::-1]
    affine[:3, 3] += affine[:3, 1] * (data.shape[1] - 1)
    affine[:3, 1] *= -1
    return Volume(np.ascontiguousarray(data), affine)


def _with_head(scan: Volume) -> Volume:
    """Dark bone and bright, textured scalp around the brain, air with noise beyond."""
    rng = np.random.default_rng(0)
    depth = distance_transform_edt(scan.data <= 0, sampling=scan.spacing)
    top = np.percentile(scan.data[scan.data > 0], 99)
    texture = gaussian_filter(rng.standard_normal(scan.data.shape), 2) * 2
    shell = np.where(depth < 3, 0.1, 0.6 + 0.2 * texture)
    around = np.where(depth < 8, shell, np.abs(0.02 * rng.standard_normal(depth.shape)))
    head = np.where(scan.data > 0, scan.data, np.clip(around, 0, None) * top)
    return Volume(head.astype(np.float32), scan.affine)


if __name__ == "__main__":
    main()
