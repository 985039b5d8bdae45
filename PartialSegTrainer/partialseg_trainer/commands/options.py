"""Options that several verbs share."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import click
import typer
from typer.core import TyperCommand

from ..errors import UserError
from .terminal import remark

if TYPE_CHECKING:
    from ..dataset import NnUNetValues
    from ..labels import LabelScheme

AsJson = Annotated[
    bool, typer.Option("--json", help="Print one JSON document instead of text, for scripts.")
]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace files that are there.")]
Device = Annotated[
    str, typer.Option(help="What computes: auto, cpu, cuda, cuda:1 or mps.", metavar="NAME")
]
Confidence = Annotated[
    bool, typer.Option("--confidence", help="Also write how sure the model is, OUT_confidence.")
]
Mirror = Annotated[
    bool,
    typer.Option(
        "--mirror", help="Average over the scan and its mirror image; takes twice the time."
    ),
]
Scheme = Annotated[
    str | None,
    typer.Option(
        help="Label scheme: dhcp9, fetal8, brainstem, wmh-stroke, or a scheme's JSON file.",
        metavar="NAME",
    ),
]
NnUNetValuesFile = Annotated[
    Path | None,
    typer.Option(
        "--values",
        help="What nnU-Net's values mean: the dataset.json of the export.",
        metavar="FILE",
        show_default="the one beside the labelmaps, if there is one",
    ),
]
FurtherImages = Annotated[
    list[str] | None,
    typer.Option(
        "--image",
        help="The scan in another contrast of the model, as T1w=FILE; may be repeated.",
        metavar="NAME=FILE",
    ),
]
RunsRoot = Annotated[
    Path | None,
    typer.Option(
        help="Folder of the runs.", metavar="DIR", show_default="your own, beside other user data"
    ),
]


def nnunet_values(file: Path | None, labelmaps: Path, scheme: LabelScheme) -> NnUNetValues | None:
    """The map in `file`, or in the one beside the labelmaps; a remark says whether it is used.

    Raises UserError for a file without a map, and for a map of another scheme.
    """
    from ..dataset import other_labels_beside, read_values, values_beside

    found = read_values(file, scheme) if file else values_beside(labelmaps, scheme)
    other = None if found else other_labels_beside(labelmaps)
    if found is not None:
        remark(f"The values of {labelmaps} are nnU-Net's, and are taken by {found.origin}", "dim")
    elif other is not None:
        remark(
            f"Doubtful: {other} names other labels than scheme '{scheme.name}' and is not used: "
            f"the values of {labelmaps} are taken as the scheme's; if they are not, call the "
            "labels there as the scheme does.",
            "yellow",
        )
    return found


def by_contrast_name(entries: Iterable[str]) -> dict[str, str]:
    """`["T1w=FILE"]` as {"T1w": "FILE"}.

    Raises UserError for another form, a contrast that is no suffix of BIDS or is given twice.
    """
    from ..dataset.contrast import checked_contrast

    found: dict[str, str] = {}
    for entry in entries:
        contrast, equals, place = (part.strip() for part in entry.partition("="))
        if not (equals and contrast and place):
            raise UserError(
                f"--image: found '{entry}', where NAME=PATH was expected, as in T1w=scan.nii.gz."
            )
        contrast = checked_contrast(contrast)
        if contrast in found:
            raise UserError(
                f"--image: {contrast} is given twice, as {found[contrast]} and as {place}; give "
                "each contrast once."
            )
        found[contrast] = place
    return found


def further_images(entries: list[str] | None) -> dict[str, Path]:
    """`by_contrast_name` of files. Raises UserError for one that is not there."""
    from ..folders import missing

    found = {contrast: Path(file) for contrast, file in by_contrast_name(entries or ()).items()}
    for file in found.values():
        if not file.exists():
            raise missing(file)
    return found


class TakesContrasts(TyperCommand):
    """A command whose `--contrasts` takes its names with commas or with spaces between them."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        return super().parse_args(ctx, _with_commas(args))


def _with_commas(words: list[str]) -> list[str]:
    """`--contrasts T2w T1w` as `--contrasts T2w,T1w`; what is no contrast's name ends the list."""
    if "--contrasts" not in words:
        return words
    from ..dataset.contrast import named

    first = words.index("--contrasts") + 1
    end = first + 1
    while end < len(words) and all(map(named, words[first : end + 1])):
        end += 1
    return [*words[:first], *filter(None, [",".join(words[first:end])]), *words[end:]]


def names(text: str | None) -> tuple[str, ...]:
    """The entries of a list such as `wm,cgm,dgm`."""
    return tuple(part.strip() for part in (text or "").split(",") if part.strip())
