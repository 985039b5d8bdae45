"""Import from a raw dataset of nnU-Net."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from ..errors import UserError
from ..files import read_checked
from ..folders import composed, entries, is_folder
from ..labels import LabelScheme
from .folder import Dataset
from .importing import Groups, Reading, Survey, import_scans
from .names import SourceName, check_scan_names, scan_name
from .nnunet_labels import DatasetJson, declared_regions, match_regions, scheme_of_regions
from .pairing import Pair
from .progress import Progress


def import_nnunet(
    folder: str | Path,
    output: str | Path | None,
    scheme: LabelScheme | str | Path | None = None,
    *,
    channel: int | None = None,
    hide: Collection[str] = (),
    keep_full: int = 0,
    seed: int = 0,
    groups: Groups | None = None,
    survey: Survey | None = None,
    progress: Progress | None = None,
) -> Dataset | None:
    """Make a dataset from `dataset.json`, `imagesTr` and `labelsTr` of nnU-Net v2.

    Args:
        scheme: a scheme with the labels' names; labels of it that dataset.json does not declare
            count as not annotated. None derives one: regions become super-labels of what lies in
            them. Nothing is known about voxels of the ignore label.
        channel: which image to take where scans have several (dataset.json numbers them).

    The other arguments are those of `import_pairs`. Raises UserError for a dataset.json that is no
    tree of labels or does not fit the scheme, a channel that does not exist or is not chosen, and
    for what `import_pairs` refuses.
    """
    root = Path(folder)
    path = root / "dataset.json"
    described = read_checked(path, DatasetJson)
    regions = declared_regions(described.labels, path)
    if scheme is None:
        scheme = scheme_of_regions(regions, root.resolve().name)
    elif not isinstance(scheme, LabelScheme):
        scheme = LabelScheme.load(scheme)
    mapping, known = match_regions(regions, scheme, path)
    number = _channel(described.channel_names, channel, path)
    return import_scans(
        _pairs(root, number, described.file_ending),
        scheme,
        output,
        reading=Reading(mapping, () if regions.ignored is None else (regions.ignored,), known),
        hide=hide,
        keep_full=keep_full,
        seed=seed,
        groups=groups,
        survey=survey,
        progress=progress,
    )


def _pairs(root: Path, channel: int, ending: str) -> list[Pair]:
    """Labelmaps `<case><ending>` with the images `<case>_<channel><ending>` of nnU-Net's rule."""
    labels = _by_case(root / "labelsTr", ending)
    images = _by_case(root / "imagesTr", ending)
    if not labels:
        raise UserError(
            f"{root / 'labelsTr'} has no *{ending}; give the folder of a raw nnU-Net dataset."
        )
    check_scan_names(labels, "labelmap")
    pairs = []
    for name, path in labels.items():
        image = images.get(SourceName(f"{name}_{channel:04d}"))
        if image is None:
            expected = root / "imagesTr" / f"{name}_{channel:04d}{ending}"
            raise UserError(f"{path} has no image {expected}; restore it, or remove the labelmap.")
        pairs.append(Pair(scan_name(name.text), image, path))
    return pairs


def _by_case(folder: Path, ending: str) -> dict[SourceName, Path]:
    """The files of a folder with this ending, however it is written, by the rest of their name."""
    if not is_folder(folder):
        return {}
    found: dict[SourceName, Path] = {}
    for path in entries(folder):
        if path.name.lower().endswith(ending.lower()) and not is_folder(path):
            other = found.setdefault(SourceName(composed(path.name[: -len(ending)])), path)
            if other is not path:
                raise UserError(f"{other} and {path} have one name; rename or remove one.")
    return found


def _channel(names: dict[str, str], channel: int | None, path: Path) -> int:
    if channel is None and len(names) == 1:
        return int(next(iter(names)))
    if str(channel) not in names:
        listed = ", ".join(f"{number} ({name})" for number, name in names.items())
        raise UserError(
            f"{path} has the channels {listed}, and {channel} was asked for; choose the channel of "
            "the T2-weighted image by its number."
        )
    return channel
