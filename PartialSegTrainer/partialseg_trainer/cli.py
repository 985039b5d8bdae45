"""The command `partialseg`."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated, Any

import click
import typer
from typer.core import TyperGroup

from . import __version__
from .commands import (
    check,
    complete,
    demo,
    devices,
    evaluate,
    experiment,
    export,
    importing,
    models,
    runs,
    schemes,
    segment,
    synthesize,
    vary,
)
from .commands import train as training
from .commands.failures import explain
from .commands.options import TakesContrasts
from .commands.terminal import accept_any_character, remark
from .plain_text import printable

_DATA, _TRAIN, _USE = "Prepare scans", "Train", "Use a model"


class _PlainGroup(TyperGroup):
    """Repeats words of the command line that it cannot use without what a terminal obeys."""

    def make_context(self, *arguments: Any, **options: Any) -> click.Context:
        with _plain_errors():
            return super().make_context(*arguments, **options)

    def invoke(self, context: click.Context) -> Any:
        with _plain_errors():
            return super().invoke(context)


@contextmanager
def _plain_errors() -> Iterator[None]:
    try:
        yield
    except click.ClickException as error:
        error.message = printable(error.message)
        raise


app = typer.Typer(
    cls=_PlainGroup,
    help="Learn to segment the newborn brain from whatever annotations exist.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("demo", rich_help_panel="Begin here")(demo.demo)
app.command("synthesize", cls=TakesContrasts, rich_help_panel=_DATA)(synthesize.synthesize)
app.command("import", cls=TakesContrasts, rich_help_panel=_DATA)(importing.import_)
app.command("export", rich_help_panel=_DATA)(export.export)
app.command("check", rich_help_panel=_DATA)(check.check)
app.command("vary", rich_help_panel=_DATA)(vary.vary)
app.add_typer(schemes.app, name="schemes", rich_help_panel=_DATA)
app.command("train", rich_help_panel=_TRAIN)(training.train)
app.add_typer(runs.app, name="runs", rich_help_panel=_TRAIN)
app.add_typer(models.app, name="models", rich_help_panel=_TRAIN)
app.command("experiment", rich_help_panel=_TRAIN)(experiment.experiment)
app.command("devices", rich_help_panel=_TRAIN)(devices.devices)
app.command("segment", rich_help_panel=_USE)(segment.segment)
app.command("complete", rich_help_panel=_USE)(complete.complete)
app.command("evaluate", rich_help_panel=_USE)(evaluate.evaluate)


@dataclass
class Invocation:
    """What holds for one call of the command, whatever its verb."""

    debug: bool = False


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"partialseg {__version__}")
        raise typer.Exit


@app.callback()
def _all_verbs(
    context: typer.Context,
    version: Annotated[
        bool,
        typer.Option("--version", help="Show the version.", callback=_print_version, is_eager=True),
    ] = False,
    debug: Annotated[
        bool,
        typer.Option("--debug", help="Show where an error arose.", envvar="PARTIALSEG_DEBUG"),
    ] = False,
) -> None:
    context.obj.debug = debug


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command and exit with its code; see `ExitCode`."""
    accept_any_character()
    invocation = Invocation()
    try:
        app(arguments, prog_name="partialseg", obj=invocation)
    except Exception as error:
        if invocation.debug:
            traceback.print_exc()
        sentence, code = explain(error)
        remark(f"Error: {sentence}", "red")
        sys.exit(code)
