"""Import from a raw dataset of nnU-Net."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from pathlib import Path

from ..errors import UserError
from ..files import read_checked
from ..folders import composed, entries, is_folder
from ..labels import LabelScheme
from .contrast import DEFAULT, checked_contrasts, named
from .folder import Dataset
from .importing import Groups, Reading, Survey, import_scans
from .names import SourceName, check_scan_names, scan_name
from .nnunet_labels import DatasetJson, declared_regions, match_regions, scheme_of_regions
from .nnunet_values import values_beside
from .pairing import Pair
from .progress import Progress
from .split import assign_splits


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
    contrast: str | Sequence[str] | None = None,
) -> Dataset | None:
    """Make a dataset from `dataset.json`, `imagesTr` and `labelsTr` of nnU-Net.

    `imagesTs` with their `labelsTs` come along, fixed for testing. Folders of nnU-Net v1 and of the
    Decathlon are read too. An export of ours comes back in its own scheme.

    Args:
        scheme: a scheme with the labels' names; labels of it that dataset.json does not declare
            count as not annotated. None derives one: regions become super-labels of what lies in
            them. Nothing is known about voxels of the ignore label.
        channel: which image to take where scans have several (dataset.json numbers them).
        contrast: that of this image. Or those of several channels, to take all of them, the one
            that was drawn on first; dataset.json may call them so, or have as many channels in this
            order. Those of an export of ours come along unasked.

    The other arguments are those of `import_pairs`. Raises UserError for a dataset.json that is no
    tree of labels or does not fit the scheme, a channel that does not exist or is not chosen,
    contrasts that are not its channels, and for what `import_pairs` refuses.
    """
    root = Path(folder)
    path = root / "dataset.json"
    described = read_checked(path, DatasetJson)
    if described.dataset:
        raise UserError(
            f"{path} lists the files of its cases itself (dataset), which are not looked for here; "
            "put them into imagesTr and labelsTr by nnU-Net's names, or import the folders that "
            "they are in (--images, --labels)."
        )
    regions = declared_regions(described.labels, path)
    exported = values_beside(root, None) if scheme is None else None
    if exported is not None:
        scheme = exported.scheme
    elif scheme is None:
        scheme = scheme_of_regions(regions, root.resolve().name)
    elif not isinstance(scheme, LabelScheme):
        scheme = LabelScheme.load(scheme)
    mapping, known = match_regions(regions, scheme, path)
    channels = _channels(described.channel_names, channel, contrast, exported is not None, path)
    pairs = _pairs(root, "Tr", tuple(channels.values()), described.file_ending)
    tested = _pairs(root, "Ts", tuple(channels.values()), described.file_ending)
    _refuse_both(pairs, tested)
    made = import_scans(
        [*pairs, *tested],
        scheme,
        output,
        reading=Reading(mapping, () if regions.ignored is None else (regions.ignored,), known),
        hide=hide,
        keep_full=keep_full,
        seed=seed,
        groups=groups,
        survey=survey,
        progress=progress,
        contrasts=tuple(channels),
    )
    if made is not None and tested:
        assign_splits(made, dict.fromkeys({pair.scan.subject for pair in tested}, "test"))
    return made


def _refuse_both(trained: list[Pair], tested: list[Pair]) -> None:
    both = {pair.scan.subject for pair in trained} & {pair.scan.subject for pair in tested}
    if both:
        raise UserError(
            f"The subjects {', '.join(sorted(both))} are in labelsTr and in labelsTs; a subject "
            "that trains cannot test: take it out of one of the two."
        )


def _pairs(root: Path, part: str, channels: Sequence[int], ending: str) -> list[Pair]:
    """Labelmaps `<case><ending>` with images `<case>_<channel><ending>` by nnU-Net's rule.

    The Decathlon's images are called as the labelmaps are. Test scans without labels are left out.
    """
    labels = _by_case(root / f"labels{part}", ending)
    images = _by_case(root / f"images{part}", ending)
    if not labels and part == "Tr":
        raise UserError(
            f"{root / 'labelsTr'} has no *{ending}; give the folder of a raw nnU-Net dataset."
        )
    check_scan_names(labels, "labelmap")
    pairs = []
    for name, path in labels.items():
        found = []
        for channel in channels:
            image = images.get(SourceName(f"{name}_{channel:04d}"))
            if image is None and channels == (0,):
                image = images.get(name)
            if image is None:
                expected = root / f"images{part}" / f"{name}_{channel:04d}{ending}"
                raise UserError(
                    f"{path} has no image {expected}; restore it, or remove the labelmap."
                )
            found.append(image)
        pairs.append(Pair(scan_name(name.text), found[0], path, tuple(found[1:])))
    if part == "Tr":
        _refuse_unlabelled(images, labels)
    return pairs


def _refuse_unlabelled(images: dict[SourceName, Path], labels: dict[SourceName, Path]) -> None:
    """Raise UserError for images to train on that have no labelmap, whichever their channel."""
    lonely = [
        path
        for name, path in images.items()
        if not {name, SourceName(re.sub(r"_\d{4}$", "", name.text))} & labels.keys()
    ]
    if lonely:
        raise UserError(
            f"{lonely[0]}{f' and {len(lonely) - 1} more' * (len(lonely) > 1)} has no labelmap in "
            "labelsTr; add it, or take the image out of imagesTr."
        )


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


def _channels(
    names: dict[str, str],
    channel: int | None,
    contrast: str | Sequence[str] | None,
    ours: bool,
    path: Path,
) -> dict[str, int]:
    """The contrasts to import, and the channel of each; `ours` is whether we wrote dataset.json."""
    contrasts = () if contrast is None else checked_contrasts(contrast)
    if channel is None and ours and not contrasts:
        contrasts = checked_contrasts(names.values())
    if len(contrasts) < 2:
        number = _channel(names, channel, path)
        said = named(names.get(str(number), "")) or DEFAULT
        return {contrasts[0] if contrasts else said: number}
    listed = ", ".join(f"{number} ({name})" for number, name in names.items())
    if channel is not None:
        raise UserError(
            f"{path}: channel {channel} was asked for, and the contrasts {', '.join(contrasts)}; "
            "name one channel, or all of the contrasts."
        )
    by_name = {named(name) or name: int(number) for number, name in names.items()}
    if all(each in by_name for each in contrasts):
        return {each: by_name[each] for each in contrasts}
    if len(contrasts) != len(names) or any(map(named, names.values())):
        raise UserError(
            f"{path} has the channels {listed}, and {', '.join(contrasts)} were asked for; name "
            "contrasts that it has, or one for each channel where it does not say them."
        )
    return dict(zip(contrasts, map(int, names), strict=True))


def _channel(names: dict[str, str], channel: int | None, path: Path) -> int:
    if channel is None and len(names) == 1:
        return int(next(iter(names)))
    if str(channel) not in names:
        listed = ", ".join(f"{number} ({name})" for number, name in names.items())
        raise UserError(
            f"{path} has the channels {listed}, and {channel} was asked for; choose the channel of "
            "the image that was annotated by its number, or name the contrasts of several, that "
            "one first (--contrasts)."
        )
    return channel
