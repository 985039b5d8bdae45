"""One training: from prepared scans to the model in a run's folder."""

from __future__ import annotations

import datetime
import logging
import shutil
from pathlib import Path
from typing import Any

import lightning
import numpy as np
import torch
from lightning.fabric.plugins.environments import LightningEnvironment
from lightning.pytorch.callbacks import Callback, EarlyStopping, ModelCheckpoint
from lightning.pytorch.strategies import DDPStrategy

from ...dataset import Case, Dataset
from ...dataset.contrast import differ
from ...errors import UserError
from ...files import remove, require_room
from ...losses import build_loss
from ...models import ModelInfo
from ...networks import check_network
from ...networks.device import choose_device, describe, lightning_precision
from ...networks.freed_memory import keep_freed_memory
from ...networks.model import load_model, save_model, versions
from ...runs import RunFolder, RunReporter
from ...user_folders import expanded
from ..material import Material
from ..material.patches import read_item
from ..material.slices import SliceStore, open_store
from ..material.split import (
    SliceSplit,
    case_names,
    cases_to_test,
    choose_cases,
    recorded_cases,
    split_slices,
)
from ..material.told import untold_labels
from ..ranks.group import launcher, nodes, once, share, wanted
from ..ranks.share import WHOLE
from ..settings.config import TrainConfig
from ..step.batch_norm import SharedBatchNorm
from ..step.module import PartialLabelTraining
from .callback import Reporter, ReportProgress, StoppedOnRequest
from .card import model_card, preview
from .checkpoints import BEST, LAST, WholeCheckpoints, checkpoint_to_resume, read_checkpoint
from .loggers import check_loggers, loggers
from .weights import load_weights

_SPLIT_FILE = "split.json"

_log = logging.getLogger(__name__)


def prepare_run(run: str | Path, config: TrainConfig) -> RunFolder:
    """Check that a training can work, and make its run folder.

    What can be found out without preparing the scans is found out here, before anything is written.
    Raises UserError for a dataset, loss, device or initial model that does not fit, for a network
    whose package is not installed, and for a run folder that is not empty.
    """
    check_network(config.network.name)
    check_loggers(config.loggers)
    # The process that trains has another working directory.
    paths = {name: getattr(config, name) for name in ("dataset", "initial_model")}
    config = config.model_copy(
        update={name: path and expanded(path).absolute() for name, path in paths.items()}
    )
    dataset = Dataset.open(config.dataset)
    cases, validation = choose_cases(dataset, config)
    wanted(config)
    _check_contrasts(dataset, cases, config)
    if config.initial_model is not None:
        _check_initial(config, dataset)
    split = {_SPLIT_FILE: case_names(cases, validation, cases_to_test(dataset, config))}
    return RunFolder.create(run, config.model_dump(mode="json"), split)


def open_material(run: RunFolder, config: TrainConfig, reporter: RunReporter) -> Material:
    """The scans that `prepare_run` chose, prepared."""
    count, device = share().count, describe(choose_device(config.device))
    device = device if count == 1 else f"{count} x {device}"
    reporter.update(stage="preparing scans", device=device, epochs=config.epochs)
    dataset = Dataset.open(config.dataset)
    cases, validation = recorded_cases(run.path / _SPLIT_FILE, dataset)
    store = open_store(
        dataset,
        cases,
        config.preprocessing,
        progress=lambda done, all_: reporter.update(stage=f"preparing scan {done} of {all_}"),
    )
    _log.info(
        "Training on %s with %d scans, of which %d validate",
        device,
        len(cases),
        sum(case.subject in validation for case in cases),
    )
    split = split_slices(store, validation)
    shown = store.leaf_sets[store.code_counts(split.training) > 0]
    untold = untold_labels(dataset.scheme, shown)
    if untold:
        _log.info(
            "No training scan shows %s: the model will say nothing of them", ", ".join(untold)
        )
    return Material(dataset.name, dataset.scheme, store, split, dataset.contrasts, untold)


def fit(
    run: RunFolder,
    config: TrainConfig,
    material: Material,
    reporter: Reporter,
    *,
    kind: type[PartialLabelTraining] = PartialLabelTraining,
    new_head: bool = False,
) -> bool:
    """Train a model, from the last checkpoint in `run` if there is one.

    Writes checkpoints, metrics and status as it goes, and at the end the model with the best
    validation score. Returns whether the training came to its end: it did not if somebody asked for
    a stop; then the model is the best so far.

    Args:
        kind: the training step.
        new_head: whether the last layer of `config.initial_model` is left out.
    """
    reporter.update(stage="starting")
    keep_freed_memory()
    module = kind(config, material.scheme, material.store, material.split, material.untold)
    resumed = checkpoint_to_resume(run, module.state_dict())
    once(lambda: _ask_for_room(run, module))
    if config.initial_model is not None and resumed is None:
        load_weights(module.network, config.initial_model, new_head)
    validates = len(material.split.validation) > 0
    trainer = _trainer(run, config, choose_device(config.device), reporter, validates)
    finished = True
    try:
        trainer.fit(module, ckpt_path=resumed, weights_only=True)
    except StoppedOnRequest:
        finished = False
        reporter.update(stage="stopped")

    def export() -> None:
        reporter.update(stage="saving the model")
        best = run.checkpoints / BEST
        if config.monitor == "last" or not best.is_file():
            best = run.checkpoints / LAST
        # There is none when a training was stopped before the end of its first epoch.
        if best.is_file():
            _export(run, module, best, material)
            reporter.update(stage="done")
            _log.info("The model is saved")

    once(export)
    return finished


def _ask_for_room(run: RunFolder, module: PartialLabelTraining) -> None:
    """Raise UserError where the disk cannot hold what an epoch writes."""
    weights = sum(tensor.nbytes for tensor in module.state_dict().values())
    # A checkpoint has Adam's two moments of each weight, and lies beside the one it replaces.
    require_room(run.path, 2 * 3 * weights + weights, "The checkpoints of the training")


def _trainer(
    run: RunFolder,
    config: TrainConfig,
    device: torch.device,
    reporter: Reporter,
    validates: bool,
) -> lightning.Trainer:
    callbacks = [
        ReportProgress(reporter),
        *_choose_the_best(run, config, validates),
        # Not `save_last` of the one above: that would pass over the epochs that are not the best.
        ModelCheckpoint(
            run.checkpoints,
            filename="last",
            save_on_train_epoch_end=True,
            enable_version_counter=False,
        ),
    ]
    return lightning.Trainer(
        accelerator="gpu" if device.type == "cuda" else device.type,
        **_spread(device),
        precision=lightning_precision(config.precision, device),
        max_epochs=config.epochs,
        gradient_clip_val=config.gradient_clip or None,
        accumulate_grad_batches=config.accumulate,
        callbacks=callbacks,
        reload_dataloaders_every_n_epochs=1,
        num_sanity_val_steps=0,
        limit_val_batches=1.0 if validates else 0,
        logger=loggers(run.path, config.loggers) or False,
        # What it logs, it logs once an epoch; else Lightning warns of epochs shorter than its 50.
        log_every_n_steps=1 if config.loggers else None,
        enable_progress_bar=False,
        enable_model_summary=False,
        use_distributed_sampler=False,
        default_root_dir=run.path,
    )


def _choose_the_best(run: RunFolder, config: TrainConfig, validates: bool) -> list[Callback]:
    """What keeps the best epoch's weights, and ends the training when none is better for long."""
    if config.monitor == "last":
        return []
    # An unvalidated training has nothing better to choose its weights by.
    monitor = config.monitor if validates else "training_loss"
    mode = "max" if monitor.endswith("dice") else "min"
    return [
        EarlyStopping(monitor, mode=mode, patience=config.patience, check_on_train_epoch_end=True),
        ModelCheckpoint(
            run.checkpoints,
            filename="best",
            monitor=monitor,
            mode=mode,
            save_on_train_epoch_end=True,
            enable_version_counter=False,
        ),
    ]


def _spread(device: torch.device) -> dict[str, Any]:
    """What Lightning has to know of the devices and the processes that train together."""
    plugins: list[Any] = [WholeCheckpoints()]
    on_gpu = device.type == "cuda"
    if share() == WHOLE:
        # Or else Lightning takes workers of a grid that srun started for ranks of one training.
        plugins.append(LightningEnvironment())
        return {"devices": [device.index or 0] if on_gpu else 1, "plugins": plugins}
    environment = launcher()
    plugins.append(environment)
    if not on_gpu:
        plugins.append(SharedBatchNorm())
    return {
        "num_nodes": nodes(environment),
        "devices": share().count // nodes(environment),
        "strategy": DDPStrategy(gradient_as_bucket_view=True),
        "sync_batchnorm": on_gpu,
        "plugins": plugins,
    }


def _export(run: RunFolder, module: PartialLabelTraining, best: Path, material: Material) -> None:
    """Write the model folder; an older one of the same run, stopped and resumed, is replaced."""
    config, store, split = module.config, material.store, material.split
    try:
        state = read_checkpoint(best, module.state_dict())
    except UserError as error:
        raise UserError(f"{error} Delete it and resume; another takes its place.") from error
    module.load_state_dict(state["state_dict"])
    if not all(torch.isfinite(weights).all() for weights in module.kept_network.parameters()):
        raise FloatingPointError(f"the weights in {best.name} are not all finite")
    scores = state.get("validation_dice_by_label")
    # By name, because a case that is cut along three axes is stored three times.
    trained = {
        case.name: case.fully_known
        for case in store.cases
        if case.subject not in split.validation_subjects
        and (case.fully_known or len(split.partial))
    }
    full = sum(trained.values())
    info = ModelInfo(
        name=config.name,
        date=datetime.date.today().isoformat(),
        loss=config.loss,
        strategy=config.strategy,
        head=module.loss.head,
        decoding=config.decoding,
        outputs=config.chosen_strategy.outputs,
        network=config.network,
        preprocessing=config.preprocessing,
        patch=config.patch if config.network.dimensions == 3 else None,
        scheme=material.scheme.to_dict(),
        untold=module.untold,
        contrasts=material.contrasts,
        contrast_dropout=config.contrast_dropout,
        training_data=(
            f"{len(trained)} scans of the dataset '{material.dataset}', {full} fully labelled and "
            f"{len(trained) - full} in part"
        ),
        scores={"validation": scores} if scores else {},
        versions=versions(),
    )
    picture = _preview(module, config, store, split)
    fresh = run.path / "model.new"
    remove(fresh)
    save_model(fresh, module.kept_network, info, model_card(info, material.scheme), picture)
    if run.model.exists():
        shutil.rmtree(run.model)
    fresh.rename(run.model)


@torch.inference_mode()
def _preview(
    module: PartialLabelTraining, config: TrainConfig, store: SliceStore, split: SliceSplit
) -> bytes:
    """The middle slice of a validation scan (a training scan if none), and what the model sees."""
    validating = [case for case in store.cases if case.subject in split.validation_subjects]
    shown = (validating or store.cases)[0]
    numbers = store.numbers(lambda case: case is shown)
    image, codes = read_item(store, numbers[len(numbers) // 2], config)
    padding = [(0, -size % config.network.divisor) for size in codes.shape]
    padded = np.pad(image.astype(np.float32), [(0, 0), *padding])
    module.cpu().eval()
    logits = module.logits(torch.from_numpy(padded)[None])
    leaves = module.leaf_logits(logits).argmax(1)[0].numpy()
    height, width = codes.shape[-2:]
    # Of the first contrast.
    slices = image.reshape(store.contrasts, -1, height, width)[0]
    middle = len(slices) // 2
    # Of a block every slice is labelled, of a slice with neighbours it alone.
    labelled = leaves[middle] if leaves.ndim == 3 else leaves
    return preview(
        slices[middle].astype(np.float32),
        module.scheme.leaf_values[labelled[:height, :width]],
        module.scheme,
    )


def _check_contrasts(dataset: Dataset, cases: list[Case], config: TrainConfig) -> None:
    """Raise UserError where a case lacks one, or one alone is to be dropped."""
    if len(dataset.contrasts) == 1:
        if config.contrast_dropout:
            raise UserError(
                f"contrast_dropout is {config.contrast_dropout}, but {dataset.folder} has the one "
                f"contrast {dataset.contrast}, without which nothing is left; leave it 0."
            )
        return
    for case in cases:
        lacking = [path for path in case.image_paths if not path.is_file()]
        if lacking:
            raise UserError(
                f"{case.name} has no {lacking[0].name}, where every case of {dataset.folder} has "
                f"{' and '.join(dataset.contrasts)}; restore it, or take the case out."
            )


def _check_initial(config: TrainConfig, dataset: Dataset) -> None:
    model, scheme = load_model(config.initial_model), dataset.scheme
    if not model.scheme.has_labels_of(scheme) or model.info.network != config.network:
        raise UserError(
            f"The model {config.initial_model} has scheme '{model.scheme.name}' and network "
            f"{model.info.network.model_dump()}, but the training has '{scheme.name}' and "
            f"{config.network.model_dump()}; choose a model that fits, or start from scratch."
        )
    neighbours = model.info.preprocessing.neighbours
    if neighbours != config.preprocessing.neighbours:
        raise UserError(
            f"The model {config.initial_model} sees {neighbours} slices on either side, but the "
            f"training shows {config.preprocessing.neighbours} (preprocessing.neighbours); make "
            "them the same, or start from scratch."
        )
    if differ(model.info.contrasts, dataset.contrasts):
        raise UserError(
            f"The model {config.initial_model} sees {model.info.of_contrasts}, but the dataset has "
            f"{' and '.join(dataset.contrasts)}; choose a model that fits, or start from scratch."
        )
    outputs = config.chosen_strategy.outputs
    if model.info.outputs != outputs:
        raise UserError(
            f"The model {config.initial_model} has its outputs {model.info.outputs}, by the "
            f"strategy '{model.info.strategy}', but the strategy '{config.strategy}' has them "
            f"{outputs}; choose a model or a strategy that fits."
        )
    # There may be as many labels as leaves, and the weights would fit without a word.
    head = build_loss(config.loss, scheme, **config.loss_options).head
    if model.info.head != head:
        raise UserError(
            f"The model {config.initial_model} was trained with the loss '{model.info.loss}' and "
            f"tells {model.info.head} apart, but the loss '{config.loss}' is for one that tells "
            f"{head} apart; choose a model or a loss that fits."
        )
