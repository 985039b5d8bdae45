"""The samples that the module adds to Slicer's Sample Data; Resources/SampleData.json lists them.

Nothing is downloaded or made before the user clicks one. What was downloaded lies in Slicer's cache
folder (Edit / Application Settings / Cache), where Slicer also removes it.
"""

from __future__ import annotations

import importlib
import json
from typing import Any

import slicer.util

from partialseg_trainer.errors import UserError

from ..engine.packages import PackagesMissing
from ..resources import RESOURCES

_CATEGORY = "PartialSeg"
_MESSAGE_MS = 10_000


def registerSampleData() -> None:
    """Add the samples to Sample Data; called when Slicer has started."""
    from SampleData import SampleDataLogic

    # Slicer has titles of categories since March 2026.
    if hasattr(SampleDataLogic, "registerCustomSampleDataCategory"):
        SampleDataLogic.registerCustomSampleDataCategory(_CATEGORY, title=_CATEGORY)
    for name, sample in samples().items():
        files = sample.get("files", {})
        SampleDataLogic.registerCustomSampleDataSource(
            category=_CATEGORY,
            sampleName=name,
            thumbnailFileName=str(RESOURCES / "Icons" / sample["thumbnail"]),
            uris=[file["uri"] for file in files.values()],
            fileNames=[file["name"] for file in files.values()],
            checksums=[f"SHA256:{file['sha256']}" for file in files.values()],
            nodeNames=[name if role == "image" else f"{name} {role}" for role in files],
            loadFiles=[role == "image" for role in files],
            customDownloader=_download,
        )


def samples() -> dict[str, dict[str, Any]]:
    """What the data file says about each sample, by name, in the order of the buttons."""
    content = json.loads((RESOURCES / "SampleData.json").read_text(encoding="utf-8"))
    return {sample.pop("name"): sample for sample in content["samples"]}


def load(name: str):
    """Load a sample into the scene and return the volume node of its scan.

    The annotation, where the sample has one, becomes a segmentation node beside it. Returns None
    when the user cancels. Raises UserError when there is no such sample, when files cannot be
    downloaded or are not the expected ones, and when packages are missing.
    """
    sample = samples().get(name)
    if sample is None:
        raise UserError(f"There is no sample '{name}'; choose one of {', '.join(samples())}.")
    if "files" in sample:
        from .atlas import loadAtlas as loadSample
    else:
        from .phantom import loadPhantom as loadSample
    return loadSample(name, sample)


def download(source):
    """What the button of a sample does: load it, or say why not; returns the scan or None."""
    try:
        return load(source.sampleName)
    except PackagesMissing as error:
        # Whoever declined needs no further window, and pip has shown one of its own.
        slicer.util.showStatusMessage(str(error), _MESSAGE_MS)
    except UserError as error:
        slicer.util.errorDisplay(str(error))
    return None


def _download(source):
    # Slicer keeps this function also when Reload has replaced the modules, whose errors are others.
    return importlib.import_module(__name__).download(source)
