"""Which files are the images of one scan in several contrasts: told by their names and places."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from ..errors import UserError
from ..volumes import find_volumes, split_ending
from .contrast import contrast_of

Images = dict[str, Path]
"""The files of one scan by their contrasts, in the order of the model's; the first comes first."""


def images_of_file(path: Path, contrasts: Sequence[str], given: Mapping[str, Path]) -> Images:
    """The images of one scan: a file, those that are given, and what lies beside it.

    A file whose name says no contrast of these is of the first. Beside it counts what has its very
    name but for the contrast. Raises UserError for a contrast that is given twice.
    """
    own = _told(path, contrasts) or contrasts[0]
    if own in given:
        raise UserError(
            f"{own} is given twice, as {path} and as {given[own]}; give each contrast once."
        )
    found = {own: path, **given}
    if contrast_of(path) == own:
        folder = path.parent if path.parent.is_dir() else None
        for other in find_volumes(folder, deep=False) if folder else ():
            told = _told(other, contrasts)
            if told and told not in found and _stem(other) == _stem(path):
                found[told] = other
    known = [contrast for contrast in contrasts if contrast in found]
    return {contrast: found[contrast] for contrast in (*known, *(set(found) - set(known)))}


def images_of_folder(scans: Iterable[Path], contrasts: Sequence[str]) -> list[Images]:
    """The scans of a folder: files of one name but for the contrast are one scan.

    Those whose names say no contrast are of the first; of any other they are passed over.
    """
    wanted = [path for path in scans if contrast_of(path) in (None, *contrasts)]
    return _grouped(wanted, contrasts, _stem)


def images_of_tree(find: Callable[[str], Iterable[Path]], contrasts: Sequence[str]) -> list[Images]:
    """The scans of a BIDS tree, of which `find` gives those of a contrast.

    Images of one scan have one name but for the contrast; or are the only ones of their contrasts
    in their folder, where names may differ in how each was acquired.
    """
    paths = [path for contrast in contrasts for path in find(contrast)]
    groups = _grouped(paths, contrasts, lambda path: (path.parent, _stem(path)))
    by_folder: dict[Path, list[Images]] = {}
    for group in groups:
        by_folder.setdefault(next(iter(group.values())).parent, []).append(group)
    found = []
    for same in by_folder.values():
        named = [contrast for group in same for contrast in group]
        if len(set(named)) == len(named):
            together = {contrast: path for group in same for contrast, path in group.items()}
            same = [
                {contrast: together[contrast] for contrast in contrasts if contrast in together}
            ]
        found += same
    return sorted(found, key=_first)


def _grouped(
    paths: Iterable[Path], contrasts: Sequence[str], key: Callable[[Path], object]
) -> list[Images]:
    groups: dict[object, Images] = {}
    for path in paths:
        own = _told(path, contrasts) or contrasts[0]
        other = groups.setdefault(key(path), {}).setdefault(own, path)
        if other is not path:
            raise UserError(
                f"{other} and {path} would both be the {own} of one scan; rename or remove one."
            )
    ordered = [
        {contrast: group[contrast] for contrast in contrasts if contrast in group}
        for group in groups.values()
    ]
    return sorted(ordered, key=_first)


def _stem(path: Path) -> str:
    """A file's name without its ending, and without the contrast at the end of it."""
    stem, _ = split_ending(path.name)
    return stem if contrast_of(path) is None else re.sub(r"[_\-. ]*[^_\-. ]+$", "", stem)


def _told(path: Path, contrasts: Sequence[str]) -> str | None:
    """The contrast that a name says, if it is one of these."""
    told = contrast_of(path)
    return told if told in contrasts else None


def _first(images: Images) -> Path:
    return next(iter(images.values()))
