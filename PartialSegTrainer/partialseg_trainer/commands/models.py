"""`partialseg models`: which models there are, and what one of them is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import UserError
from .options import AsJson, RunsRoot
from .terminal import busy, print_json, remark, say, show

if TYPE_CHECKING:
    from ..models import ModelInfo

app = typer.Typer(no_args_is_help=True, help="List the models at hand, or show one of them.")


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
        ("Contrast", info.contrast),
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


def _as_json(folder: Path, info: ModelInfo) -> dict[str, Any]:
    return {"folder": str(folder), **info.model_dump(mode="json")}
