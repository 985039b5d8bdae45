"""How time and memory grow with voxels, labels, slices and scans.

    python Testing/benchmarks/growth.py --output FOLDER

Leaves growth.json and growth.png in FOLDER: each task at several sizes, and the exponent that fits
its larger half: 1 is linear. Time is the processor's. Memory is what numpy and Python hold at most
beyond what the task was given; for segmenting, where torch holds some too, by how much the process
has grown.
"""

from __future__ import annotations

import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import psutil
import torch
from matplotlib.axes import Axes

from measuring import Report, parser, peak_memory
from nested import SPACING_MM, nested_labelmap, nested_scan, nested_scheme
from partialseg_trainer.dataset import Dataset
from partialseg_trainer.evaluation import score
from partialseg_trainer.inference import load_model, segment
from partialseg_trainer.labels import LabelScheme, LabelSets, Status
from partialseg_trainer.training.material.slices import open_store
from partialseg_trainer.volumes import Volume
from partialseg_trainer.volumes.preprocessing import Preprocessing

Task = Callable[[], object]
AFFINE = np.diag([SPACING_MM] * 3 + [1])
LABELS, SIZE = 10, 96
ROUNDS = 3
# Below this a curve counts as linear: caches and fixed costs bend it a little either way.
LINEAR = 1.15


@dataclass
class Curve:
    """One task, measured along one of voxels, labels, slices or scans."""

    task: str
    along: str
    sizes: list[int] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    megabytes: list[float] = field(default_factory=list)

    def measure(self, size: int, task: Task, memory: Callable[[Task], int]) -> None:
        """Take processor time, the best of some rounds: the load of the machine is no growth."""
        taken = []
        for _ in range(ROUNDS):
            began = time.process_time()
            task()
            taken.append(time.process_time() - began)
        self.sizes.append(size)
        self.seconds.append(min(taken))
        self.megabytes.append(max(memory(task), 1) / 1e6)

    def exponent(self, values: list[float]) -> float:
        """The slope of the larger half of the sizes, log against log."""
        half = len(self.sizes) // 2
        return float(np.polyfit(np.log(self.sizes[half:]), np.log(values[half:]), 1)[0])


def traced(task: Task) -> int:
    """The most bytes that Python and numpy hold at once for a task."""
    tracemalloc.start()
    try:
        task()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def main() -> None:
    arguments = parser(__doc__).parse_args()
    edges = (24, 32, 48) if arguments.small else (32, 48, 64, 96, 128, 160)
    labels = (2, 4, 8) if arguments.small else (2, 4, 8, 16)
    scans = (1, 2, 4) if arguments.small else (1, 2, 4, 8, 16)
    slices = (16, 24, 32) if arguments.small else (16, 32, 64, 128)
    report = Report("growth", arguments.output)
    with tempfile.TemporaryDirectory() as folder:
        curves = [
            # First, while the process has not grown yet.
            along_slices(slices),
            *along_voxels(edges, Path(folder)),
            *along_labels(labels, Path(folder)),
            along_scans(scans, Path(folder)),
        ]
    for curve in curves:
        limit = f"<= {LINEAR}"
        what, against = f"{curve.task}, with {curve.along}", "linear growth"
        seconds, memory = curve.exponent(curve.seconds), curve.exponent(curve.megabytes)
        report.add(f"{what}: time", against, seconds, limit, "exponent")
        report.add(f"{what}: memory", against, memory, limit, "exponent")
    report.finish(curves=[asdict(curve) for curve in curves])
    if arguments.output:
        draw(curves, arguments.output / "growth.png")


def along_voxels(edges: tuple[int, ...], folder: Path) -> list[Curve]:
    curves = {name: Curve(name, "voxels") for name in ("encoding", "writing a case", "scoring")}
    for edge in edges:
        for name, task in of_labels(edge, LABELS, folder):
            curves[name].measure(edge**3, task, traced)
    return [*curves.values(), *export_of_segments(edges)]


def along_labels(counts: tuple[int, ...], folder: Path) -> list[Curve]:
    curves = {name: Curve(name, "labels") for name in ("encoding", "writing a case", "scoring")}
    for count in counts:
        for name, task in of_labels(SIZE, count, folder):
            curves[name].measure(count, task, traced)
    return list(curves.values())


def of_labels(edge: int, count: int, folder: Path) -> Iterator[tuple[str, Task]]:
    """The tasks of annotations and scores, for one scan."""
    scheme, labelmap = nested_scheme(count), nested_labelmap(edge, count)
    masks = {label.name: labelmap >= label.value for label in scheme}
    status = dict.fromkeys(scheme.names, Status.COMPLETE)
    yield "encoding", lambda: LabelSets.from_masks(scheme, masks, status)
    sets = LabelSets.from_masks(scheme, masks, status)
    dataset = Dataset.create(folder / f"{edge}-{count}", scheme, "growth")
    scan = Volume(nested_scan(labelmap).T, AFFINE)
    known = LabelSets(scheme, sets.codes.T, sets.leaf_sets())
    yield "writing a case", lambda: dataset.add_case("01", scan, known, status, replace=True)
    truth = Volume(labelmap.T, AFFINE)
    moved = Volume(np.roll(labelmap, 1, axis=0).T, AFFINE)
    yield "scoring", lambda: score(moved, truth, scheme)


def export_of_segments(edges: tuple[int, ...]) -> Iterator[Curve]:
    """From MRML nodes to label sets; left out where there is no slicer-core."""
    try:
        import slicer.util
    except ModuleNotFoundError:
        print("export of segments: not measured, install slicer-core (extra mrml)")
        return
    sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "PartialSeg"))
    from mrml_export import painted
    from PartialSegLib.annotation.scanAnnotation import Annotation
    from PartialSegLib.scene.headless import headlessScene

    curve, scheme = Curve("export of segments", "voxels"), nested_scheme(LABELS)
    for edge in edges:
        labelmap = nested_labelmap(edge, LABELS)
        with headlessScene():
            scan = slicer.util.addVolumeFromArray(nested_scan(labelmap), AFFINE, "scan")
            node = painted(scan, scheme, labelmap)
            curve.measure(
                edge**3,
                lambda scan=scan, node=node: Annotation.of(node, scan, scheme).labelSets(),
                traced,
            )
    yield curve


def along_slices(counts: tuple[int, ...]) -> Curve:
    """The default model on scans of so many axial slices."""
    # Threads that wait for each other take processor time as well.
    torch.set_num_threads(1)
    curve, model = Curve("segmenting", "slices"), load_model()
    spacing = model.info.preprocessing.spacing
    rng, process = np.random.default_rng(0), psutil.Process()
    begun = process.memory_info().rss

    def grown(task: Task) -> int:
        # What smaller scans needed may still be with the process, and is needed again.
        return process.memory_info().rss - begun + peak_memory(task)

    for count in counts:
        data = rng.normal(500, 50, (64, 64, count)).astype(np.float32)
        scan = Volume(data, np.diag([spacing] * 3 + [1]))
        curve.measure(count, lambda scan=scan: segment(scan, model, device="cpu"), grown)
    return curve


def along_scans(counts: tuple[int, ...], folder: Path) -> Curve:
    """The first reading of a dataset for a training, which prepares its slices."""
    curve, scheme = Curve("reading for training", "scans"), LabelScheme.load("brainstem")
    values = np.array([0, *scheme.leaf_values[1:]], dtype=np.uint8)
    labelmap = nested_labelmap(48, len(values) - 1)
    sets = LabelSets.from_labelmap(scheme, values[labelmap].T)
    status = dict.fromkeys(scheme.names, Status.COMPLETE)
    dataset = Dataset.create(folder / "scans", scheme, "growth")
    scan = Volume(nested_scan(labelmap).T, AFFINE)
    for number in range(max(counts)):
        dataset.add_case(f"{number:03}", scan, sets, status)
    for count in counts:
        # Another spacing each time, or the slices of the round before would be found.
        spacings = iter(np.linspace(0.6, 0.605, ROUNDS + 1))

        def read(count: int = count, spacings: Iterator[float] = spacings) -> None:
            preprocessing = Preprocessing(spacing=float(next(spacings)))
            open_store(dataset, dataset.cases[:count], preprocessing)

        curve.measure(count, read, traced)
    return curve


def draw(curves: list[Curve], path: Path) -> None:
    """Time and memory of all curves, log against log, each as a multiple of its smallest size."""
    kinds = list(dict.fromkeys(curve.along for curve in curves))
    figure, axes = plt.subplots(2, len(kinds), figsize=(3 * len(kinds), 5.6), sharey="row")
    for column, along in enumerate(kinds):
        shown = [curve for curve in curves if curve.along == along]
        _panel(axes[0, column], shown, "seconds")
        _panel(axes[1, column], shown, "megabytes")
        axes[0, column].set_title(f"with {along}", fontsize=10)
        axes[0, column].legend(fontsize=7, frameon=False)
        axes[1, column].set_xlabel(along, fontsize=9)
    axes[0, 0].set_ylabel("time, times that of the smallest", fontsize=9)
    axes[1, 0].set_ylabel("memory, times that of the smallest", fontsize=9)
    figure.tight_layout()
    figure.savefig(path, dpi=100)


def _panel(axes: Axes, curves: list[Curve], what: str) -> None:
    for curve in curves:
        values = np.array(getattr(curve, what))
        exponent = curve.exponent(list(values))
        axes.loglog(
            *(curve.sizes, values / values[0]),
            **{"marker": "o", "markersize": 3, "label": f"{curve.task} ({exponent:.2f})"},
        )
    ends = np.array([curves[0].sizes[0], curves[0].sizes[-1]])
    axes.loglog(ends, ends / ends[0], color="0.7", linewidth=1, linestyle="--", zorder=0)
    if ends[1] < 1000:
        axes.set_xticks(curves[0].sizes, map(str, curves[0].sizes))
        axes.minorticks_off()
    axes.tick_params(labelsize=8)
    axes.spines[["top", "right"]].set_visible(False)


if __name__ == "__main__":
    main()
