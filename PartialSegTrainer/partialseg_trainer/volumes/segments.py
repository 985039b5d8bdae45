"""Segmentations as Slicer saves them, `.seg.nrrd`: named segments in one or more layers."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass, replace

import numpy as np

from ..errors import UserError
from ..labels import LabelScheme
from ..labels.segments import STATUS_TAG, VALUE_TAG
from ..labels.terminology import terminology_entry
from . import nrrd
from .affines import checked_affine
from .file_bytes import damaged, first_bytes, read_bytes
from .grid import Grid, whole_steps
from .resampling import resample
from .volume import Volume

ENDING = ".seg.nrrd"
_LABELMAP = "Binary labelmap"


@dataclass(frozen=True)
class Segment:
    """One segment: the voxels of a layer that have its value. `tags` are Slicer's, by key."""

    id: str
    name: str
    layer: int
    value: int
    tags: dict[str, str]


@dataclass(frozen=True, eq=False)
class Segments:
    """The segments of one file. `layers` is (X, Y, Z, L), within which segments do not overlap."""

    path: str
    layers: np.ndarray
    grid: Grid
    segments: tuple[Segment, ...]
    reference: Grid

    def mask(self, segment: Segment) -> np.ndarray:
        """(X, Y, Z) bool: where the segment is."""
        return self.layers[..., segment.layer] == segment.value

    def on(self, grid: Grid) -> Segments:
        """The same on the grid of a scan.

        Slicer crops what it saves, and may have turned round an axis of the scan. What reaches
        beyond the scan is cut off. Raises UserError where voxels do not coincide, or nothing of a
        painted segment lies within the scan.
        """
        steps = whole_steps(self.grid, grid)
        if steps is None:
            raise UserError(
                f"The segments of {self.path} were drawn on another grid: their "
                f"{self.grid.mismatch(grid) or 'voxels lie between those of the scan'}; resample "
                "them to the scan in Slicer (Segmentations, Export, with the scan as reference)."
            )
        placed = resample(
            self.layers, Grid(self.grid.shape, steps), Grid(grid.shape, np.eye(4)), order=0
        )
        moved = replace(self, layers=placed, grid=grid, reference=grid)
        for segment in self.segments:
            if self.mask(segment).any() and not moved.mask(segment).any():
                raise UserError(
                    f"Segment '{segment.name}' of {self.path} lies wholly beyond the scan; give "
                    "the segmentation of this scan."
                )
        return moved


def is_segmentation(path: str | os.PathLike) -> bool:
    """Whether a file holds named segments, by its content; what cannot be read holds none."""
    return nrrd.is_nrrd(first_bytes(path, 7)) and has_segments(read_bytes(path))


def has_segments(content: bytes) -> bool:
    """Whether the bytes are a NRRD file with named segments."""
    return nrrd.is_nrrd(content) and bool(_numbered(nrrd.key_values(content)))


def read_segments(path: str | os.PathLike) -> Segments:
    """Read a segmentation of Slicer.

    Also the older form, in which each segment has a layer of its own. Raises UserError when it
    cannot be read, holds no segments, or keeps them otherwise than as binary labelmaps.
    """
    content, name = read_bytes(path), os.fspath(path)
    fields = nrrd.key_values(content) if nrrd.is_nrrd(content) else {}
    numbered = _numbered(fields)
    if not numbered:
        raise UserError(f"{name} holds no segments; save a segmentation of Slicer as {ENDING}.")
    kept = fields.get("Segmentation_MasterRepresentation", _LABELMAP)
    data, affine = nrrd.decode(content, path)
    if kept != _LABELMAP or data.dtype.kind not in "biu" or data.ndim not in (3, 4):
        raise UserError(
            f"{name} keeps its segments as {kept} ({data.dtype}, {data.shape}), where binary "
            "labelmaps were expected; make that the source representation in Slicer's "
            "Segmentations module and save it again."
        )
    layers = data if data.ndim == 4 else data[..., None]
    segments = tuple(_segment(number, own, layers, name) for number, own in numbered.items())
    for key, what in (("ID", [s.id for s in segments]), ("place", _places(segments))):
        twice = [each for each, times in Counter(what).items() if times > 1]
        if twice:
            raise damaged(name, "segmentation", ValueError(f"{key} {twice[0]} occurs twice"))
    grid = Grid(layers.shape[:3], checked_affine(affine, name))
    return Segments(name, layers, grid, segments, _reference(fields, grid))


def encode(volume: Volume, scheme: LabelScheme, status: str, gzip_level: int) -> bytes:
    """A labelmap of the scheme's values as a segmentation file: a segment for every label.

    A super-label is the union of its parts, so each depth of the scheme is a layer. `status` is
    Slicer's word for how far all of them have come.
    """
    depth = {label.name: len(scheme.ancestors(label.name)) for label in scheme}
    layers = []
    for level in range(max(depth.values()) + 1):
        table = np.zeros(scheme.labels[-1].value + 1, np.min_scalar_type(scheme.labels[-1].value))
        for label in scheme:
            line = (label.name, *scheme.ancestors(label.name))[::-1]
            if level < len(line):
                table[label.value] = scheme[line[level]].value
        layers.append(table[volume.data])
    last = " ".join(f"0 {size - 1}" for size in volume.data.shape)
    lines = {}
    for number, (label, _) in enumerate(scheme.outline()):
        tags = {VALUE_TAG: str(label.value), STATUS_TAG: status}
        if label.terminology:
            tags["TerminologyEntry"] = terminology_entry(label)
        own = {
            "Color": " ".join(f"{part / 255:.6g}" for part in label.colour),
            "ColorAutoGenerated": "0",
            "Extent": last,
            "ID": label.name,
            "LabelValue": str(label.value),
            "Layer": str(depth[label.name]),
            "Name": label.title,
            "NameAutoGenerated": "0",
            "Tags": "".join(f"{key}:{text}|" for key, text in tags.items()),
        }
        lines |= {f"Segment{number}_{key}": text for key, text in own.items()}
    lines["Segmentation_ContainedRepresentationNames"] = f"{_LABELMAP}|"
    lines["Segmentation_MasterRepresentation"] = _LABELMAP
    lines["Segmentation_ReferenceImageExtentOffset"] = "0 0 0"
    if len(layers) == 1:
        return nrrd.encode(volume.with_data(layers[0]), gzip_level, lines)
    whole = volume.with_data(np.stack(layers, axis=-1))
    return nrrd.encode(whole, gzip_level, lines, list_first=True)


def _numbered(fields: dict[str, str]) -> dict[int, dict[str, str]]:
    """The fields of each segment, by its number in the file."""
    found: dict[int, dict[str, str]] = {}
    for key, text in fields.items():
        prefix, _, field = key.partition("_")
        number = prefix.removeprefix("Segment")
        if field and number.isdecimal() and prefix != number:
            found.setdefault(int(number), {})[field] = text
    return {number: own for number, own in sorted(found.items()) if own.get("ID")}


def _segment(number: int, own: dict[str, str], layers: np.ndarray, path: str) -> Segment:
    try:
        # Before Slicer 4.11 each segment had a layer of its own, of zeros and ones.
        layer, value = int(own.get("Layer", number)), int(own.get("LabelValue", 1))
        if not 0 <= layer < layers.shape[-1]:
            raise ValueError(f"segment {own['ID']} is in layer {layer} of {layers.shape[-1]}")
    except ValueError as error:
        raise damaged(path, "segmentation", error) from error
    tags = (tag.partition(":") for tag in own.get("Tags", "").split("|") if ":" in tag)
    return Segment(
        own["ID"],
        own.get("Name") or own["ID"],
        layer,
        value,
        {key.strip(): text for key, _, text in tags},
    )


def _places(segments: tuple[Segment, ...]) -> list[tuple[int, int]]:
    return [(segment.layer, segment.value) for segment in segments]


def _reference(fields: dict[str, str], grid: Grid) -> Grid:
    """The grid of the scan that was drawn on, where the file says it and voxels coincide."""
    for parameter in fields.get("Segmentation_ConversionParameters", "").split("&"):
        name, _, rest = parameter.partition("|")
        numbers = rest.partition("|")[0].strip(";").split(";")
        if name != "Reference image geometry" or len(numbers) != 22:
            continue
        try:
            values = np.array(numbers, dtype=np.float64)
        except ValueError:
            break
        affine, extent = values[:16].reshape(4, 4), values[16:].reshape(3, 2)
        affine[:3, 3] += affine[:3, :3] @ extent[:, 0]
        whole = Grid(tuple(extent[:, 1] - extent[:, 0] + 1), affine)
        if min(whole.shape) > 0 and whole_steps(grid, whole) is not None:
            return whole
    return grid
