"""The contrasts of a scan, by their BIDS suffixes; the first one's grid is that of its labels."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from ..errors import UserError
from ..volumes import split_ending

T = TypeVar("T")
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
WORDS = frozenset(_NAMES)
"""What `named` knows, in small letters."""


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


def checked_contrasts(contrasts: str | Iterable[str]) -> tuple[str, ...]:
    """One contrast or several, as they stand in files, in their order.

    Raises UserError for none, for what cannot be a suffix, and for one that is there twice.
    """
    listed = [contrasts] if isinstance(contrasts, str) else list(contrasts)
    found = tuple(map(checked_contrast, listed))
    if not found:
        raise UserError(f"No contrast is named; name at least one, such as {DEFAULT}.")
    for number, contrast in enumerate(found):
        # Some disks take names for one that differ in case alone.
        if contrast.lower() in {other.lower() for other in found[:number]}:
            raise UserError(
                f"The contrast {contrast} is named twice in {', '.join(listed)}; name each once."
            )
    return found


def contrast_of_all(scans: Iterable[Path]) -> str:
    """The one contrast that the names of scans say, T2w where none says any.

    Raises UserError where they say several: which of them a dataset is of has to be told.
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


def named_rightly(images: Mapping[str, T]) -> dict[str, T]:
    """The same by their contrasts as they stand in files. Raises UserError as the check does."""
    return dict(zip(checked_contrasts(images), images.values(), strict=True))


def by_contrast(
    images: T | Mapping[str, T], contrasts: tuple[str, ...], whose: str
) -> dict[str, T]:
    """An image of each contrast, in their order, of images by contrast; or of the only one.

    Raises UserError, which begins with `whose` they are, for a contrast that is not among them or
    of which there is no image.
    """
    if not isinstance(images, Mapping):
        images = {contrasts[0]: images}
    given = named_rightly(images)
    strange = [contrast for contrast in given if contrast not in contrasts]
    if strange:
        raise UserError(
            f"{whose} has an image of {', '.join(strange)}, where "
            f"{' and '.join(contrasts)} {'is' if len(contrasts) == 1 else 'are'} wanted; leave it "
            "out, or name its contrast rightly."
        )
    lacking = [contrast for contrast in contrasts if contrast not in given]
    if lacking:
        raise UserError(
            f"{whose} has no image of {', '.join(lacking)}, where one each of "
            f"{' and '.join(contrasts)} is wanted; give it too."
        )
    return {contrast: given[contrast] for contrast in contrasts}


def differ(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Whether a network of some contrasts cannot be shown others: one may stand for another."""
    return one != other and max(len(one), len(other)) > 1


def one_or_several(content: dict[str, Any], one: str, several: str) -> dict[str, Any]:
    """What a file says of contrasts: `one` where it is one, and else the list `several`.

    So files of one contrast are what they were before there could be several. `content` has both,
    or neither.
    """
    left_out = one if len(content.get(several, ())) > 1 else several
    return {name: value for name, value in content.items() if name != left_out}
