"""The contrast of a scan, by its BIDS suffix."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from ..errors import UserError
from ..volumes import split_ending

DEFAULT = "T2w"
# The suffixes of structural scans in BIDS, and what people write for them.
_SUFFIXES = (
    *("T1w", "T2w", "PDw", "T2starw", "FLAIR", "inplaneT1", "inplaneT2", "PDT2", "UNIT1"),
    *("T1map", "T2map", "T2starmap", "PDmap", "MTRmap", "MTsat", "T1rho", "angio", "FLASH"),
)
_NAMES = {suffix.lower(): suffix for suffix in _SUFFIXES} | {
    "t1": "T1w",
    "t2": "T2w",
    "pd": "PDw",
    "t2flair": "FLAIR",
    "swi": "T2starw",
}


def contrast_of(path: Path) -> str | None:
    """What a scan's name says of its contrast, as a suffix of BIDS; None where it says nothing."""
    stem, _ = split_ending(path.name)
    return named(re.split(r"[_\-. ]", stem)[-1])


def named(word: str) -> str | None:
    """The suffix that a word such as `t2` or `FLAIR` means; None for any other."""
    return _NAMES.get(word.strip().lower())


def checked_contrast(contrast: str) -> str:
    """The contrast as it stands in files. Raises UserError for what cannot be a suffix of BIDS."""
    known = named(contrast)
    if known is None and not re.fullmatch(r"[A-Za-z][A-Za-z0-9]*", contrast):
        raise UserError(
            f"The contrast is {contrast!r}, where a suffix of BIDS was expected, such as "
            f"{', '.join(_SUFFIXES[:5])}; letters and digits only."
        )
    return known or contrast


def contrast_of_all(scans: Iterable[Path]) -> str:
    """The one contrast that the names of scans say, T2w where none says any.

    Raises UserError where they say several: one model learns one contrast.
    """
    told: dict[str, Path] = {}
    for path in scans:
        contrast = contrast_of(path)
        if contrast is not None:
            told.setdefault(contrast, path)
    if len(told) > 1:
        (one, first), (other, second), *_ = told.items()
        raise UserError(
            f"{first} is a {one} and {second} a {other}; make a dataset of each contrast, or say "
            "which one all of them have (--contrast)."
        )
    return next(iter(told), DEFAULT)
