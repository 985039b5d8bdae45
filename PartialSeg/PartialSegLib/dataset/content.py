"""What is in a dataset, and what of each label is annotated in each of its cases."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from partialseg_trainer.labels import LabelScheme, Status

from ..engine.jobs import Job, JobFailed


class DatasetCase(NamedTuple):
    """One annotated scan of a dataset; `status` has an entry for each label of the scheme."""

    name: str
    subject: str
    session: str | None
    annotator: str
    date: datetime
    status: dict[str, Status]
    fullyKnown: bool


class DatasetContent(NamedTuple):
    """A dataset as it stands; `problems` are sentences about cases that cannot be read.

    `contrasts` are those of which each scan has an image, the annotated one first.
    """

    folder: Path
    name: str
    scheme: LabelScheme
    cases: tuple[DatasetCase, ...]
    problems: tuple[str, ...]
    contrasts: tuple[str, ...] = ("T2w",)


def isNewDataset(folder: str | Path) -> bool:
    """Whether an export would make a dataset in the folder: it is missing or empty."""
    try:
        return not any(Path(folder).iterdir())
    except FileNotFoundError:
        return True
    except OSError:
        # A file, or a folder that may not be read: whoever exports is told so.
        return False


def newDatasetJob(
    folder: str | Path,
    scheme: LabelScheme,
    contrasts: Sequence[str] = ("T2w",),
    *,
    onFinished: Callable[[], object],
    onFailed: Callable[[JobFailed], object] | None = None,
) -> Job:
    """A job that makes a dataset without a case in a missing or empty folder.

    `contrasts` are those of each of its scans, the annotated one first.

    `onFailed` is told when that cannot be; a dataset that is there already is as good.
    """
    return Job(
        "dataset",
        {
            "dataset": str(folder),
            "name": Path(folder).name,
            "scheme": scheme.to_dict(),
            "contrasts": list(contrasts),
        },
        onFinished=lambda _result, _folder: onFinished(),
        onFailed=onFailed,
    )


def casesJob(
    dataset: str | Path,
    *,
    onFinished: Callable[[DatasetContent], object],
    onFailed: Callable[[JobFailed], object] | None = None,
) -> Job:
    """A job that looks what is in a dataset. `onFailed` is told when the folder is none."""
    return Job(
        "cases",
        {"dataset": str(dataset)},
        onFinished=lambda result, _: onFinished(_content(Path(dataset), result)),
        onFailed=onFailed,
    )


def cases(dataset: str | Path) -> DatasetContent:
    """What is in the dataset of a folder: its scheme, and each case with its statuses.

    Raises UserError when the folder is no dataset.
    """
    found: list[DatasetContent] = []
    casesJob(dataset, onFinished=found.append).wait()
    return found[0]


def _content(folder: Path, result: dict) -> DatasetContent:
    scheme = LabelScheme.from_dict(result["scheme"])
    return DatasetContent(
        folder,
        result["name"],
        scheme,
        tuple(
            DatasetCase(
                entry["name"],
                entry["subject"],
                entry["session"],
                entry["annotator"],
                datetime.fromisoformat(entry["date"].replace("Z", "+00:00")),
                {
                    name: Status(entry["status"].get(name, Status.NOT_ANNOTATED))
                    for name in scheme.names
                },
                entry["fully_known"],
            )
            for entry in result["cases"]
        ),
        tuple(result["problems"]),
        tuple(result["contrasts"]),
    )
