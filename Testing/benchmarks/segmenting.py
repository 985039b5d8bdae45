"""How much of segmenting a scan, file to file, is the network: 256 x 256 x 256 voxels of 0.6 mm.

    python Testing/benchmarks/segmenting.py [--output FOLDER] [--small]

The model is the one that ships. The scan is a phantom's, enlarged so that its brain has the size of
a newborn's at term, 106 x 120 x 120 mm, and stored as scanners do, in int16 and with noise.
"""

from __future__ import annotations

import multiprocessing
import statistics
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import pad

from measuring import Report, in_turns, parser, peak_memory
from partialseg_trainer.inference import find_jobs, load_model, segment, segment_files
from partialseg_trainer.inference.prediction import BATCH
from partialseg_trainer.labels import LabelSets, Status
from partialseg_trainer.networks.folding import without_batch_norm
from partialseg_trainer.networks.model import Model
from partialseg_trainer.synthesis import make_phantom
from partialseg_trainer.volumes import Grid, Volume, read_volume, resample, write_volume
from partialseg_trainer.volumes.preprocessing import prepare

ENLARGED = 1.2
FIELD_MM = 128


def main() -> None:
    options = parser(__doc__)
    arguments = options.parse_args()
    report = Report("segmenting", arguments.output)
    size, rounds = (96, 1) if arguments.small else (256, 5)
    with tempfile.TemporaryDirectory() as folder:
        scan = Path(folder) / "scan.nii.gz"
        write_volume(scan, head(size))
        time_on_cpu(report, scan, rounds)
        memory(report, scan)
        time_on_gpu(report, scan)
    report.finish()


def head(size: int) -> Volume:
    """A phantom at 44 weeks in a cube of so many voxels."""
    coarse = make_phantom(0, shape=(FIELD_MM,) * 3, weeks=44).image
    zoom = FIELD_MM / size
    affine = coarse.affine @ np.diag([zoom, zoom, zoom, 1])
    affine[:3, 3] = coarse.grid.ras([(zoom - 1) / 2] * 3)
    fine = resample(coarse.data, coarse.grid, Grid((size,) * 3, affine), order=3)
    noise = np.random.default_rng(0).standard_normal(fine.shape, dtype=np.float32)
    signal = np.clip(fine / fine.max() + 0.01 * noise, 0, 1)
    enlarged = np.diag([ENLARGED] * 3 + [1]) @ affine
    return Volume(np.rint(2000 * signal).astype(np.int16), enlarged)


def time_on_cpu(report: Report, scan: Path, rounds: int) -> None:
    model = load_model()
    images = slices(scan, model)
    layout = {"memory_format": torch.channels_last}
    trained, folded = model.network.to(**layout), without_batch_norm(model.network).to(**layout)
    drawn = total_cerebrum(scan, model)
    seconds = in_turns(
        {
            "all": lambda: segment_file(scan, model, "cpu"),
            "known": lambda: segment_file(scan, model, "cpu", drawn),
            "forward": lambda: forward(trained, images),
            "folded": lambda: forward(folded, images),
        },
        rounds,
    )
    count, _, height, width = images.shape
    said = (
        f"{seconds['all']:.2f} s; forward {seconds['forward']:.2f} s "
        f"of {count} slices {height} x {width}"
    )
    what = f"segmenting {' x '.join(map(str, read_volume(scan).data.shape))}, file to file, CPU"
    report.add(what, "forward of its slices", seconds["all"] / seconds["forward"], "<= 1.3", said)
    report.add(
        *(what, "forward, normalisation folded", seconds["all"] / seconds["folded"]),
        note=f"as segmenting does it; {seconds['folded']:.2f} s",
    )
    report.add(
        "segmenting within a total cerebrum that was drawn",
        *("segmenting without", seconds["known"] / seconds["all"], "<= 1.05"),
    )


def memory(report: Report, scan: Path) -> None:
    # How well memory that was freed is used again differs from one process to the next.
    activations, whole = (
        statistics.median(alone(task, scan) for _ in range(3))
        for task in (memory_of_a_batch, memory_of_segmenting)
    )
    report.add(
        "memory when segmenting, scan and labels included",
        f"activations of one batch of {BATCH}",
        whole / activations,
        "<= 2",
        f"{whole / 2**20:.0f} MB; activations {activations / 2**20:.0f} MB",
    )


def time_on_gpu(report: Report, scan: Path) -> None:
    if not torch.cuda.is_available():
        print("segmenting on a GPU: not measured: no GPU here")
        return
    whole, forward_alone = alone(seconds_on_gpu, scan)
    report.add(
        *("segmenting on a GPU, model load included", "1 second", whole, "<= 3"),
        note=f"forward alone {forward_alone:.3f} s",
    )


def alone(task: Callable[[Path], object], scan: Path) -> object:
    """Do it in a process of its own: no memory is left over from before, no device awake."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(task, scan).result()


def memory_of_a_batch(scan: Path) -> int:
    model = load_model()
    network = model.network.to(memory_format=torch.channels_last)
    images = slices(scan, model)[:BATCH].clone()
    forward(network, images[:1, :, :32, :32])
    return peak_memory(lambda: forward(network, images))


def memory_of_segmenting(scan: Path) -> int:
    model = load_model()
    with tempfile.TemporaryDirectory() as folder:
        small = Path(folder) / "small.nii.gz"
        write_volume(small, Volume(np.random.default_rng(0).random((16, 16, 16)), np.eye(4)))
        segment_file(small, model, "cpu")
    return peak_memory(lambda: segment_file(scan, model, "cpu"))


def seconds_on_gpu(scan: Path) -> tuple[float, float]:
    began = time.perf_counter()
    model = load_model()
    segment_file(scan, model, "cuda")
    whole = time.perf_counter() - began
    images = slices(scan, model).cuda()
    network = model.network.to("cuda", memory_format=torch.channels_last)

    def task() -> None:
        forward(network, images)
        torch.cuda.synchronize()

    return whole, in_turns({"forward": task})["forward"]


def total_cerebrum(scan: Path, model: Model) -> LabelSets:
    """All of it, as the model finds it."""
    found = np.asarray(segment(scan, model).labelmap.dataobj)
    drawn = {"tcv": model.scheme.mask(found, "tcv")}
    return LabelSets.from_masks(model.scheme, drawn, {"tcv": Status.COMPLETE})


def segment_file(scan: Path, model: Model, device: str, known: LabelSets | None = None) -> None:
    (job,) = find_jobs(scan, scan.with_name("labels.nii.gz"), overwrite=True)
    of_scan = known and (lambda _: known)
    ((_, result),) = segment_files([job], model, device=device, known=of_scan)
    if isinstance(result, Exception):
        raise result


def slices(scan: Path, model: Model) -> Tensor:
    """(S, 1, H, W): what the network is shown of a scan, resident."""
    images = torch.from_numpy(prepare(read_volume(scan), model.info.preprocessing).slices)[:, None]
    height, width = images.shape[2:]
    divisor = model.network.divisor
    return pad(images, (0, -width % divisor, 0, -height % divisor))


@torch.inference_mode()
def forward(network: nn.Module, images: Tensor) -> None:
    for start in range(0, len(images), BATCH):
        network(images[start : start + BATCH].contiguous(memory_format=torch.channels_last))


if __name__ == "__main__":
    main()
