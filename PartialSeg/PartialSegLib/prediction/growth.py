"""Volumes beside those that are published for the child's age: what they are, and the chart."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from partialseg_trainer.labels import LabelScheme

from ..engine.jobs import Job, JobFailed
from ..scene.scanMemory import ageOf


def growthJob(
    volumes: Mapping[str, float],
    scheme: LabelScheme,
    norms: str | Path,
    weeks: float,
    *,
    onFinished: Callable[[Path], object],
    onFailed: Callable[[JobFailed], object] | None = None,
) -> Job:
    """A job that draws volumes, in mL by label, beside those of a table of norms.

    `weeks` is the post-menstrual age at the scan. `onFinished` gets the path of a PNG, which is
    gone when it returns. `onFailed` is told of a table that cannot be read or has none of these
    labels.
    """
    return Job(
        "growth",
        {
            "volumes": dict(volumes),
            "scheme": scheme.to_dict(),
            "norms": str(norms),
            "weeks": weeks,
        },
        onFinished=lambda result, folder: onFinished(folder.path / result["chart"]),
        onFailed=onFailed,
    )


def knownAge(volumeNode) -> float | None:
    """The post-menstrual age at a scan in weeks: said before, or in a table where its file lies.

    That is a participants.tsv, or in a BIDS tree its subject's sessions too. Needs the packages for
    files. Raises UserError for a table that cannot be read.
    """
    weeks = ageOf(volumeNode)
    storage = volumeNode.GetStorageNode()
    path = (storage.GetFileName() if storage is not None else None) or ""
    if weeks is not None or not path:
        return weeks
    from partialseg_trainer.dataset.scan_age import ages_of_scans

    return ages_of_scans()(Path(path))
