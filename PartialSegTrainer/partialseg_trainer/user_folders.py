"""Where this user's own files are kept; an account without a home has no such place."""

from __future__ import annotations

import os
from pathlib import Path

from .errors import UserError


def user_data() -> Path:
    """The folder of the runs and models of this user.

    Raises UserError for an account without a home, as in a container that runs as a bare number.
    """
    import platformdirs

    return _known(platformdirs.user_data_path, "XDG_DATA_HOME")


def user_cache() -> Path:
    """The folder of what can be made again. Raises UserError for an account without a home."""
    import platformdirs

    return _known(platformdirs.user_cache_path, "XDG_CACHE_HOME")


def expanded(path: str | os.PathLike) -> Path:
    """The path with the home folder for `~`. Raises UserError where that is not known."""
    try:
        return Path(path).expanduser()
    except RuntimeError:
        raise UserError(
            f"{path} begins at a home folder that is not known; set HOME, or write the whole path."
        ) from None


def _known(path_of, variable: str) -> Path:
    try:
        found = path_of("PartialSeg", appauthor=False)
    except RuntimeError:
        found = None
    # Without a home, some versions of platformdirs leave the ~ in the path.
    if found is None or found.parts[0].startswith("~"):
        raise UserError(
            f"Your account has no home folder (HOME is not set), where this would be kept; set "
            f"HOME or {variable}, or name a folder yourself."
        )
    return found
