"""Which labelmap belongs to which image: by the name of the file, or of its folder."""

from __future__ import annotations

import glob
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from ..errors import UserError
from .layout import ScanName

ENDINGS = (".nii.gz", ".nii", ".nrrd")
IMAGE_WORDS = frozenset({"t1w", "t2w", "t1", "t2", "flair", "image", "img"})
LABEL_WORDS = frozenset(
    {
        "dseg",
        "seg",
        "segmentation",
        "label",
        "labels",
        "labelmap",
        "parcellation",
        "mask",
    }
)
_LISTED = 5


@dataclass(frozen=True)
class Pair:
    """The files of one scan to import."""

    scan: ScanName
    image: Path
    labels: Path


def scan_name(stem: str) -> ScanName:
    """The BIDS name for a file's or folder's stem, by a rule that never changes.

    `sub-01_ses-2_...` is subject 01, session 2. Any other stem becomes the subject, with all but
    ASCII letters and digits left out (`GA25_operated` is GA25operated). The stem is not
    anonymised: rename files that carry a patient's name before importing them.
    """
    bids = re.match(r"sub-([A-Za-z0-9]+)(?:_ses-([A-Za-z0-9]+))?(?:_|$)", stem)
    if bids:
        return ScanName(*bids.groups())
    subject = re.sub(r"[^A-Za-z0-9]", "", stem)
    if not subject:
        raise UserError(
            f"'{stem}' has no ASCII letter or digit to name a subject by; rename the file."
        )
    return ScanName(subject)


def find_pairs(images: str | Path, labels: str | Path) -> list[Pair]:
    """Pair the images and labelmaps of two places.

    - A place is a folder, searched at every depth for .nii.gz, .nii and .nrrd, or a pattern such as
      `in/*/T2w.nii.gz`, which is taken as it stands.
    - In a folder, files whose last word says label (`_dseg`, `_seg`, `_label`, `_parcellation` ...)
      are no images, those whose last word says image (`_T2w`, `_T1w`, `_image`, ...) are no
      labelmaps, and brain masks are neither. Where both places are one folder, labelmaps must have
      a word that says so.
    - The name of a scan is the file's name without ending and that last word; a file that is
      called only so (`T2w.nii.gz`) has the name of its folder. `scan_name` makes it BIDS.

    Raises UserError when a place has no file, two files of one place have the same name, or a file
    has no partner; it names them.
    """
    image_files = _by_name(_find(images, lambda word: word not in LABEL_WORDS), "image")
    if Path(images).resolve() == Path(labels).resolve():
        label_files = _by_name(_find(labels, lambda word: word in LABEL_WORDS), "labelmap")
    else:
        label_files = find_labelmaps(labels)
    lonely_images = [image_files[name] for name in image_files.keys() - label_files.keys()]
    lonely_labels = [label_files[name] for name in label_files.keys() - image_files.keys()]
    if lonely_images or lonely_labels:
        said = []
        if lonely_images:
            said.append(f"no labelmap for the image {_listing(lonely_images)}")
        if lonely_labels:
            said.append(f"no image for the labelmap {_listing(lonely_labels)}")
        raise UserError(
            f"There is {'; and '.join(said)}; give both files the same name, or choose the files "
            "by a pattern such as 'folder/*/T2w.nii.gz'."
        )
    return [
        Pair(name, image_files[name], label_files[name]) for name in sorted(image_files, key=str)
    ]


def find_labelmaps(place: str | Path) -> dict[ScanName, Path]:
    """The labelmaps of a folder or pattern by the name of their scan, as `find_pairs` has it.

    Raises UserError when there is none, or when two have the same name.
    """
    return _by_name(_find(place, lambda word: word not in IMAGE_WORDS), "labelmap")


def _find(place: str | Path, wanted: Callable[[str], bool]) -> list[Path]:
    """The volumes of a folder whose last word is `wanted`, or all those of a pattern."""
    text = str(place)
    if Path(place).is_dir():
        found = [
            path
            for path in Path(place).rglob("*")
            if _is_volume(path) and wanted(_last_word(_stem(path))) and not _is_brain_mask(path)
        ]
    elif glob.has_magic(text):
        found = [Path(path) for path in glob.glob(text, recursive=True) if _is_volume(Path(path))]
    else:
        raise UserError(f"{place} is neither a folder nor a pattern such as 'folder/*.nii.gz'.")
    if not found:
        raise UserError(
            f"{place} has no file to import or compare; expected names that end in "
            f"{', '.join(ENDINGS)}."
        )
    return sorted(found)


def _by_name(files: Iterable[Path], kind: str) -> dict[ScanName, Path]:
    named: dict[ScanName, Path] = {}
    for path in files:
        stem = _stem(path)
        word = _last_word(stem)
        if word in IMAGE_WORDS | LABEL_WORDS:
            stem = stem[: len(stem) - len(word)].rstrip("_-. ") or path.parent.name
        name = scan_name(stem)
        if name in named:
            raise UserError(
                f"{named[name]} and {path} would both be the {kind} of {name}; rename one, or "
                "choose the files by a pattern such as 'folder/*/T2w.nii.gz'."
            )
        named[name] = path
    return named


def _is_volume(path: Path) -> bool:
    return path.name.lower().endswith(ENDINGS) and path.name[0] != "." and path.is_file()


def _is_brain_mask(path: Path) -> bool:
    return re.search(r"brain_?mask$", _stem(path), re.IGNORECASE) is not None


def _stem(path: Path) -> str:
    ending = next(ending for ending in ENDINGS if path.name.lower().endswith(ending))
    return path.name[: -len(ending)]


def _last_word(stem: str) -> str:
    return re.split(r"[_\-. ]", stem)[-1].lower()


def _listing(files: list[Path]) -> str:
    more = f" and {len(files) - _LISTED} more" if len(files) > _LISTED else ""
    return ", ".join(str(path) for path in sorted(files)[:_LISTED]) + more
