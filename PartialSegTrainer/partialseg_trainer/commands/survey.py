"""What a command says of the dataset that it made, or would make."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .terminal import counted, print_json, remark, say, show

if TYPE_CHECKING:
    from rich.table import Table

    from ..dataset import Dataset, Survey


def report(dataset: Dataset, as_json: bool, survey: Survey | None = None) -> None:
    """Say what a new dataset holds, and what the survey of the labelmaps it was made of found."""
    cases = dataset.cases
    full = sum(case.info.fully_known for case in cases)
    if as_json:
        content = {
            "dataset": str(dataset.folder),
            "scheme": dataset.scheme.name,
            "contrast": dataset.contrast,
            "contrasts": list(dataset.contrasts),
            "subjects": len(dataset.subjects),
            "scans": len(cases),
            "fully_labelled": full,
        }
        print_json(content | (_as_content(survey) if survey else {}))
        return
    if survey is not None:
        _show_values(survey)
        _show_labels(survey)
        _show_doubts(survey)
    say(
        f"{dataset.folder}: {counted(len(cases), 'scan')} of "
        f"{counted(len(dataset.subjects), 'subject')} in scheme '{dataset.scheme.name}', "
        f"{_of_contrasts(dataset)}, {full} fully labelled and {len(cases) - full} in part."
    )
    remark(f"Next: partialseg train --dataset {dataset.folder}", "dim")


def _of_contrasts(dataset: Dataset) -> str:
    return f"contrast{'s' * (len(dataset.contrasts) > 1)} {' and '.join(dataset.contrasts)}"


def report_dry_run(survey: Survey, as_json: bool) -> None:
    scans = len(survey.pairs)
    if as_json:
        pairs = [
            {
                "scan": str(pair.scan),
                "image": str(pair.image),
                **({"further": list(map(str, pair.further))} if pair.further else {}),
                "labels": str(pair.labels),
            }
            for pair in survey.pairs
        ]
        print_json(
            {"dry_run": True, "scans": scans, "fully_labelled": survey.fully_known, "pairs": pairs}
            | _as_content(survey)
        )
        return
    images = survey.contrasts if len(survey.contrasts) > 1 else ("Image",)
    table = _table("Scan", *images, "Labels")
    for pair in survey.pairs:
        table.add_row(*(str(part) for part in (pair.scan, *pair.images, pair.labels)))
    show(table)
    _show_values(survey)
    _show_labels(survey)
    _show_doubts(survey)
    say(
        f"Nothing is written: {counted(scans, 'scan')}, {survey.fully_known} fully labelled and "
        f"{scans - survey.fully_known} in part; leave out --dry-run to make the dataset."
    )


def _as_content(survey: Survey) -> dict[str, list[dict[str, object]]]:
    from ..labels import Status

    return {
        "values": [
            {"value": value, "label": label, "voxels": voxels}
            for (value, label), voxels in _by_value(survey)
        ],
        "labels": [
            {"label": name}
            | {status.name.lower(): survey.statuses[name, status] for status in Status}
            for name in survey.scheme.names
        ],
        "doubts": [
            {"doubt": doubt, "scans": [str(scan) for scan in scans]}
            for doubt, scans in survey.doubts.values()
        ],
    }


def _show_values(survey: Survey) -> None:
    """What each value was taken for; nothing else shows that an atlas numbers labels otherwise."""
    table = _table(">Value or segment", "Taken for", ">Voxels")
    for (value, label), voxels in _by_value(survey):
        known = label in survey.scheme
        title = f"{survey.scheme[label].title} ({label})" if known else label
        table.add_row(str(value), title, str(voxels))
    show(table)


def _by_value(survey: Survey) -> list[tuple[tuple[int | str, str], int]]:
    """The voxels of each value and segment: the values first, in their order."""
    return sorted(survey.values.items(), key=lambda item: (isinstance(item[0][0], str), item[0]))


def _show_doubts(survey: Survey) -> None:
    """Each kind of doubt about where scans lie once, however many have it."""
    for doubt, scans in survey.doubts.values():
        others = f" and {counted(len(scans) - 1, 'other scan')}" if len(scans) > 1 else ""
        remark(f"Doubtful: {scans[0]}{others}: {doubt}", "yellow")


def _show_labels(survey: Survey) -> None:
    """In how many scans each label is what; nothing else shows that one was never drawn."""
    from ..labels import Status

    statuses = (Status.COMPLETE, Status.IN_PROGRESS, Status.ABSENT, Status.NOT_ANNOTATED)
    table = _table("Label", ">Annotated", ">In part", ">Absent", ">Not annotated")
    for label in survey.scheme:
        counts = (survey.statuses[label.name, status] for status in statuses)
        table.add_row(f"{label.title} ({label.name})", *(str(count or "-") for count in counts))
    show(table)


def _table(*titles: str) -> Table:
    """A table with these columns; those of numbers begin with >."""
    from rich.table import Table

    table = Table()
    for title in titles:
        table.add_column(title.lstrip(">"), justify="right" if title[0] == ">" else "left")
    return table
