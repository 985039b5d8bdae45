"""Options of `segment` for what is told of each scan, and how much of a cohort is done."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

_RESULT, _COHORT = "What is written", "Cohorts"

Statistics = Annotated[
    Path | None,
    typer.Option(
        help="Also write one table of volume (mL), intensity and confidence of each label of each "
        "scan; .csv or .json.",
        metavar="FILE",
        rich_help_panel=_RESULT,
    ),
]
Preview = Annotated[
    bool,
    typer.Option(
        "--preview",
        help="Also write a picture, OUT_preview.png: three planes, labels over the scan.",
        rich_help_panel=_RESULT,
    ),
]
Probabilities = Annotated[
    bool,
    typer.Option(
        "--probabilities",
        help="Also write the probability of each label, 4-D, OUT_probabilities.nii.gz; the .json "
        "beside it names its volumes.",
        rich_help_panel=_RESULT,
    ),
]
Labels = Annotated[
    str | None,
    typer.Option(
        help="Tell of these labels alone; a super-label without its parts is one piece.",
        metavar="NAME,...",
        show_default="all",
        rich_help_panel=_RESULT,
    ),
]
Split = Annotated[
    bool,
    typer.Option(
        "--split",
        help="Also write a file of 0 and 1 for each label, OUT_LABEL.",
        rich_help_panel=_RESULT,
    ),
]
Age = Annotated[
    float | None,
    typer.Option(
        help="Post-menstrual age at the scan, in weeks; of several scans it is read of the column "
        "scan_age in participants.tsv or a subject's sessions.",
        metavar="WEEKS",
        show_default="what the tables beside the scan say",
        rich_help_panel=_RESULT,
    ),
]
NormsTable = Annotated[
    str | None,
    typer.Option(
        "--norms",
        help="Also write a chart, OUT_growth.png: volumes beside those published for the age, a "
        "table that you name; 'phantoms' is one to try it with.",
        metavar="FILE",
        rich_help_panel=_RESULT,
    ),
]
Continue = Annotated[
    bool,
    typer.Option(
        "--continue",
        help="Leave out scans whose files are all there.",
        rich_help_panel=_COHORT,
    ),
]
PartOf = Annotated[
    str | None,
    typer.Option(
        "--part",
        help="Only the K-th of N parts of the scans, each for a job of its own; --statistics "
        "writes FILE_K-of-N, which a last call with --continue joins.",
        metavar="K/N",
        rich_help_panel=_COHORT,
    ),
]
Threads = Annotated[
    int | None,
    typer.Option(
        help="How many threads compute on the CPU.",
        min=1,
        metavar="N",
        show_default="one a core",
        rich_help_panel=_COHORT,
    ),
]
Quiet = Annotated[
    bool,
    typer.Option(
        "--quiet",
        help="Show neither progress nor results, only what is wrong or doubtful.",
        rich_help_panel=_COHORT,
    ),
]
