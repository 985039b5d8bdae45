"""`partialseg import`: a dataset from scans and labelmaps that exist already."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from ..errors import UserError
from .options import (
    AsJson,
    NnUNetValuesFile,
    Scheme,
    by_contrast_name,
    names,
    nnunet_values,
)
from .survey import report, report_dry_run
from .terminal import progress_bar

if TYPE_CHECKING:
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
            help="New values for old ones, by number or name: 1=3,2=wm,9=outside,255=unknown; "
            "labels for segments of Slicer: Left=wm,Skull=unknown. Others keep theirs.",
            metavar="OLD=NEW,...",
        ),
    ] = None,
    annotated: Annotated[
        str | None,
        typer.Option(
            help="The labels that were drawn wherever they are, or all; of the others nothing is "
            "known where nothing is drawn.",
            metavar="NAME,...",
            show_default="those of --map, else those that occur",
        ),
    ] = None,
    unknown: Annotated[
        str | None,
        typer.Option(
            help="Values of voxels of which nothing is known, as 255.", metavar="VALUE,..."
        ),
    ] = None,
    nnunet: NnUNetValuesFile = None,
    contrast: Annotated[
        str | None,
        typer.Option(
            "--contrast",
            "--contrasts",
            help="The contrast of the scans, as BIDS calls it: T2w, T1w, FLAIR, ... Or several, of "
            "each of which every scan has an image; the first is the one that was drawn on.",
            metavar="NAME,...",
            show_default="what their names say, else T2w",
        ),
    ] = None,
    image: Annotated[
        list[str] | None,
        typer.Option(
            help="Where the images of a further contrast lie, if not in --images; given again, of "
            "another.",
            metavar="NAME=DIR",
        ),
    ] = None,
    channel: Annotated[
        int | None,
        typer.Option(
            help="Which image of an nnU-Net scan with several; --contrasts takes them all.", min=0
        ),
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
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Show what would be made of it, and write nothing."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Make a dataset from images and labelmaps.

    Files belong together by their names. Subjects are called by the names of the files, which are
    not anonymised: rename files that carry a patient's name first.

    What was not drawn is not absent: a voxel of value 0 is none of the labels that were annotated
    (--annotated), and may be any other.

    Segmentations of Slicer (.seg.nrrd) are read by the names and the statuses of their segments.

    Examples:

        partialseg import --images scans --labels drawn --scheme dhcp9 \\
                          --map 1=csf,2=tcv --output my-dataset
        partialseg import --layout dhcp --folder dhcp-release --output paper \\
                          --hide wm,cgm,dgm --keep-full 2 --seed 0
        partialseg import --images scans --labels drawn --scheme dhcp9 \\
                          --contrasts T2w,T1w --output both
    """
    _refuse_options_of_other_layouts(
        layout,
        {
            "--images": ("pairs", images),
            "--labels": ("pairs", labels),
            "--map": ("pairs", mapping),
            "--annotated": ("pairs", annotated),
            "--unknown": ("pairs", unknown),
            "--values": ("pairs", nnunet),
            "--image": ("pairs", image),
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

    from ..dataset import Survey, import_dhcp, import_nnunet, import_pairs
    from ..labels import LabelScheme

    chosen = LabelScheme.load(scheme) if scheme else None
    survey = Survey()
    made_of = {"hide": names(hide), "keep_full": keep_full, "seed": seed, "survey": survey}
    made_of["contrast"] = names(contrast) or None
    target = None if dry_run else output
    with progress_bar("Reading scans" if dry_run else "Importing scans") as advance:
        if layout == "pairs":
            values, forgotten, renamed = parse_mapping(names(mapping), chosen)
            forgotten = (*forgotten, *_values(unknown, values))
            declared = None
            if nnunet or not (values or forgotten):
                declared = nnunet_values(nnunet, Path(labels), chosen)
            made = import_pairs(
                images,
                labels,
                chosen,
                target,
                values,
                renamed=renamed,
                annotated="all" if annotated == "all" else names(annotated) or None,
                unknown=forgotten,
                elsewhere=by_contrast_name(image or ()),
                values=declared,
                **made_of,
                progress=advance,
            )
        elif layout == "dhcp":
            made = import_dhcp(folder, target, chosen or "dhcp9", **made_of, progress=advance)
        else:
            made = import_nnunet(
                folder,
                target,
                chosen,
                channel=channel,
                **made_of,
                progress=advance,
            )
    if made is None:
        report_dry_run(survey, as_json)
    else:
        report(made, as_json, survey)


def parse_mapping(
    entries: Iterable[str], scheme: LabelScheme
) -> tuple[dict[int, int], tuple[int, ...], dict[str, str]]:
    """`["1=3", "2=wm", "255=unknown", "Left=wm"]` as ({1: 3, 2: 1}, (255,), {"Left": "wm"}).

    These are new values, the unknown ones, and the labels of segments. A new name is that of a
    label, or outside for 0, or unknown. Raises UserError for an entry of
    another form, a value given twice, or an unknown label.
    """
    from ..dataset.importing import UNKNOWN
    from ..labels.scheme import OUTSIDE

    mapping: dict[int, int] = {}
    unknown: list[int] = []
    renamed: dict[str, str] = {}
    for entry in entries:
        old, equals, new = (part.strip() for part in entry.rpartition("="))
        if not (equals and old and new) or (not old.isdecimal() and new.isdecimal()):
            raise UserError(
                f"--map: found '{entry}', where OLD=NEW was expected, a value of the labelmaps or "
                f"the name of a segment, and a value or label of scheme '{scheme.name}', as in "
                "1=3,2=wm,Left=wm."
            )
        if not old.isdecimal():
            renamed[old] = new if new == UNKNOWN else scheme[new].name
            continue
        if int(old) in mapping or int(old) in unknown:
            raise UserError(f"--map: the value {old} is given twice; give each value once.")
        if new == UNKNOWN:
            unknown.append(int(old))
        elif new.isdecimal():
            mapping[int(old)] = int(new)
        else:
            mapping[int(old)] = 0 if new == OUTSIDE else scheme[new].value
    return mapping, tuple(unknown), renamed


def _values(text: str | None, mapped: Collection[int]) -> tuple[int, ...]:
    for entry in names(text):
        if not entry.isdecimal():
            raise UserError(f"--unknown: found '{entry}', where a value was expected, as in 255.")
        if int(entry) in mapped:
            raise UserError(
                f"--unknown: the value {entry} has a meaning by --map too; give each value once."
            )
    return tuple(int(entry) for entry in names(text))


def _refuse_options_of_other_layouts(layout: str, given: dict[str, tuple[str, object]]) -> None:
    for option, (layouts, value) in given.items():
        if value is not None and layout not in layouts.split():
            raise typer.BadParameter(
                f"it goes with --layout {' or '.join(layouts.split())}, not {layout}.",
                param_hint=option,
            )
