"""`partialseg schemes`: which label schemes come along, and what is in one."""

from __future__ import annotations

from typing import Annotated

import typer

from .options import AsJson
from .terminal import print_json, remark, say, show

app = typer.Typer(no_args_is_help=True, help="List the label schemes, or show one of them.")


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """List the label schemes that come along.

    Example:

        partialseg schemes list
    """
    from ..labels import LabelScheme
    from ..labels.scheme import preset_names

    schemes = [LabelScheme.load(name) for name in preset_names()]
    if as_json:
        print_json(
            [
                {"name": scheme.name, "title": scheme.title, "labels": list(scheme.names)}
                for scheme in schemes
            ]
        )
        return
    from rich.table import Table

    table = Table("Name", "Title", "Labels")
    for scheme in schemes:
        table.add_row(scheme.name, scheme.title, ", ".join(scheme.names))
    show(table)
    remark(
        "Your own is a JSON file of the form that 'partialseg schemes show --json' prints.", "dim"
    )


@app.command("show")
def show_(
    scheme: Annotated[
        str, typer.Argument(help="A scheme's name, or its JSON file.", metavar="NAME")
    ],
    as_json: AsJson = False,
) -> None:
    """Show the labels of a scheme, the parts of a super-label below it, and their values.

    With --json it is the scheme's file, to begin one of your own with.

    Example:

        partialseg schemes show dhcp9
    """
    from ..labels import LabelScheme

    chosen = LabelScheme.load(scheme)
    if as_json:
        print_json(chosen.to_dict())
        return
    from rich.table import Table

    say(f"{chosen.name}: {chosen.title}")
    table = Table("Label", "Name")
    table.add_column("Value", justify="right")
    table.add_column("Parts")
    for label, depth in chosen.outline():
        parts = "fill it" if label.exhaustive else "leave a rest" if label.children else ""
        table.add_row("  " * depth + label.title, label.name, str(label.value), parts)
    show(table)
    if chosen.source:
        remark(chosen.source, "dim")
