"""Which scan of a folder is worth annotating next: the one that the model is least sure of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from ..engine.jobs import Job, JobFailed


class RankedScan(NamedTuple):
    """A scan of the folder.

    `uncertainty` is the mean of 1 - confidence over what was found, 0 to 1; None where the scan
    cannot be used, and `error` then says why. `case` names the case of the dataset that holds the
    same image, if one does. `warnings` tell what about the segmentation cannot be true. `further`
    has the path of each further contrast's image.
    """

    path: Path
    uncertainty: float | None
    case: str | None
    warnings: tuple[str, ...]
    error: str | None
    further: Mapping[str, str] = MappingProxyType({})


def rankJob(
    folder: str | Path,
    model: str = "",
    device: str = "auto",
    dataset: str | Path = "",
    *,
    onProgress: Callable[[dict[str, Any]], object] | None = None,
    onFinished: Callable[[list[RankedScan]], object] | None = None,
    onFailed: Callable[[JobFailed], object] | None = None,
) -> Job:
    """A job that segments every scan of a folder and gives them, the least sure first.

    `model` is a model's folder, empty for the default one. Scans of which the `dataset` holds the
    image are told by grid and intensities, whatever the files are called. Callbacks as in Job.
    """

    def finished(result: dict[str, Any], _: object) -> None:
        if onFinished is not None:
            onFinished([_ranked(scan) for scan in result["scans"]])

    request = {
        "folder": str(folder),
        "model": model,
        "device": device,
        "dataset": str(dataset),
    }
    return Job("rank", request, onProgress=onProgress, onFinished=finished, onFailed=onFailed)


def rank(
    folder: str | Path, model: str = "", device: str = "auto", dataset: str | Path = ""
) -> list[RankedScan]:
    """The same as `rankJob`, waiting until it is over; for scripts.

    Raises UserError when the folder has no scans, or the model cannot be used.
    """
    scans: list[RankedScan] = []
    rankJob(folder, model, device, dataset, onFinished=scans.extend).wait()
    return scans


def _ranked(scan: dict[str, Any]) -> RankedScan:
    return RankedScan(
        Path(scan["path"]),
        scan["uncertainty"],
        scan["case"],
        tuple(scan["warnings"]),
        scan["error"],
        scan["further"],
    )
