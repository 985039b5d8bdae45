"""`partialseg train`: a new run, from a settings file and options, in a process of its own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from ..errors import UserError
from ..incoming import shown, usable
from ..methods import method_names, strategy_names
from .options import AsJson
from .runs import go
from .terminal import busy, print_json, remark, say
from .watching import status_as_json

if TYPE_CHECKING:
    from ..runs import RunFolder
    from ..training import TrainConfig

_SCANS, _LEARNING, _MACHINE = "Scans and slices", "Learning", "Machine"
_SETTINGS = "the settings"


def train(
    dataset: Annotated[
        Path | None, typer.Option(help="The dataset's folder.", metavar="DIR")
    ] = None,
    run: Annotated[
        Path | None,
        typer.Option(
            help="The run's folder to make.", metavar="DIR", show_default="a new one of yours"
        ),
    ] = None,
    name: Annotated[str | None, typer.Option(help="The model's name.")] = None,
    config: Annotated[
        Path | None,
        typer.Option(help="Settings to begin with, such as a run's config.json.", metavar="FILE"),
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            help="Any other setting, as in augmentation.head=0.3; may be repeated.",
            metavar="NAME=VALUE",
        ),
    ] = None,
    detach: Annotated[
        bool, typer.Option("--detach", help="Start the training and do not wait for it.")
    ] = False,
    resume: Annotated[
        bool,
        typer.Option("--resume", help="Go on with the run of --run, if it is there already."),
    ] = False,
    prepare: Annotated[
        bool,
        typer.Option("--prepare", help="Make the run's folder; torchrun or srun will train it."),
    ] = False,
    print_config: Annotated[
        bool, typer.Option("--print-config", help="Print all settings as JSON, and do nothing.")
    ] = False,
    as_json: AsJson = False,
    spacing: Annotated[
        float | None,
        typer.Option(help="Edge of the voxels, mm.", metavar="MM", rich_help_panel=_SCANS),
    ] = None,
    axis: Annotated[
        Literal["sagittal", "coronal", "axial", "all"] | None,
        typer.Option(help="Direction of the slices, or all three.", rich_help_panel=_SCANS),
    ] = None,
    neighbours: Annotated[
        int | None,
        typer.Option(help="Slices on either side shown with each.", rich_help_panel=_SCANS),
    ] = None,
    contrast_dropout: Annotated[
        float | None,
        typer.Option(
            help="How often each of several contrasts is kept from the network, so that it learns "
            "to do without.",
            rich_help_panel=_SCANS,
        ),
    ] = None,
    patch: Annotated[
        tuple[int, int] | None,
        typer.Option(
            help="Pixels cut from a slice; for dynunet --set patch=[S,H,W].",
            metavar="H W",
            rich_help_panel=_SCANS,
        ),
    ] = None,
    slices_per_epoch: Annotated[
        int | None,
        typer.Option(help="Slices shown in an epoch, unless all.", rich_help_panel=_SCANS),
    ] = None,
    sampling: Annotated[
        Literal["balanced", "uniform", "reference"] | None,
        typer.Option(help="Which slices are shown how often.", rich_help_panel=_SCANS),
    ] = None,
    full_share: Annotated[
        float | None,
        typer.Option(help="Share of slices from full scans, if balanced.", rich_help_panel=_SCANS),
    ] = None,
    label_share: Annotated[
        float | None,
        typer.Option(
            help="Share of slices drawn by label, all labels alike; 0.33 if balanced.",
            rich_help_panel=_SCANS,
        ),
    ] = None,
    loss: Annotated[
        str | None,
        typer.Option(
            help=f"How it learns: {', '.join(method_names())}. The first is the default.",
            metavar="NAME",
            rich_help_panel=_LEARNING,
        ),
    ] = None,
    strategy: Annotated[
        str | None,
        typer.Option(
            help=f"How trainings are put together: {', '.join(strategy_names())}.",
            metavar="NAME",
            rich_help_panel=_LEARNING,
        ),
    ] = None,
    network: Annotated[
        Literal["unet", "segformer", "dynunet"] | None,
        typer.Option(help="What learns.", rich_help_panel=_LEARNING),
    ] = None,
    width: Annotated[
        int | None,
        typer.Option(help="Filters of the network's first level.", rich_help_panel=_LEARNING),
    ] = None,
    epochs: Annotated[
        int | None, typer.Option(help="The most epochs to train.", rich_help_panel=_LEARNING)
    ] = None,
    patience: Annotated[
        int | None,
        typer.Option(help="Epochs to wait for a better score.", rich_help_panel=_LEARNING),
    ] = None,
    batch_size: Annotated[
        int | None, typer.Option(help="Slices a step, of all devices.", rich_help_panel=_LEARNING)
    ] = None,
    learning_rate: Annotated[
        float | None, typer.Option(help="Adam's learning rate.", rich_help_panel=_LEARNING)
    ] = None,
    schedule: Annotated[
        Literal["constant", "one_cycle", "poly"] | None,
        typer.Option(help="How the learning rate changes.", rich_help_panel=_LEARNING),
    ] = None,
    optimizer: Annotated[
        Literal["adam", "sgd"] | None,
        typer.Option(help="What makes the steps.", rich_help_panel=_LEARNING),
    ] = None,
    accumulate: Annotated[
        int | None, typer.Option(help="Batches a step.", rich_help_panel=_LEARNING)
    ] = None,
    deep_supervision: Annotated[
        bool | None,
        typer.Option(
            "--deep-supervision/--no-deep-supervision",
            help="Coarser levels of unet or dynunet learn too.",
            show_default=False,
            rich_help_panel=_LEARNING,
        ),
    ] = None,
    initial_model: Annotated[
        Path | None,
        typer.Option(help="A model to go on from.", metavar="DIR", rich_help_panel=_LEARNING),
    ] = None,
    seed: Annotated[
        int | None, typer.Option(help="Seed of everything random.", rich_help_panel=_LEARNING)
    ] = None,
    device: Annotated[
        str | None,
        typer.Option(
            help="auto, cpu, cuda, cuda:1 or mps.", metavar="NAME", rich_help_panel=_MACHINE
        ),
    ] = None,
    devices: Annotated[
        str | None,
        typer.Option(
            help="How many devices share each batch, or auto for all GPUs.",
            metavar="N",
            rich_help_panel=_MACHINE,
        ),
    ] = None,
    precision: Annotated[
        Literal["auto", "float32", "bfloat16", "float16"] | None,
        typer.Option(help="Precision of the computation.", rich_help_panel=_MACHINE),
    ] = None,
    compiled: Annotated[
        bool | None,
        typer.Option(
            "--compile/--no-compile",
            help="Compile the network first.",
            show_default=False,
            rich_help_panel=_MACHINE,
        ),
    ] = None,
    loggers: Annotated[
        list[str] | None,
        typer.Option(
            "--logger",
            help="A logger of Lightning's to write by too, csv or tensorboard; may be repeated.",
            metavar="NAME",
            rich_help_panel=_MACHINE,
        ),
    ] = None,
) -> None:
    """Train a model on full and partial labels.

    The training is a process of its own: it goes on when you close the terminal, and Ctrl-C only
    stops watching it. Options override the settings file; --print-config shows every setting with
    its value. The exit code is 0 if the training finished, 1 if it failed or was stopped.

    Examples:

        partialseg train --dataset my-dataset --run my-run
        partialseg train --dataset my-dataset --run my-run --config paper.json \\
                         --loss iuc --set augmentation.head=0.3 --detach
    """
    chosen = {
        "dataset": dataset and str(dataset),
        "name": name,
        "preprocessing.spacing": spacing,
        "preprocessing.axis": axis,
        "preprocessing.neighbours": neighbours,
        "contrast_dropout": contrast_dropout,
        "patch": patch,
        "slices_per_epoch": slices_per_epoch,
        "sampling": sampling,
        "full_share": full_share,
        "label_share": label_share,
        "loss": loss,
        "strategy": strategy,
        "network.name": network,
        "network.width": width,
        "epochs": epochs,
        "patience": patience,
        "batch_size": batch_size,
        "learning_rate": learning_rate,
        "schedule": schedule,
        "optimizer": optimizer,
        "accumulate": accumulate,
        "deep_supervision": deep_supervision,
        "initial_model": initial_model and str(initial_model),
        "seed": seed,
        "device": device,
        "devices": devices,
        "precision": precision,
        "compile": compiled,
        "loggers": loggers,
    }
    options = {field: value for field, value in chosen.items() if value is not None}
    options.update(map(_parse_setting, settings or ()))
    if resume and (begun := _begun(run)) is not None:
        _check_same(begun, config, options)
        go(begun, resuming=True, detach=detach, as_json=as_json)
        return
    with busy("Checking the dataset and the settings"):
        effective = effective_config(config, options, name=run.name if run else None)
        if print_config:
            print_json(effective.model_dump(mode="json"))
            return
        from ..runs import new_run_path, read_status
        from ..training import prepare_run

        prepared = prepare_run(run or new_run_path(effective.name), effective)
    if not prepare:
        go(prepared, resuming=False, detach=detach, as_json=as_json)
    elif as_json:
        print_json(status_as_json(prepared, read_status(prepared)))
    else:
        say(f"Prepared: {prepared.path}")
        remark(f"To train it: torchrun -m partialseg_trainer.training {prepared.path}", "dim")


def _begun(run: Path | None) -> RunFolder | None:
    """The run to go on with, if it is there. Raises UserError where none is named."""
    from ..runs import RunFolder

    if run is None:
        raise UserError("--resume needs to know which run to go on with; name it with --run.")
    folder = RunFolder(run)
    if not folder.config_file.is_file():
        return None
    folder.require()
    return folder


def _check_same(run: RunFolder, file: Path | None, options: dict[str, Any]) -> None:
    """Raise UserError where a setting that was asked for is not the one that the run has."""
    from ..files import read_json
    from ..training import TrainConfig
    from ..user_folders import expanded

    origin = str(run.config_file)
    has = TrainConfig.checked(read_json(run.config_file), origin).model_dump(mode="json")
    asked = dict(read_json(file)) if file is not None else {}
    named = {*asked, *(field.partition(".")[0] for field in options)}
    wanted = effective_config(file, {"dataset": has["dataset"], **options})
    wants = wanted.model_dump(mode="json")
    for name in ("dataset", "initial_model"):
        if wants[name] is not None:
            wants[name] = str(expanded(Path(wants[name])).absolute())
    for name in sorted(named - {"name"}):
        if wants[name] != has[name]:
            raise UserError(
                f"The run {run.name} has {name} {shown(has[name])}, but {shown(wants[name])} "
                "is asked for; leave that out to go on with it, or begin another run."
            )


def effective_config(
    file: Path | None, options: dict[str, Any], name: str | None = None
) -> TrainConfig:
    """The settings of a file, if any, with `options` (by dotted name) in their place.

    `name` is the model's name where neither gives one. Raises UserError for a file that is no
    valid settings file, and for a wrong option.
    """
    from ..files import read_json
    from ..training import TrainConfig

    content: dict[str, Any] = {}
    if file is not None:
        content = read_json(file)
        if not isinstance(content, dict):
            raise UserError(f"{file} holds no settings; expected an object such as config.json.")
        # The file is checked by itself first, so that a mistake in it is not blamed on an option.
        TrainConfig.checked({"dataset": ".", **content}, origin=str(file))
    if name:
        content.setdefault("name", name)
    for field, value in options.items():
        _put(content, field, value)
    if "dataset" not in content:
        raise UserError("No dataset is named; give --dataset, or a --config that names one.")
    return TrainConfig.checked(content, origin=_SETTINGS)


def _put(content: dict[str, Any], field: str, value: Any) -> None:
    *groups, last = field.split(".")
    for group in groups:
        content = content.setdefault(group, {})
        if not isinstance(content, dict):
            raise UserError(f"{_SETTINGS}: {group} has no setting {last}; see --print-config.")
    content[last] = value


def _parse_setting(text: str) -> tuple[str, Any]:
    """`epochs=50` as a name and a value; what is not JSON is a text."""
    field, equals, value = text.partition("=")
    if not equals:
        raise typer.BadParameter(
            f"found '{text}', where NAME=VALUE was expected; --print-config shows all names.",
            param_hint="--set",
        )
    try:
        content = json.loads(value)
    except json.JSONDecodeError:
        content = value
    except (ValueError, RecursionError):
        raise UserError(f"--set {field}: the value is too large to be read; correct it.") from None
    return field.strip(), usable(content, f"--set {field}")
