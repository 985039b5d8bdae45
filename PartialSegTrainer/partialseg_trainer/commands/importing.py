"""`partialseg import`: a dataset from scans and labelmaps that exist already."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from ..errors import UserError
from .options import AsJson, Scheme, names
from .terminal import counted, print_json, progress_bar, remark, say, show

if TYPE_CHECKING:
    from ..dataset import Dataset
    from ..labels import LabelScheme

_HIDING = "Make partial labels of full ones"


def import_(
    output: Annotated[Path, typer.Option(help="The dataset's folder to make.", metavar="DIR")],
    images: Annotated[
        str | None, typer.Option(help="Folder or pattern of the images.", metavar="DIR")
    ] = None,
    labels: Annotated[
        str | None,
        typer.Option(help="Folder or pattern of the labelmaps; may be the same.", metavar="DIR"),
    ] = None,
    folder: Annotated[
        Path | None,
        typer.Option(
            "--folder",
            help="Folder of a dHCP release or of a raw nnU-Net dataset.",
            metavar="DIR",
        ),
    ] = None,
    layout: Annotated[
        Literal["pairs", "dhcp", "nnunet"],
        typer.Option(help="How the scans lie: --images and --labels, or the layout of --folder."),
    ] = "pairs",
    scheme: Scheme = None,
    mapping: Annotated[
        str | None,
        typer.Option(
            "--map",
            help="New values for old ones, by number or name: 1=3,2=wm. Others keep theirs.",
            metavar="OLD=NEW,...",
        ),
    ] = None,
    channel: Annotated[
        int | None, typer.Option(help="Which image of an nnU-Net scan with several.", min=0)
    ] = None,
    hide: Annotated[
        str | None,
        typer.Option(
            help="Labels to forget, as in wm,cgm,dgm.",
            metavar="NAME,...",
            rich_help_panel=_HIDING,
        ),
    ] = None,
    keep_full: Annotated[
        int,
        typer.Option(
            help="How many subjects, drawn by --seed, keep all labels.",
            min=0,
            metavar="N",
            rich_help_panel=_HIDING,
        ),
    ] = 0,
    seed: Annotated[
        int, typer.Option(help="Which subjects are drawn.", min=0, rich_help_panel=_HIDING)
    ] = 0,
    as_json: AsJson = False,
) -> None:
    """Make a dataset from images and labelmaps.

    Files belong together by their names. Subjects are called by the names of the files, which are
    not anonymised: rename files that carry a patient's name first.

    Examples:

        partialseg import --images scans --labels drawn --scheme dhcp9 \\
                          --map 1=csf,2=tcv --output my-dataset
        partialseg import --layout dhcp --folder dhcp-release --output paper \\
                          --hide wm,cgm,dgm --keep-full 2 --seed 0
    """
    _refuse_options_of_other_layouts(
        layout,
        {
            "--images": ("pairs", images),
            "--labels": ("pairs", labels),
            "--map": ("pairs", mapping),
            "--folder": ("dhcp nnunet", folder),
            "--channel": ("nnunet", channel),
        },
    )
    if layout == "pairs" and not (images and labels and scheme):
        raise typer.BadParameter(
            "give --images, --labels and --scheme.", param_hint="--layout pairs"
        )
    if layout != "pairs" and not folder:
        raise typer.BadParameter("give --folder.", param_hint=f"--layout {layout}")

    from ..dataset import import_dhcp, import_nnunet, import_pairs
    from ..labels import LabelScheme

    chosen = LabelScheme.load(scheme) if scheme else None
    tally: Counter[tuple[int, str]] = Counter()
    shared = {"hide": names(hide), "keep_full": keep_full, "seed": seed, "tally": tally}
    with progress_bar("Importing scans") as advance:
        if layout == "pairs":
            values = parse_mapping(names(mapping), chosen)
            made = import_pairs(images, labels, chosen, output, values, **shared, progress=advance)
        elif layout == "dhcp":
            made = import_dhcp(folder, output, chosen or "dhcp9", **shared, progress=advance)
        else:
            made = import_nnunet(
                folder, output, chosen, channel=channel, **shared, progress=advance
            )
    report(made, as_json, tally)


def parse_mapping(entries: Iterable[str], scheme: LabelScheme) -> dict[int, int]:
    """`["1=3", "2=wm"]` as {old value: new value}; a name is that of a label, or outside for 0.

    Raises UserError for an entry of another form, a value given twice, or an unknown label.
    """
    from ..labels.scheme import OUTSIDE

    mapping: dict[int, int] = {}
    for entry in entries:
        old, equals, new = (part.strip() for part in entry.partition("="))
        if not (equals and old.isdecimal() and new):
            raise UserError(
                f"--map: found '{entry}', where OLD=NEW was expected, a value of the labelmaps "
                f"and a value or label of scheme '{scheme.name}', as in 1=3,2=wm."
            )
        if int(old) in mapping:
            raise UserError(f"--map: the value {old} is given twice; give each value once.")
        if new.isdecimal():
            mapping[int(old)] = int(new)
        else:
            mapping[int(old)] = 0 if new == OUTSIDE else scheme[new].value
    return mapping


def report(
    dataset: Dataset, as_json: bool, tally: Mapping[tuple[int, str], int] | None = None
) -> None:
    """Say what a new dataset holds.

    `tally` has the voxels of each value of the labelmaps and label that it was taken for, where the
    dataset was made of labelmaps.
    """
    cases = dataset.cases
    full = sum(case.info.fully_known for case in cases)
    if as_json:
        content = {
            "dataset": str(dataset.folder),
            "scheme": dataset.scheme.name,
            "subjects": len(dataset.subjects),
            "scans": len(cases),
            "fully_labelled": full,
        }
        if tally is not None:
            content["values"] = [
                {"value": value, "label": label, "voxels": voxels}
                for (value, label), voxels in sorted(tally.items())
            ]
        print_json(content)
        return
    if tally is not None:
        _show_values(dataset.scheme, tally)
    say(
        f"{dataset.folder}: {counted(len(cases), 'scan')} of "
        f"{counted(len(dataset.subjects), 'subject')} in scheme '{dataset.scheme.name}', "
        f"{full} fully labelled and {len(cases) - full} in part."
    )
    remark(f"Next: partialseg train --dataset {dataset.folder}", "dim")


def _show_values(scheme: LabelScheme, tally: Mapping[tuple[int, str], int]) -> None:
    """What each value was taken for; nothing else shows that an atlas numbers labels otherwise."""
    from rich.table import Table

    table = Table()
    table.add_column("Value", justify="right")
    table.add_column("Taken for")
    table.add_column("Voxels", justify="right")
    for (value, label), voxels in sorted(tally.items()):
        title = f"{scheme[label].title} ({label})" if label in scheme else label
        table.add_row(str(value), title, str(voxels))
    show(table)


def _refuse_options_of_other_layouts(layout: str, given: dict[str, tuple[str, object]]) -> None:
    for option, (layouts, value) in given.items():
        if value is not None and layout not in layouts.split():
            raise typer.BadParameter(
                f"it goes with --layout {' or '.join(layouts.split())}, not {layout}.",
                param_hint=option,
            )
