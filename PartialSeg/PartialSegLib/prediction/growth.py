"""Volumes beside those that are published for the child's age: what they are, and the chart."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from partialseg_trainer.labels import LabelScheme

from ..engine.jobs import Job, JobFailed


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


def ageJob(
    volumeNode,
    onFinished: Callable[[float | None], object],
    onFailed: Callable[[JobFailed], object],
) -> Job | None:
    """A job that looks for the post-menstrual age at a scan in the tables of where its file lies.

    That is a participants.tsv, or in a BIDS tree its subject's sessions too. None for a scan that
    comes from no file. `onFinished` gets weeks, or None where nothing tells them; `onFailed` is
    told of a table that cannot be read.
    """
    storage = volumeNode.GetStorageNode()
    path = (storage.GetFileName() if storage is not None else None) or ""
    if not path:
        return None
    return Job(
        "age",
        {"scan": path},
        onFinished=lambda result, folder: onFinished(result["weeks"]),
        onFailed=onFailed,
    )
