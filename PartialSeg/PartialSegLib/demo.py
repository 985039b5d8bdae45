"""The whole loop on phantoms: annotate, export, train, segment, load back, score, report.

It runs without the Slicer application, on real MRML nodes; `partialseg demo` starts it.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import slicer
import slicer.util
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from partialseg_trainer.dataset import Case, Dataset, assign_splits
from partialseg_trainer.errors import UserError
from partialseg_trainer.evaluation import (
    ReportCase,
    ReportContent,
    ReportPicture,
    partial_picture,
    plain_summary,
    score,
    score_table,
    segmentation_picture,
    write_report,
    write_scores,
)
from partialseg_trainer.inference import load_model, segment
from partialseg_trainer.labels import LabelScheme, Status
from partialseg_trainer.networks.model import Model
from partialseg_trainer.runs import (
    RunFolder,
    RunState,
    kill,
    read_metrics,
    read_status,
    start,
    wait,
)
from partialseg_trainer.synthesis import Phantom, make_phantom
from partialseg_trainer.training import TrainConfig, prepare_run
from partialseg_trainer.volumes import Volume, write_labelmap

from .dataset.export import exportCase
from .prediction.results import loadPrediction
from .scene.geometry import swapAxes
from .scene.headless import headlessScene
from .scene.segments import createSegments
from .scene.segmentStatus import setSegmentStatus
from .scene.volumes import addVolumeNode

# Few, coarse scans and a small network, so that two trainings fit into a few minutes of two cores.
# Half of what IUC draws is from full scans: both methods see those equally often.
EPOCHS = 16
SLICES_PER_EPOCH = {"IUC": 1000, "Supervised": 500}
LOSSES = {"IUC": "iuc", "Supervised": "supervised"}
FULL, WITHOUT_PARTS, SUPER_LABEL_ALONE, VALIDATION, TEST = 2, 3, 7, 2, 2
TRAINING = FULL + WITHOUT_PARTS + SUPER_LABEL_ALONE
SUPER_LABEL = "tcv"
SPACING = 1.6


def main(output: str | os.PathLike, seed: int = 0) -> Path:
    """Run the demonstration and return the path of its report.

    `output` becomes the folder of the dataset, the runs, the predictions, the scores and the
    report. Raises UserError when it is not empty, or when a training fails.
    """
    output = Path(output)
    if output.exists() and any(output.iterdir()):
        raise UserError(f"{output} is not empty; choose another folder, or remove it first.")
    output.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    console = Console(stderr=True)
    scheme = LabelScheme.load("dhcp9")

    with _stage(console, "Making phantom neonates"):
        phantoms = _phantoms(TRAINING + VALIDATION + TEST, seed)
    train, validate, test = (
        dict(list(phantoms.items())[part])
        for part in (slice(TRAINING), slice(TRAINING, -TEST), slice(-TEST, None))
    )
    with _stage(console, "Drawing segments, exporting 0/1/2 tensors"), headlessScene():
        dataset = Dataset.create(output / "dataset", scheme, "Phantom neonates")
        for number, (name, phantom) in enumerate({**train, **validate}.items()):
            drawn = _drawnLabels(scheme, TRAINING if name in validate else number)
            _annotateAndExport(phantom, dataset, name, drawn)
        assign_splits(
            dataset, {**dict.fromkeys(train, "train"), **dict.fromkeys(validate, "validation")}
        )
    runs = _trainInBackground(console, dataset, output / "runs", seed)

    scores: dict[str, dict] = {method: {} for method in LOSSES}
    shown: dict[str, dict[str, Volume]] = {name: {"Truth": p.labelmap} for name, p in test.items()}
    with _stage(console, "Segmenting unseen scans, loading them into segmentation nodes"):
        for method, run in runs.items():
            model = load_model(run.model)
            for name, phantom in test.items():
                prediction = _segmentIntoNode(phantom, model, output / "predictions" / method, name)
                shown[name][method] = prediction
                scores[method][name] = score(prediction, phantom.labelmap, scheme)
    with _stage(console, "Scoring, writing the report"):
        for method in LOSSES:
            write_scores(output / "scores" / method, scores[method], scheme)
        tables = {method: score_table(scores[method]) for method in LOSSES}
        summary = plain_summary(tables, scheme)
        report = write_report(
            output / "report.html",
            ReportContent(
                title="PartialSeg on phantom neonates",
                scheme=scheme,
                summary=[
                    f"{FULL} of {TRAINING} training scans were labelled fully. In "
                    f"{SUPER_LABEL_ALONE} only the {scheme[SUPER_LABEL].title.lower()} was drawn, "
                    f"in {WITHOUT_PARTS} all but its parts.",
                    *summary,
                ],
                scores=scores,
                pictures=list(_pictures(dataset, test, shown)),
                cases=[_asReportCase(case, case.subject in validate) for case in dataset.cases],
                curves={method: read_metrics(run) for method, run in runs.items()},
                settings=_settings(runs["IUC"], seed),
            ),
        )
    print(f"\nDone in {time.monotonic() - began:.0f} s, in {output}")
    for name, what in {
        "report.html": "pictures, curves and scores: open it in a browser",
        "dataset": "the exported scans and 0/1/2 tensors",
        "runs": "both trainings, with their models",
        "predictions": "the segmentations of the unseen scans",
        "scores": "Dice, HD95 and volumes of every label",
    }.items():
        print(f"  {name:12} {what}")
    for sentence in summary:
        print(sentence)
    return report


@contextmanager
def _stage(console: Console, title: str) -> Iterator[None]:
    began = time.monotonic()
    with console.status(f"{title} ..."):
        yield
    console.print(f"{title}: {time.monotonic() - began:.0f} s")


def _phantoms(count: int, seed: int) -> dict[str, Phantom]:
    with ProcessPoolExecutor() as pool:
        made = list(pool.map(_phantom, [seed] * count, range(1, count + 1)))
    return {f"{number:02d}": phantom for number, phantom in enumerate(made, start=1)}


def _phantom(seed: int, number: int) -> Phantom:
    return make_phantom((seed, number), spacing=SPACING)


def _drawnLabels(scheme: LabelScheme, number: int) -> list[str]:
    """What was annotated in training scan `number`: everything, or little; validation has all."""
    if number < FULL or number >= TRAINING:
        return list(scheme.names)
    if number < FULL + WITHOUT_PARTS:
        return [name for name in scheme.names if name not in scheme[SUPER_LABEL].children]
    return [SUPER_LABEL]


def _annotateAndExport(phantom: Phantom, dataset: Dataset, subject: str, drawn: list[str]) -> None:
    """Draw segments as an annotator would, mark them complete, and export the case."""
    volumeNode = addVolumeNode(phantom.image, "scan")
    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode", "annotation")
    node.SetReferenceImageGeometryParameterFromVolumeNode(volumeNode)
    segmentIDs = createSegments(node, dataset.scheme)
    for name in drawn:
        mask = swapAxes(dataset.scheme.mask(phantom.labelmap.data, name)).astype(np.uint8)
        slicer.util.updateSegmentBinaryLabelmapFromArray(
            np.ascontiguousarray(mask), node, segmentIDs[name], volumeNode
        )
        setSegmentStatus(node, segmentIDs[name], Status.COMPLETE)
    exportCase(node, volumeNode, dataset.scheme, dataset.folder, subject, annotator="phantom")
    slicer.mrmlScene.Clear(False)


def _trainInBackground(
    console: Console, dataset: Dataset, folder: Path, seed: int
) -> dict[str, RunFolder]:
    """Start all trainings at once, each a process of its own, and show how they go."""
    # Without this each would take all cores, and they would slow each other down.
    os.environ.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 1) // len(LOSSES))))
    runs = {}
    for method, loss in LOSSES.items():
        runs[method] = prepare_run(
            folder / loss,
            TrainConfig(
                dataset=dataset.folder,
                name=f"phantoms-{loss}",
                loss=loss,
                preprocessing={"spacing": SPACING},
                network={"width": 8, "depth": 4},
                patch=(64, 64),
                batch_size=4,
                epochs=EPOCHS,
                slices_per_epoch=SLICES_PER_EPOCH[method],
                schedule="one_cycle",
                monitor="validation_dice",
                validation_slices=40,
                seed=seed,
            ),
        )
        start(runs[method])
    columns = (
        TextColumn("Training {task.description:10}"),
        BarColumn(),
        TextColumn("epoch {task.fields[epoch]}"),
        TimeRemainingColumn(),
    )
    with _endingWith(runs.values()), Progress(*columns, console=console) as progress:
        tasks = {method: progress.add_task(method, total=None, epoch="-") for method in runs}
        for method, run in runs.items():
            task = tasks[method]
            status = wait(
                run,
                on_update=lambda now, task=task: progress.update(
                    task, total=now.epochs, completed=now.epoch or 0, epoch=f"{now.epoch or 0}"
                ),
            )
            if status.state is not RunState.FINISHED:
                raise UserError(
                    f"The training {method} ended as {status.state.value}: {status.message} "
                    f"See {run.log_file}."
                )
    return runs


@contextmanager
def _endingWith(runs: Iterable[RunFolder]) -> Iterator[None]:
    """End trainings that are still at work when the block is left: nobody would watch them."""
    try:
        yield
    finally:
        for run in runs:
            if read_status(run).active:
                kill(run)


def _segmentIntoNode(phantom: Phantom, model: Model, folder: Path, name: str) -> Volume:
    """Segment a scan, load the result into a segmentation node, and take it from there again."""
    labelmap = segment(phantom.image, model).labelmap
    folder.mkdir(parents=True, exist_ok=True)
    with headlessScene():
        volumeNode = addVolumeNode(phantom.image, "scan")
        node = loadPrediction(labelmap, model.scheme, volumeNode).segmentationNode
        loaded = _labelmapOfSegments(node, volumeNode, model.scheme)
    if not np.array_equal(loaded, np.asarray(labelmap.dataobj)):
        raise RuntimeError("the segmentation node does not hold the predicted labelmap")
    prediction = Volume(loaded, labelmap.affine)
    write_labelmap(folder / f"sub-{name}_dseg.nii.gz", prediction, model.scheme, table=True)
    return prediction


def _labelmapOfSegments(node, volumeNode, scheme: LabelScheme) -> np.ndarray:
    """(X, Y, Z): each voxel with the value of the smallest segment that it is in."""
    labelmap = None
    for label in sorted(scheme, key=lambda label: len(scheme.ancestors(label.name))):
        mask = slicer.util.arrayFromSegmentBinaryLabelmap(node, label.name, volumeNode)
        if labelmap is None:
            labelmap = np.zeros(mask.shape, dtype=np.uint8)
        labelmap[mask > 0] = label.value
    return swapAxes(labelmap)


def _pictures(
    dataset: Dataset, test: dict[str, Phantom], shown: dict[str, dict[str, Volume]]
) -> Iterator[ReportPicture]:
    for name, phantom in test.items():
        picture = segmentation_picture(
            phantom.image, shown[name], dataset.scheme, focus="dgm", name=f"sub-{name}"
        )
        yield ReportPicture(
            f"Unseen scan sub-{name}",
            "The scan, its true labels, and what each model makes of it.",
            picture,
        )
    complete = {
        case: list(case.info.status.values()).count(Status.COMPLETE) for case in dataset.cases
    }
    partial = min(complete, key=complete.get)
    yield ReportPicture(
        f"What training knows of {partial.name}",
        "Only the total cerebrum was drawn. Its parts are unknown inside it and known not to be "
        "outside it; IUC learns from what is known and leaves the rest out.",
        partial_picture(
            partial.image(),
            partial.label_sets(dataset.scheme),
            [SUPER_LABEL, "dgm", "wm"],
            name=partial.name,
        ),
    )


def _asReportCase(case: Case, validates: bool) -> ReportCase:
    return ReportCase(case.name, "validation" if validates else "training", case.info.status)


def _settings(run: RunFolder, seed: int) -> dict[str, str]:
    config = TrainConfig.model_validate_json(run.config_file.read_text(encoding="utf-8"))
    return {
        "Command": f"partialseg demo --seed {seed}",
        "Network": f"{config.network.name}, {config.network.width} filters",
        "Training": f"{config.epochs} epochs of {config.slices_per_epoch} slices with IUC, of "
        f"{SLICES_PER_EPOCH['Supervised']} supervised: both see the full scans equally often",
        "Voxels": f"{SPACING} mm",
    }
