"""Which labelmap belongs to which image: what their names say of the scan must agree."""

from __future__ import annotations

import glob
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import UserError
from ..folders import is_dangling, missing
from ..incoming import read_text
from ..labels.table import names_in_table
from ..volumes import ENDINGS, WRITTEN, find_volumes, match_volumes, split_ending, table_of
from .contrast import contrast_of
from .layout import ScanName
from .names import (
    IMAGE_WORDS,
    LABEL_WORDS,
    SourceName,
    by_name,
    check_scan_names,
    last_word,
    scan_name,
    source_name,
)

_LISTED = 5
# What `segment` writes beside a labelmap, by the end of its name.
_MAPS = ("confidence", "probabilities")


@dataclass(frozen=True)
class Pair:
    """The files of one scan to import.

    `further` has the images of the contrasts after the first, in their order.

    """

    scan: ScanName
    image: Path
    labels: Path
    further: tuple[Path, ...] = ()

    @property
    def images(self) -> tuple[Path, ...]:
        """The image of every contrast, the first one first."""
        return (self.image, *self.further)


def find_pairs(
    images: str | Path,
    labels: str | Path,
    contrasts: Sequence[str] = (),
    elsewhere: Mapping[str, str | Path] | None = None,
) -> list[Pair]:
    """Pair the images and labelmaps of two places.

    - A place is a folder, searched at every depth for .nii.gz, .nii and .nrrd, links followed, or a
      pattern such as `in/*/T2w.nii.gz`, which is taken as it stands.
    - In a folder, files whose last word says label (`_dseg`, `_seg`, `_label`, `_parcellation` ...)
      are no images, those whose last word says image (`_T2w`, `_T1w`, `_image`, ...) are no
      labelmaps, and brain masks are neither. Where both places are one folder, labelmaps must have
      a word that says so.
    - Files belong together when `names.source_name` is the same: all entities of BIDS that tell
      scans apart, or else the whole name. `names.scan_name` makes it the subject and session.
    - Where there are several `contrasts`, every scan has an image of each. They are told apart by
      their names; the images of one that has a place of its own `elsewhere` need not say it.

    Raises UserError when a place has no file or cannot be read, two files of one place have the
    same name or would become the same subject and session, or a file has no partner; it names them.
    """
    found = _find(images, lambda word: word not in LABEL_WORDS)
    if len(contrasts) > 1:
        found = _of_contrast(found, contrasts[0], images, silent=True)
    image_files = by_name(found, "image")
    check_scan_names(image_files, "image")
    if Path(images).resolve() == Path(labels).resolve():
        label_files = by_name(_find(labels, lambda word: word in LABEL_WORDS), "labelmap")
    else:
        label_files = find_labelmaps(labels)
    both = partners(image_files, label_files)
    lonely = {
        "labelmap for the image": [image_files[name] for name in image_files if name not in both],
        "image for the labelmap": [label_files[name] for name in label_files if name not in both],
    }
    _refuse_lonely(lonely, "or choose the files by a pattern such as 'folder/*/T2w.nii.gz'")
    further = _further(both, image_files, images, contrasts[1:], elsewhere or {})
    pairs = (
        Pair(scan_name(name.text), image_files[name], label_files[name], further[name])
        for name in both
    )
    return sorted(pairs, key=lambda pair: str(pair.scan))


def _further(
    scans: Iterable[SourceName],
    first: Mapping[SourceName, Path],
    images: str | Path,
    contrasts: Sequence[str],
    elsewhere: Mapping[str, str | Path],
) -> dict[SourceName, tuple[Path, ...]]:
    """The images of further contrasts of each scan. Raises UserError where a scan lacks one."""
    named = []
    for contrast in contrasts:
        place = elsewhere.get(contrast, images)
        found = _find(place, lambda word: word not in LABEL_WORDS)
        found = _of_contrast(found, contrast, place, silent=contrast in elsewhere)
        named.append(by_name(found, f"{contrast} image"))
        lacking = [first[name] for name in scans if name not in named[-1]]
        if lacking:
            raise UserError(
                f"There is no {contrast} image in {place} beside {_listing(lacking, _LISTED)}; "
                "give all images of a scan one name but for the contrast at its end, or leave out "
                "the scans that lack one."
            )
    return {name: tuple(of_contrast[name] for of_contrast in named) for name in scans}


def _of_contrast(
    files: list[Path], contrast: str, place: str | Path, *, silent: bool
) -> list[Path]:
    """The files whose names say a contrast, or, with `silent`, that say none."""
    found = [path for path in files if contrast_of(path) in (contrast, None)[: 1 + silent]]
    if not found:
        raise UserError(
            f"{place} has no image whose name ends in _{contrast}; name the folder or pattern of "
            f"these images (--image {contrast}=DIR), or leave the contrast out."
        )
    return found


def pair_labelmaps(
    predictions: str | Path, truths: str | Path
) -> dict[SourceName, tuple[Path, Path]]:
    """The labelmaps of two places, scan by scan, as `find_pairs` pairs; in the order of the names.

    Either may be what `segment` wrote: what lies beside its labelmaps is passed over, and where no
    file says that it is a labelmap, those with the name of an image are (`sub-01_T2w.nii.gz`).
    Raises UserError as `find_pairs` does.
    """
    first, second = (find_labelmaps(place, or_images=True) for place in (predictions, truths))
    both = partners(first, second)
    lonely = {
        "truth for": [first[name] for name in first if name not in both],
        "prediction for": [second[name] for name in second if name not in both],
    }
    _refuse_lonely(lonely, "or leave the others out of the folders", limit=None)
    return {name: (first[name], second[name]) for name in sorted(both, key=str)}


def find_labelmaps(place: str | Path, *, or_images: bool = False) -> dict[SourceName, Path]:
    """The labelmaps of a folder or pattern by the scan that they are of, as `find_pairs` has it.

    With `or_images`, where no file says by its last word that it is a labelmap, those that are
    called images are taken for the scans that have no other. Raises UserError when there is none,
    or when two have the same name.
    """
    if or_images and Path(place).is_dir():
        found = _find(place, lambda word: True)
        if not any(last_word(path) in LABEL_WORDS for path in found):
            called_images = [path for path in found if last_word(path) in IMAGE_WORDS]
            named = by_name((path for path in found if path not in called_images), "labelmap")
            others = (path for path in called_images if source_name(path) not in named)
            return {**by_name(others, "labelmap"), **named}
    return by_name(_find(place, lambda word: word not in IMAGE_WORDS), "labelmap")


def without_labelmaps(files: Iterable[Path]) -> tuple[list[Path], list[Path]]:
    """The scans among the files of folders, and what by its name is a labelmap of one of them.

    That is a file such as `a_seg.nii.gz` beside `a.nii.gz`, a brain mask, and what `segment` writes
    beside a labelmap. A file of such a name with no scan beside it is one itself.
    """
    files = list(files)
    drawn = [path for path in files if _is_drawn(path)]
    scans = {(path.parent, source_name(path)) for path in set(files).difference(drawn)}
    labelmaps = [path for path in drawn if (path.parent, _of_scan(path)) in scans]
    out = set(labelmaps)
    return [path for path in files if path not in out], labelmaps


def partners(one: dict[SourceName, Path], other: dict[SourceName, Path]) -> set[SourceName]:
    """The scans that both have a file of, of the same contrast where both say which."""
    said = {name: name for name in other}
    return {name for name in one if name in said and name.agrees(said[name])}


def _refuse_lonely(
    lonely: dict[str, list[Path]], otherwise: str, limit: int | None = _LISTED
) -> None:
    said = [f"no {what} {_listing(files, limit)}" for what, files in lonely.items() if files]
    if said:
        raise UserError(
            f"There is {'; and '.join(said)}; give both files of a scan the same name, all BIDS "
            f"entities such as run and space included, {otherwise}."
        )


def _find(place: str | Path, wanted: Callable[[str], bool]) -> list[Path]:
    """The volumes of a folder whose last word is `wanted`, or all those of a pattern."""
    if Path(place).is_dir():
        found = [
            path
            for path in find_volumes(Path(place))
            if wanted(last_word(path)) and not _is_brain_mask(path) and not _is_beside(path)
        ]
    elif glob.has_magic(str(place)):
        found = match_volumes(str(place))
    elif is_dangling(Path(place)):
        raise missing(place)
    else:
        raise UserError(f"{place} is neither a folder nor a pattern such as 'folder/*.nii.gz'.")
    if not found:
        raise UserError(
            f"{place} has no file to import or compare; expected names that end in "
            f"{', '.join(ENDINGS)}."
        )
    return found


def _is_brain_mask(path: Path) -> bool:
    return re.search(r"brain_?mask$", split_ending(path.name)[0], re.IGNORECASE) is not None


def _is_drawn(path: Path) -> bool:
    """Whether a file's name says that it is a labelmap, or was written beside one."""
    return last_word(path) in LABEL_WORDS or _is_brain_mask(path) or _is_beside(path)


def _of_scan(path: Path) -> SourceName:
    """The scan that a labelmap, a mask or what lies beside a labelmap is of, by its name."""
    stem, ending = split_ending(path.name)
    for pattern in (r"[_\-. ]*brain_?mask$", r"[_\-. ](seg|dseg)[_\-. ].*$"):
        stem = re.sub(pattern, "", stem, flags=re.IGNORECASE)
    return source_name(path.with_name(f"{stem}{ending}"))


def _is_beside(path: Path) -> bool:
    """Whether `segment` wrote the file beside a labelmap: how sure it is of it, or a part of it.

    A part is called by a label that the labelmap's table names.
    """
    stem, _ = split_ending(path.name)
    for place in (found.start() for found in re.finditer("_", stem)):
        labelmap, what = path.with_name(stem[:place]), stem[place + 1 :]
        endings = (f"{word}{ending}" for word in ("", ".seg") for ending in WRITTEN)
        file = next(
            (file for each in endings if (file := Path(f"{labelmap}{each}")).exists()), None
        )
        if file and (what in _MAPS or what in _labels_told(file)):
            return True
    return False


def _labels_told(labelmap: Path) -> set[str]:
    """The labels that the table beside a labelmap names; none where there is no table."""
    table = table_of(labelmap)
    return names_in_table(read_text(table)) if table.is_file() else set()


def _listing(files: list[Path], limit: int | None) -> str:
    more = f" and {len(files) - limit} more" if limit and len(files) > limit else ""
    return ", ".join(str(path) for path in sorted(files)[:limit]) + more
