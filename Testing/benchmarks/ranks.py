"""Training in two CPU processes that share every batch, against twice one process.

    python Testing/benchmarks/ranks.py [--output FOLDER] [--small]

Each process has one thread. Real trainings of the paper's U-Net on 256 x 256 slices, with reading,
augmentation, loss and checkpoints; an epoch's seconds are as the run records them, the first one
left out. What two processes reach that know nothing of each other is what the machine allows. What
two that do nothing else take for the sums of a step is what the connection between them costs; the
rest of what is lost is one waiting for the other.
"""

from __future__ import annotations

import multiprocessing
import os
import statistics
import tempfile
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import torch
from torch import distributed, nn

from measuring import Report, in_turns, parser
from partialseg_trainer.dataset import Dataset
from partialseg_trainer.labels import LabelScheme, LabelSets, Status
from partialseg_trainer.networks import build_network
from partialseg_trainer.runs import RunFolder, RunState, read_metrics, start, wait
from partialseg_trainer.training import TrainConfig, prepare_run
from partialseg_trainer.volumes import Volume

SCHEME = LabelScheme.load("brainstem")
BATCH, STEPS = 16, 2


def main() -> None:
    arguments = parser(__doc__).parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"
    size, width = (64, 4) if arguments.small else (256, 16)
    with tempfile.TemporaryDirectory(prefix="partialseg-") as folder:
        settings = TrainConfig(
            dataset=scans(Path(folder) / "scans", size).folder,
            preprocessing={"spacing": 1.0},
            network={"width": width},
            patch=(size, size),
            batch_size=BATCH,
            slices_per_epoch=STEPS * BATCH,
            epochs=3,
            validation_fraction=0,
            test_fraction=0,
            device="cpu",
        )
        alone, shared, unrelated = (
            [prepare_run(Path(folder) / name, each) for name, each in runs]
            for runs in (
                [("alone", settings)],
                [("shared", settings.model_copy(update={"devices": 2}))],
                [("left", settings), ("right", settings)],
            )
        )
        one, two, both = (seconds(runs) for runs in (alone, shared, unrelated))
    report = Report("ranks", arguments.output)
    report.add(
        "two gloo ranks, slices/s",
        "twice one process",
        one / (2 * two),
        ">= 0.85",
        f"epochs of {one:.1f} s and {two:.1f} s",
    )
    report.add("two processes apart, slices/s", "twice one process", one / both)
    report.add("two gloo ranks, slices/s", "two processes apart", both / (2 * two))
    sums, step = seconds_of_sums(width), two / STEPS
    report.add("all sums of a step, by themselves", "a step of two", sums / step)
    report.finish()


def scans(folder: Path, size: int) -> Dataset:
    """Two scans of 12 slices, of noise in a circle of which the left half is labelled."""
    dataset = Dataset.create(folder, SCHEME, "noise")
    place = np.indices((size, size, 12))
    inside = np.hypot(place[0] - size / 2, place[1] - size / 2) < size / 2
    labelmap = (inside * (1 + 3 * place[2] // 12) * (place[0] < size / 2)).astype(np.uint8)
    for subject in ("1", "2"):
        noise = np.random.default_rng(int(subject)).uniform(0.1, 1, labelmap.shape)
        dataset.add_case(
            subject,
            Volume((noise * inside).astype(np.float32), np.eye(4)),
            LabelSets.from_labelmap(SCHEME, labelmap),
            dict.fromkeys(SCHEME.names, Status.COMPLETE),
        )
    return dataset


def seconds(runs: list[RunFolder]) -> float:
    """The median seconds of an epoch of runs that train at the same time."""
    for run in runs:
        start(run)
    for run in runs:
        status = wait(run)
        if status.state is not RunState.FINISHED:
            raise SystemExit(f"{run.name}: {status.message}\n{run.log_file.read_text()}")
    return statistics.median(row["seconds"] for run in runs for row in read_metrics(run)[1:])


def seconds_of_sums(width: int) -> float:
    """What two processes that do nothing else take for all that they sum in a step."""
    with tempfile.TemporaryDirectory() as folder:
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(2, context) as pool:
            meet = Path(folder) / "meet"
            return max(pool.map(seconds_of_sums_in, (0, 1), (meet, meet), (width, width)))


def seconds_of_sums_in(rank: int, meet: Path, width: int) -> float:
    torch.set_num_threads(1)
    distributed.init_process_group("gloo", f"file://{meet}", rank=rank, world_size=2)
    network = build_network("unet", 1, len(SCHEME), width=width)
    shared = [
        torch.zeros(2, layer.num_features, dtype=torch.float64)
        for layer in network.modules()
        if isinstance(layer, nn.BatchNorm2d)
    ]
    gradients = nn.utils.parameters_to_vector(network.parameters()).detach()

    def step() -> None:
        for of_layer in (*shared, *reversed(shared), gradients):
            distributed.all_reduce(of_layer)

    return in_turns({"step": step})["step"]


if __name__ == "__main__":
    main()
