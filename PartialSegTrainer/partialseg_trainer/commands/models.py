"""`partialseg models`: which models there are, what one of them is, and how it is handed on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import UserError
from .options import AsJson, Overwrite, RunsRoot
from .terminal import busy, print_json, remark, say, show

if TYPE_CHECKING:
    from ..models import ModelInfo

app = typer.Typer(no_args_is_help=True, help="List, show, pack and install models.")


@app.command("list")
def list_(root: RunsRoot = None, as_json: AsJson = False) -> None:
    """List the models at hand: the default one, your own, and those of your runs.

    Example:

        partialseg models list
    """
    from ..models import list_models, read_info

    with busy("Looking for models"):
        infos: list[tuple[Path, ModelInfo]] = []
        for folder in list_models(root):
            try:
                infos.append((folder, read_info(folder)))
            except UserError as error:
                remark(f"Passed over: {error}", "yellow")
    if as_json:
        print_json([_as_json(folder, info) for folder, info in infos])
        return
    if not infos:
        say("There are no models yet; train one with 'partialseg train'.")
        return
    from rich.table import Table

    table = Table("Model", "Scheme", "Date", "Loss")
    # A folder is there to be copied, so it may be long but must stay whole.
    table.add_column("Folder", overflow="fold")
    for folder, info in infos:
        table.add_row(
            info.title or info.name, info.scheme["name"], info.date, info.loss, str(folder)
        )
    show(table)


@app.command("show")
def show_(
    model: Annotated[
        str, typer.Argument(help="A model's folder or name, or a run's folder.", metavar="DIR")
    ],
    as_json: AsJson = False,
) -> None:
    """Show what a model is: labels, training data, scores. Its weights are checked.

    Example:

        partialseg models show my-run/model
    """
    with busy("Loading the model"):
        from ..inference import load_model

        loaded = load_model(model)
    info = loaded.info
    if as_json:
        print_json(_as_json(loaded.folder, info))
        return
    from rich.table import Table

    facts = Table.grid(padding=(0, 2))
    network = info.network
    for heading, fact in (
        ("Model", info.title or info.name),
        ("Date", info.date),
        ("Trained on", info.training_data),
        ("Contrast" + "s" * (len(info.contrasts) > 1), ", ".join(info.contrasts)),
        ("Loss", info.loss),
        ("Network", f"{network.name}, width {network.width}, depth {network.depth}"),
        ("Sees", f"{info.seen}, of {info.preprocessing.spacing:g} mm"),
        ("Licence", info.licence),
        ("Folder", str(loaded.folder)),
    ):
        facts.add_row(heading, fact)
    show(facts)
    table = Table("Label", "Name", title=f"Scheme {loaded.scheme.name}", title_justify="left")
    for column in ("Value", *(f"Dice, {measured}" for measured in info.scores)):
        table.add_column(column, justify="right")
    for label in loaded.scheme:
        scores = (scored.get(label.name) for scored in info.scores.values())
        shown = ("—" if score is None else f"{score:.3f}" for score in scores)
        table.add_row(label.title, label.name, str(label.value), *shown)
    show(table)


@app.command("pack")
def pack(
    model: Annotated[
        str, typer.Argument(help="A model's folder or name, or a run's folder.", metavar="DIR")
    ],
    output: Annotated[
        Path, typer.Option("-o", "--output", help="The archive, .zip.", metavar="FILE")
    ],
    overwrite: Overwrite = False,
    as_json: AsJson = False,
) -> None:
    """Pack a model into one file to hand on, with the checksum of each part.

    Example:

        partialseg models pack my-run -o my-model.zip
    """
    from ..models import find_model, pack_model

    packed = pack_model(find_model(model), output, overwrite=overwrite)
    if as_json:
        print_json({"archive": str(packed), "bytes": packed.stat().st_size})
    else:
        say(f"Written: {packed}, {packed.stat().st_size / 1e6:.1f} MB")


@app.command("export")
def export(
    model: Annotated[
        str, typer.Argument(help="A model's folder or name, or a run's folder.", metavar="DIR")
    ],
    to: Annotated[str, typer.Option(help="onnx, torchscript or monai-bundle.", metavar="FORM")],
    output: Annotated[Path, typer.Option("-o", "--output", help="A new folder.", metavar="FOLDER")],
    as_json: AsJson = False,
) -> None:
    """Write a model's network for other programs, which need nothing of PartialSeg then.

    It gives the probabilities of the leaves. What has to happen before and after it stands in
    description.json beside it; a MONAI bundle does it too, by `python -m monai.bundle run`.

    Example:

        partialseg models export my-run --to onnx -o my-model-onnx
    """
    with busy("Writing the network"):
        from ..inference import load_model
        from ..inference.export import KINDS, export_model

        folder = export_model(load_model(model), to, output)
    file = folder / KINDS[to][0]
    if as_json:
        print_json({"folder": str(folder), "file": str(file)})
    else:
        say(f"Written: {file}, and what belongs to it beside it")


@app.command("install")
def install(
    source: Annotated[
        Path, typer.Argument(help="A packed model, .zip, or a model's folder.", metavar="SOURCE")
    ],
    as_json: AsJson = False,
) -> None:
    """Put a model among your own, where it is known by its name, in Slicer too.

    Its checksums are compared and its weights are loaded first; no code in it is executed. A model
    of the same name stays, and the new one gets a number behind its name.

    Example:

        partialseg models install my-model.zip
    """
    with busy("Looking at the model"):
        from ..models import install_model
        from ..networks.model import load_model

        folder = install_model(source, load_model)
    if as_json:
        print_json({"folder": str(folder), "name": folder.name})
    else:
        say(f"Installed as {folder.name}, in {folder}")
        say(f"Use it with: partialseg segment scan.nii.gz -o labels.nii.gz --model {folder.name}")


def _as_json(folder: Path, info: ModelInfo) -> dict[str, Any]:
    return {"folder": str(folder), **info.model_dump(mode="json")}
