"""Training, the whole loop: slices a second against the network alone, and against MONAI's feeding.

    python Testing/benchmarks/training.py [--output FOLDER] [--small]

The loop is the engine's `fit` on a run folder. After some of its steps as many are taken of what
it is compared with, so that all run under the same load; MONAI's in a process of their own, which
has not been told to keep what it frees.
"""

from __future__ import annotations

import logging
import math
import multiprocessing
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from losses import iuc_formula
from measuring import Report, Task, in_turns, parser
from partialseg_trainer.dataset import Dataset
from partialseg_trainer.labels import LabelScheme, LabelSets, Status
from partialseg_trainer.methods import method_names
from partialseg_trainer.models import NetworkSettings
from partialseg_trainer.networks import build_network, memory_layout
from partialseg_trainer.runs import RunFolder, RunReporter
from partialseg_trainer.training import TrainConfig, prepare_run
from partialseg_trainer.training.material import Material
from partialseg_trainer.training.material.augmentation import augment
from partialseg_trainer.training.run.callback import Reporter, Silence
from partialseg_trainer.training.run.log import set_up_log
from partialseg_trainer.training.run.train import fit, open_material
from partialseg_trainer.training.step.module import PartialLabelTraining
from partialseg_trainer.volumes import Volume

SCHEME = LabelScheme.load("dhcp9")


def main() -> None:
    arguments = parser(__doc__).parse_args()
    set_up_log(logging.WARNING)
    report = Report("training", arguments.output)
    iuc = {"loss": "iuc"}
    large = iuc | {
        "patch": (256, 256),
        "batch_size": 16,
        "network": NetworkSettings(width=16, depth=5),
    }
    little = iuc | {
        "patch": (80, 96),
        "batch_size": 4,
        "network": NetworkSettings(width=8, depth=4),
    }
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    against_bare(report, little, "cpu", turns=6, steps=3 if arguments.small else 10)
    torch.set_num_threads(threads)
    if not arguments.small:
        against_bare(report, large, "cpu", turns=10, steps=1, reach=0.95)
        against_monai(report, large, "cpu", turns=3, steps=1)
        against_bare(report, large | {"loss": method_names()[0]}, "cpu", turns=5, steps=1)
    if torch.cuda.is_available():
        large |= {"compile": True}
        against_bare(report, large, "cuda", turns=10, steps=40, reach=0.9)
        against_monai(report, large, "cuda", turns=10, steps=40)
    else:
        print("training on a GPU (bf16, channels last, compiled): not measured, no GPU here")
    report.finish()


def against_bare(
    report: Report,
    settings: dict[str, Any],
    device: str,
    turns: int,
    steps: int,
    reach: float | None = None,
) -> None:
    with a_training(settings, device, (turns + 1) * steps) as (config, run, material):
        seconds = in_turns_with_loop(run, config, material, bare_steps(config), steps)
    report.add(
        f"training, {words(config)}",
        "forward, backward and Adam alone",
        seconds["other"] / seconds["loop"],
        f">= {reach}" if reach else "",
        f"{config.batch_size / seconds['loop']:.3g} slices/s",
    )


def against_monai(
    report: Report, settings: dict[str, Any], device: str, turns: int, steps: int
) -> None:
    with (
        a_training(settings, device, (turns + 1) * steps) as (config, run, material),
        Elsewhere(monai_steps, run, config) as monai_step,
    ):
        seconds = in_turns_with_loop(run, config, material, monai_step, steps)
    report.add(
        f"training, {words(config)}",
        "MONAI's CacheDataset and transforms, float targets",
        seconds["other"] / seconds["loop"],
        ">= 2",
        f"{config.batch_size / seconds['loop']:.3g} slices/s",
    )
    data = in_turns(data_paths(config, material), rounds=3)
    report.add(
        f"reading and augmenting a batch, {words(config)}",
        "MONAI's CacheDataset and transforms",
        data["monai"] / data["engine"],
        note=f"{data['engine'] / seconds['loop']:.1%} of a step, MONAI's "
        f"{data['monai'] / seconds['other']:.0%}",
    )


def words(config: TrainConfig) -> str:
    return (
        f"{config.batch_size} slices of {config.patch[0]} x {config.patch[1]}, "
        f"{config.network.width} filters, {config.loss}, {config.device}"
    )


@contextmanager
def a_training(
    settings: dict[str, Any], device: str, steps: int
) -> Iterator[tuple[TrainConfig, RunFolder, Material]]:
    """A run of so many steps, prepared, in a folder that lasts as long as the context."""
    with tempfile.TemporaryDirectory() as folder:
        config = TrainConfig(
            dataset=make_dataset(Path(folder) / "data", settings["patch"]).folder,
            preprocessing={"spacing": 1.0},
            validation_fraction=0,
            test_fraction=0,
            epochs=1,
            slices_per_epoch=settings["batch_size"] * steps,
            device=device,
            **settings,
        )
        run = prepare_run(Path(folder) / "run", config)
        yield config, run, open_material(run, config, Silence())


def in_turns_with_loop(
    run: RunFolder, config: TrainConfig, material: Material, other: Task, steps: int
) -> dict[str, float]:
    """The median seconds of a step of the whole "loop", and of the "other"."""
    with RunReporter(run) as reporter:
        loop = InTurns(reporter, other, steps, config.device)
        fit(run, config, material, loop)
    return {name: statistics.median(taken) / steps for name, taken in loop.taken.items()}


class InTurns:
    """The Reporter of a training: after so many of its steps another takes as many, timed."""

    def __init__(self, reporter: Reporter, other: Task, steps: int, device: str):
        self._reporter, self._other, self._steps = reporter, other, steps
        self._wait = torch.cuda.synchronize if device == "cuda" else lambda: None
        self._began: float | None = None
        self.taken: dict[str, list[float]] = {"loop": [], "other": []}

    @property
    def stop_requested(self) -> bool:
        return self._reporter.stop_requested

    @property
    def stages_after(self) -> int:
        return self._reporter.stages_after

    def update(self, **fields: Any) -> None:
        self._reporter.update(**fields)
        if "step" in fields and fields["step"] % self._steps == 0:
            if self._began is not None:
                self.taken["loop"].append(self._now() - self._began)
            began = self._now()
            for _ in range(self._steps):
                self._other()
            # The first time it warms up, as the training does.
            if self._began is not None:
                self.taken["other"].append(self._now() - began)
            self._began = self._now()

    def metrics(self, row: Any) -> None:
        self._reporter.metrics(row)

    def resume_at(self, epoch: int) -> None:
        self._reporter.resume_at(epoch)

    def _now(self) -> float:
        self._wait()
        return time.perf_counter()


class Elsewhere:
    """A task that a process of its own does when called, while this one waits; a context."""

    def __init__(self, make: Callable[..., Task], *arguments: Any):
        context = multiprocessing.get_context("spawn")
        self._here, there = context.Pipe()
        self._process = context.Process(target=_serve, args=(there, make, *arguments), daemon=True)

    def __enter__(self) -> Elsewhere:
        self._process.start()
        self._here.recv()
        return self

    def __exit__(self, *_: object) -> None:
        self._here.send(False)
        self._process.join()

    def __call__(self) -> None:
        self._here.send(True)
        self._here.recv()


def _serve(there: Connection, make: Callable[..., Task], *arguments: Any) -> None:
    set_up_log(logging.WARNING)
    task = make(*arguments)
    there.send(None)
    while there.recv():
        task()
        there.send(None)


def make_dataset(folder: Path, size: tuple[int, int]) -> Dataset:
    """A fully labelled and a partial scan of noise in blocks, of 32 slices."""
    dataset = Dataset.create(folder, SCHEME, "noise")
    rng = np.random.default_rng(0)
    for number, known in enumerate((SCHEME.names, SCHEME.names[:-3])):
        blocks = rng.choice(SCHEME.leaf_values, size=(size[0] // 8, size[1] // 8, 4))
        labelmap = blocks.repeat(8, 0).repeat(8, 1).repeat(8, 2)
        sets = LabelSets.from_labelmap(SCHEME, labelmap, known=known)
        noise = rng.random(labelmap.shape, dtype=np.float32)
        image = Volume(labelmap + noise.astype(np.float32), np.eye(4))
        dataset.add_case(f"{number}", image, sets, dict.fromkeys(known, Status.COMPLETE))
    return dataset


def network_of(
    config: TrainConfig, layout: torch.memory_format
) -> tuple[nn.Module, torch.optim.Optimizer]:
    network = build_network(
        "unet", 1, len(SCHEME), width=config.network.width, depth=config.network.depth
    )
    network = network.to(config.device, memory_format=layout).train()
    if config.compile:
        network.compile()
    return network, torch.optim.Adam(network.parameters(), lr=1e-3)


def precision_of(config: TrainConfig) -> AbstractContextManager:
    """As `lightning_precision` chooses: bfloat16 on a GPU."""
    return torch.autocast(config.device, torch.bfloat16, enabled=config.device == "cuda")


def bare_steps(config: TrainConfig) -> Task:
    """Forward, backward and Adam, of numbers that are there already."""
    layout = memory_layout(config.network.name)
    network, optimizer = network_of(config, layout)
    shape = (config.batch_size, 1, *config.patch)
    image = torch.rand(shape, device=config.device).contiguous(memory_format=layout)
    with precision_of(config), torch.no_grad():
        gradient = torch.randn_like(network(image)) * 1e-6

    def step() -> None:
        optimizer.zero_grad()
        with precision_of(config):
            logits = network(image)
        logits.backward(gradient)
        optimizer.step()

    return step


def monai_steps(run: RunFolder, config: TrainConfig) -> Task:
    """The loop of MONAI's tutorials, which leave the layout as it is."""
    material = open_material(run, config, Silence())
    network, optimizer = network_of(config, torch.contiguous_format)
    batches = monai_batches(config, material)

    def step() -> None:
        batch = next(batches)
        image, label = (batch[key].to(config.device) for key in ("image", "label"))
        optimizer.zero_grad()
        with precision_of(config):
            logits = network(image)
        loss = iuc_formula(logits.float(), (label == 1).float(), (label != 2).float())
        loss.backward()
        optimizer.step()
        loss.item()

    return step


def monai_batches(config: TrainConfig, material: Material) -> Iterator[dict[str, Tensor]]:
    """The slices of the store for ever, changed in the ways in which the engine changes them."""
    from monai.data import CacheDataset, DataLoader
    from monai.transforms import (
        Compose,
        EnsureTyped,
        Rand2DElasticd,
        RandAdjustContrastd,
        RandBiasFieldd,
        RandFlipd,
        RandGaussianNoised,
        RandSimulateLowResolutiond,
    )

    both, store, change = ("image", "label"), material.store, config.augmentation
    values = SCHEME.vectors(store.leaf_sets)
    items = []
    for number in material.split.training:
        image, codes = store.read(number)
        label = np.moveaxis(values[codes], -1, 0)
        items.append({"image": image[None].astype(np.float32), "label": label.astype(np.float32)})
    transforms = Compose(
        [
            EnsureTyped(keys=both),
            RandFlipd(keys=both, prob=0.5, spatial_axis=0),
            Rand2DElasticd(
                keys=both,
                spacing=(32, 32),
                magnitude_range=(0, 2 * change.displacement),
                prob=1,
                rotate_range=change.rotation * math.pi / 180,
                shear_range=change.shear,
                scale_range=change.scale,
                mode=("bilinear", "nearest"),
                padding_mode="zeros",
            ),
            RandSimulateLowResolutiond(
                keys="image", prob=change.blur, zoom_range=(1 / 3, 1), upsample_mode="bilinear"
            ),
            RandAdjustContrastd(keys="image", prob=1, gamma=(0.8, 1.25)),
            RandBiasFieldd(keys="image", prob=1, coeff_range=(0, change.bias)),
            RandGaussianNoised(keys="image", prob=1, std=change.noise),
        ]
    )
    cached = CacheDataset(items, transforms, num_workers=0, progress=False)
    # On a CPU the network has all cores, and workers would only take turns with it.
    workers = 4 if config.device == "cuda" else 0
    loader = DataLoader(cached, batch_size=config.batch_size, shuffle=True, num_workers=workers)
    while True:
        yield from loader


def data_paths(config: TrainConfig, material: Material) -> dict[str, Task]:
    """A batch on the device, without the network."""
    module = PartialLabelTraining(config, material.scheme, material.store, material.split)
    generator = torch.Generator(config.device)
    batches = iter(module.train_dataloader())
    others = monai_batches(config, material)

    def engine() -> None:
        batch = {name: each.to(config.device) for name, each in next(batches).items()}
        image, codes, sagittal = (batch[name] for name in ("image", "codes", "sagittal"))
        augment(image.float(), codes, config.augmentation, generator, sagittal)
        if config.device == "cuda":
            torch.cuda.synchronize()

    def monai() -> None:
        batch = next(others)
        for key in ("image", "label"):
            batch[key].to(config.device)

    return {"engine": engine, "monai": monai}


if __name__ == "__main__":
    main()
