"""What the name of a file says about the scan that it belongs to."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import UserError
from ..folders import composed, same_on_some_disks
from ..volumes import split_ending
from .contrast import WORDS, contrast_of, named
from .layout import ScanName

IMAGE_WORDS = WORDS | {"image", "img"}
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
# Entities of BIDS that tell how labels were made. All others tell which scan it is.
_OF_LABELS = frozenset({"desc", "label", "atlas", "seg", "scale"})


@dataclass(frozen=True)
class SourceName:
    """Which scan a file is of: two files belong together when these are equal.

    `text` is the BIDS name with all entities that tell scans apart (`sub-01_run-2`), or, for other
    names, the name itself. `contrast` is what the name says of it, which is not compared.
    """

    text: str
    contrast: str | None = field(default=None, compare=False)

    def __str__(self) -> str:
        return self.text

    def agrees(self, other: SourceName) -> bool:
        """Whether both are of one scan, and not of two contrasts of it."""
        return self == other and (
            not (self.contrast and other.contrast) or self.contrast == other.contrast
        )


def source_name(path: Path) -> SourceName:
    """The name of the scan that a file is of.

    It is the file's name without ending and without last words that say what kind of file it is
    (`_T2w`, `_dseg`, `_label` ...); a file that is called only so has the name of its folder.
    Names are compared in Unicode's composed form, and nothing else of them is left out. Of BIDS
    names all entities count but those that tell how labels were made (`desc`, `atlas` ...).
    """
    stem, _ = split_ending(path.name)
    stem, word = _without_last(composed(stem), LABEL_WORDS | IMAGE_WORDS)
    contrast = named(word)
    if word in LABEL_WORDS:
        stem, word = _without_last(stem, WORDS)
        contrast = named(word)
    return SourceName(_canonical(stem or composed(path.parent.name)), contrast)


def scan_name(stem: str) -> ScanName:
    """The BIDS name for a file's or folder's stem, by a rule that never changes.

    `sub-01_ses-2_...` is subject 01, session 2. Any other stem becomes the subject, with all but
    ASCII letters and digits left out (`GA25_operated` is GA25operated). The stem is not
    anonymised: rename files that carry a patient's name before importing them.
    """
    tokens = _bids_tokens(stem)
    if tokens:
        entities = dict(token.split("-", 1) for token in reversed(tokens) if _ENTITY.match(token))
        return ScanName(entities["sub"], entities.get("ses"))
    subject = re.sub(r"[^A-Za-z0-9]", "", composed(stem))
    if not subject:
        raise UserError(
            f"'{stem}' has no ASCII letter or digit to name a subject by; rename the file."
        )
    return ScanName(subject)


def check_scan_names(files: Mapping[SourceName, Path], kind: str) -> None:
    """Raise UserError, naming both files, where the scans of two would get one BIDS name.

    Subjects whose names Windows and macOS take for one are refused too. `kind` is what the files
    are.
    """
    scans: dict[str, SourceName] = {}
    subjects: dict[str, SourceName] = {}
    for name in files:
        scan = scan_name(name.text)
        alike = scans.setdefault(same_on_some_disks(str(scan)), name)
        if alike != name:
            raise UserError(
                f"{files[alike]} and {files[name]} would both be the {kind} of {scan}; rename one, "
                "or choose the files by a pattern such as 'folder/*/T2w.nii.gz'."
            )
        alike = subjects.setdefault(same_on_some_disks(scan.subject), name)
        if scan_name(alike.text).subject != scan.subject:
            raise UserError(
                f"The subjects of {files[alike]} and {files[name]} would differ in case alone, "
                "and share one folder on some disks; rename one."
            )


def by_name(files: Iterable[Path], kind: str) -> dict[SourceName, Path]:
    """The files by the scan that they are of. Raises UserError, naming both, where two are."""
    named: dict[SourceName, Path] = {}
    for path in files:
        name = source_name(path)
        other = named.setdefault(name, path)
        # A file that is reached on two ways, over a link, is still one.
        if other is not path and not _same_file(path, other):
            told = [contrast_of(each) for each in (other, path)]
            several = None not in told and told[0] != told[1] and kind == "image"
            both = f", or take both (--contrasts {','.join(told)})" if several else ""
            raise UserError(
                f"{other} and {path} would both be the {kind} of {name}; rename one, or choose the "
                f"files by a pattern such as 'folder/*/T2w.nii.gz'{both}."
            )
    return named


def _same_file(one: Path, other: Path) -> bool:
    return one.exists() and other.exists() and one.samefile(other)


def last_word(path: Path) -> str:
    """The last word of a file's name, in small letters."""
    return _divided(split_ending(path.name)[0])[1].lower()


_SUBJECT = re.compile(r"sub-[A-Za-z0-9]+")
_ENTITY = re.compile(r"([a-zA-Z]+)-[A-Za-z0-9+]+$")


def _bids_tokens(stem: str) -> list[str]:
    """The parts of a BIDS name, none where it is no such name."""
    tokens = stem.split("_")
    return tokens if _SUBJECT.fullmatch(tokens[0]) else []


def _canonical(stem: str) -> str:
    tokens = _bids_tokens(stem)
    if not tokens:
        # What may be a subject's label as it stands is one: Anna is sub-Anna.
        return f"sub-{stem}" if re.fullmatch(r"[A-Za-z0-9]+", stem) else stem
    subject, *others = tokens
    entities, words = [], []
    for token in others:
        entity = _ENTITY.match(token)
        if entity is None:
            words.append(token)
        elif entity[1] not in _OF_LABELS:
            entities.append(token)
    session = [token for token in entities if token.startswith("ses-")]
    rest = sorted(token for token in entities if token not in session)
    return "_".join([subject, *session, *rest, *filter(None, words)])


def _divided(stem: str) -> tuple[str, str]:
    """All but the last word of a stem, and that; in BIDS names, what follows a hyphen is none."""
    divider = r"_. " if _bids_tokens(stem) else r"_\-. "
    return re.fullmatch(rf"(?s)(.*?)([^{divider}]*)", stem).groups()


def _without_last(stem: str, words: Collection[str]) -> tuple[str, str]:
    """The stem without its last word and what divides them, if it is one of `words`; the word."""
    rest, word = _divided(stem)
    if word.lower() not in words:
        return stem, ""
    return re.sub(r" *[_\-. ] *$", "", rest), word.lower()
