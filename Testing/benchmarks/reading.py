"""Reading for training: memory, and seconds to the first batch, of up to 400 scans of 256^3 voxels.

    python Testing/benchmarks/reading.py [--output FOLDER] [--small]

The scans are prepared from tiny ones; then the two files of the store are stretched to full size
with holes, which take no room on the disk and are read like any other bytes. Every number of scans
is read by the engine in a process of its own.
"""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import psutil

from measuring import Report, parser, peak_memory
from partialseg_trainer.dataset import Dataset
from partialseg_trainer.files import read_checked, write_json
from partialseg_trainer.labels import LabelScheme, LabelSets, Status
from partialseg_trainer.training import TrainConfig, prepare_run
from partialseg_trainer.training.material.slices import StoreIndex
from partialseg_trainer.training.run.callback import Silence
from partialseg_trainer.training.run.train import open_material
from partialseg_trainer.training.step.module import PartialLabelTraining
from partialseg_trainer.volumes import Volume

SCANS, SIZE, BATCHES = (25, 400), 256, 500
SMALL_SCANS, SMALL_SIZE, SMALL_BATCHES = (2, 8), 32, 20
MOST_BYTES, MOST_SECONDS = 4 * 2**30, 10


def main() -> None:
    options = parser(__doc__)
    options.add_argument(
        "--read", type=Path, help="read a prepared dataset, and print what it took"
    )
    arguments = options.parse_args()
    batches = SMALL_BATCHES if arguments.small else BATCHES
    if arguments.read:
        print(json.dumps(measure(arguments.read, batches)))
        return
    report = Report("reading", arguments.output)
    peaks = {}
    for scans in SMALL_SCANS if arguments.small else SCANS:
        with tempfile.TemporaryDirectory() as folder:
            prepare(Path(folder) / "data", scans, SMALL_SIZE if arguments.small else SIZE)
            command = [sys.executable, __file__, "--read", folder, *["--small"] * arguments.small]
            taken = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
        peaks[scans] = taken["grown"]
        report.add(
            f"peak memory of reading {scans} scans",
            "4 GiB",
            taken["peak"] / MOST_BYTES,
            "<= 1",
            f"of which reading took {taken['grown'] / 2**20:.0f} MiB, for {batches} batches of 16",
        )
        report.add(
            f"seconds until the first batch of {scans} scans, prepared before",
            "10 s",
            taken["seconds"] / MOST_SECONDS,
            "<= 1",
        )
    fewest, most = min(peaks), max(peaks)
    report.add(
        f"memory that reading {most} scans takes",
        f"that of {fewest} scans",
        peaks[most] / peaks[fewest],
    )
    report.finish()


def prepare(folder: Path, scans: int, size: int) -> None:
    """A dataset of so many scans, and a store in which each has size^3 voxels."""
    scheme = LabelScheme.load("dhcp9")
    dataset = Dataset.create(folder, scheme, "reading")
    rng = np.random.default_rng(0)
    for number in range(scans):
        labelmap = rng.choice(scheme.leaf_values, size=(8, 8, 8))
        known = scheme.names if number % 2 else scheme.names[:-3]
        sets = LabelSets.from_labelmap(scheme, labelmap, known=known)
        image = Volume(rng.random((8, 8, 8), dtype=np.float32), np.eye(4))
        dataset.add_case(f"{number:03d}", image, sets, dict.fromkeys(known, Status.COMPLETE))
    config = config_of(folder)
    open_material(prepare_run(folder.parent / "first", config), config, Silence())
    (store,) = (folder / ".cache").glob("slices-*/")
    index = read_checked(store / "index.json", StoreIndex)
    for number, case in enumerate(index.cases):
        case.shape, case.first_voxel = (size, size, size), number * size**3
    write_json(store / "index.json", index.model_dump())
    for name, width in (("images.bin", 2), ("codes.bin", 1)):
        with open(store / name, "r+b") as file:
            file.truncate(scans * size**3 * width)
    counts = np.load(store / "counts.npy").mean(axis=0, keepdims=True).astype(int)
    np.save(store / "counts.npy", counts.repeat(scans * size, axis=0))


def config_of(folder: Path) -> TrainConfig:
    return TrainConfig(dataset=folder, preprocessing={"spacing": 1.0}, device="cpu")


def measure(folder: Path, batches: int) -> dict[str, float]:
    """Seconds from the settings to the first batch, and bytes at the peak of reading more."""
    config = config_of(folder / "data")
    before = psutil.Process().memory_info().rss
    began, first = time.perf_counter(), None

    def read() -> None:
        nonlocal first
        material = open_material(prepare_run(folder / "run", config), config, Silence())
        module = PartialLabelTraining(config, material.scheme, material.store, material.split)
        epochs = itertools.chain.from_iterable(itertools.repeat(module.train_dataloader()))
        for _ in itertools.islice(epochs, batches):
            first = first or time.perf_counter() - began

    grown = peak_memory(read)
    return {"seconds": first, "grown": grown, "peak": before + grown}


if __name__ == "__main__":
    main()
