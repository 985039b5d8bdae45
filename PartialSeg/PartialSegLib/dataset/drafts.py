"""Drafts: what is annotated of the scans of a folder so far, kept in a dataset beside its cases.

A draft is a segmentation file of Slicer's, statuses and unreviewed segments included, with a small
JSON file that tells what it holds. No training reads it: that takes an export.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timezone
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import Any, NamedTuple

import slicer
import slicer.util

from partialseg_trainer.errors import UserError
from partialseg_trainer.files import atomic_path, read_json, write_json
from partialseg_trainer.finding import split_ending
from partialseg_trainer.jobs import JobFolder
from partialseg_trainer.labels import LabelScheme

from ..engine.jobs import Job, JobFailed
from ..engine.steps import Steps
from ..scene.furtherScans import loadWithFurther
from ..scene.labelSegments import LabelSegments
from ..scene.oneScan import belongTo
from ..scene.segmentationNodes import ensureReferenceVolume

# What BIDS keeps free for what a dataset is made from.
_FOLDER = PurePosixPath("sourcedata/drafts")
_DRAFT = ".seg.nrrd"
_ITEMS_A_STEP = 20


class WorkItem(NamedTuple):
    """A scan of a folder, and its draft: `path` of the scan, `labels` annotated so far, by whom.

    `labels` are titles, empty where there is no draft; `date` is that of its last change.
    `keptBeside` is the file of another draft that was found in its place when it was written.
    `further` has the path of each further contrast of the dataset that is there; `lacking` is the
    contrast that labels are drawn on, where that is not.
    """

    path: Path
    draft: Path
    labels: tuple[str, ...]
    annotator: str
    date: str
    keptBeside: Path | None = None
    further: Mapping[str, Path] = MappingProxyType({})
    lacking: str = ""

    @property
    def begun(self) -> bool:
        """Whether there is a draft."""
        return self.draft.is_file()


def workItemsJob(
    folder: str | Path,
    dataset: str | Path,
    contrasts: Sequence[str] = ("T2w",),
    *,
    onFinished: Callable[[list[WorkItem]], object],
    onFailed: Callable[[JobFailed], object] | None = None,
) -> Job:
    """A job that looks for scans in a folder and the folders in it, with their drafts in a dataset.

    They come by name. Labelmaps of scans beside them are none. Where the dataset has several
    contrasts, files of one name but for the contrast are one scan, and those of other contrasts are
    passed over; `contrasts` are those of one that is not made yet. Raises UserError when the folder
    is none; `onFailed` is told when it or the dataset cannot be read, or two files would be the
    same contrast of one scan.
    """
    folder, dataset = Path(folder), Path(dataset)
    if not folder.is_dir():
        raise UserError(f"{folder} is no folder; choose the one that holds the scans.")

    def load(result: dict[str, Any], _folder: JobFolder) -> Steps[list[WorkItem]]:
        items = []
        for number, scan in enumerate(result["scans"]):
            path = Path(scan["path"])
            further = {name: Path(other) for name, other in scan["further"].items()}
            item = _item(path, _draftOf(path, folder, dataset))
            items.append(item._replace(further=further, lacking=scan["lacking"]))
            if number % _ITEMS_A_STEP == _ITEMS_A_STEP - 1:
                yield
        return items

    request = {"folder": str(folder), "dataset": str(dataset), "contrasts": list(contrasts)}
    return Job("scans", request, load=load, onFinished=onFinished, onFailed=onFailed)


def lookAgain(item: WorkItem) -> WorkItem:
    """The item with its draft as that is now: another Slicer may have written one."""
    return _again(item)


def saveDraft(item: WorkItem, segmentationNode, scheme: LabelScheme, annotator: str) -> WorkItem:
    """Write a segmentation as the draft of a scan, whole or not at all; return the item as it is.

    `item` is the draft that this one goes on from: where another Slicer has written one since, that
    one is kept beside it, and the item returned names it as `keptBeside`. Raises UserError when the
    draft cannot be written.
    """
    annotated = [scheme[name].title for name in LabelSegments(segmentationNode, scheme).annotated()]
    try:
        item.draft.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(
            f"The folder {item.draft.parent} for drafts cannot be made ({error.strerror}); check "
            "that you may write in the dataset's folder."
        ) from error
    # A storage node of its own: that of the user's segmentation names the user's file.
    storage = slicer.vtkMRMLSegmentationStorageNode()
    # A draft is written while someone paints: compressing takes ten times as long, and the air
    # around the head a third of the time. The scan has the grid to paint on when it is opened.
    storage.SetUseCompression(False)
    storage.SetCropToMinimumExtent(True)
    there = lookAgain(item)
    others = there.begun and there.date != item.date
    with atomic_path(item.draft) as temporary:
        storage.SetFileName(str(temporary))
        if not storage.WriteData(segmentationNode):
            raise UserError(
                f"Slicer could not write the draft {item.draft}; check that there is room on the "
                "disk and that you may write there."
            )
        keptBeside = _keepBeside(there) if others else None
    note = {
        "annotator": annotator,
        "date": datetime.now(timezone.utc).isoformat(timespec="milliseconds"),
        "labels": annotated,
    }
    write_json(_noteOf(item.draft), note)
    return _again(item)._replace(keptBeside=keptBeside)


def _keepBeside(item: WorkItem) -> Path:
    """Give a draft the name of its date, so that another one can take its place."""
    date = "".join(filter(str.isalnum, item.date)) or "undated"
    kept = item.draft.with_name(f"{item.draft.name.removesuffix(_DRAFT)}.{date}{_DRAFT}")
    item.draft.replace(kept)
    return kept


def loadItem(item: WorkItem):
    """Load a scan and its draft; return the volume node and the segmentation node or None.

    Raises UserError when a file cannot be loaded.
    """

    def load(path: Path, show: bool):
        node = _load(slicer.util.loadVolume, path, {"show": show})
        # Slicer numbers the names of files that are loaded again.
        node.SetName(split_ending(path.name)[0])
        return node

    volumeNode = loadWithFurther(load, item.path, item.further)
    segmentationNode = None
    if item.begun:
        segmentationNode = _load(slicer.util.loadSegmentation, item.draft)
        # The file is the draft's, which is written by this module alone.
        storage = segmentationNode.GetStorageNode()
        if storage is not None:
            slicer.mrmlScene.RemoveNode(storage)
        segmentationNode.SetName(f"{volumeNode.GetName()} segmentation")
        ensureReferenceVolume(segmentationNode, volumeNode)
        belongTo(segmentationNode, volumeNode)
    return volumeNode, segmentationNode


def nextItem(items: Sequence[WorkItem], current: WorkItem | None) -> WorkItem | None:
    """The first item after the current one that nobody has begun, from the top again at the end."""
    paths, at = [item.path for item in items], current and current.path
    start = paths.index(at) + 1 if at in paths else 0
    order = [*items[start:], *items[:start]]
    return next(
        (item for item in order if not (item.begun or item.lacking or item.path == at)), None
    )


def _draftOf(path: Path, folder: Path, dataset: Path) -> Path:
    relative = path.relative_to(folder)
    return dataset / _FOLDER / relative.with_name(relative.name + _DRAFT)


def _noteOf(draft: Path) -> Path:
    return draft.with_name(draft.name.removesuffix(_DRAFT) + ".json")


def _again(item: WorkItem) -> WorkItem:
    looked = _item(item.path, item.draft)
    return looked._replace(further=item.further, lacking=item.lacking)


def _item(path: Path, draft: Path) -> WorkItem:
    note = {}
    if draft.is_file() and _noteOf(draft).is_file():
        try:
            note = read_json(_noteOf(draft))
        except UserError:
            # The draft itself is what counts.
            note = {}
    return WorkItem(
        path,
        draft,
        tuple(note.get("labels", ())),
        str(note.get("annotator", "")),
        str(note.get("date", "")),
    )


def _load(load, path: Path, properties: dict | None = None):
    try:
        return load(str(path), properties or {})
    except RuntimeError as error:
        raise UserError(
            f"{path.name} could not be loaded; open it with Add Data, which shows what Slicer "
            "makes of it."
        ) from error
