"""Files of others, as far as they can be read without being taken in.

A file that is read is a regular one: a pipe or device may never end. Its size is known before it is
in memory, and its values are such as files, numbers and screens can hold.
"""

from __future__ import annotations

import json
import os
import reprlib
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .errors import UserError
from .limits import TEXT_MB, Limit

_KINDS = {
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFDIR: "a folder",
}
# More digits than any whole number of 64 bits has.
_MOST_DIGITS = 20
_WHOLE = range(-(2**63), 2**63)
_MOST_SHOWN = 300
TOO_DEEP = "is nested too deeply to be read; restore it from a copy, or take levels out of it"
"""What is said of a file whose reading takes more levels than Python has."""


def file_size(path: str | os.PathLike) -> int:
    """The size of a regular file in bytes.

    Raises UserError for a folder, and for a pipe, device or socket, of which nobody knows the end;
    OSError as the system does.
    """
    found = os.stat(path)
    if not stat.S_ISREG(found.st_mode):
        kind = _KINDS.get(stat.S_IFMT(found.st_mode), "something else")
        raise UserError(f"{path} is {kind}, where a file was expected; name a file.")
    return found.st_size


def read_bytes(path: str | os.PathLike, limit: Limit, unit: float) -> bytes:
    """A whole file, which is at most as large as `limit`, whose unit is so many bytes.

    Raises UserError for a larger one and for what is no file; OSError as the system does.
    """
    limit.check(file_size(path) / unit, f"{path} has")
    return Path(path).read_bytes()


def read_text(path: str | os.PathLike, encoding: str = "utf-8") -> str:
    """A whole text file.

    Raises UserError for one that is too large, in another encoding or no file; OSError as the
    system does.
    """
    try:
        return read_bytes(path, TEXT_MB, 1e6).decode(encoding)
    except UnicodeDecodeError as error:
        raise UserError(f"{path} is not UTF-8 text ({error}); save it as UTF-8.") from error


def parse_json(text: str, origin: str) -> Any:
    """The content of JSON text.

    Raises UserError, which names `origin`, for what is no JSON and for values that nothing holds
    (see `usable`).
    """
    try:
        return usable(json.loads(text, parse_int=_whole_number), origin)
    except json.JSONDecodeError as error:
        raise UserError(f"{origin} is not valid JSON ({error}); restore it from a copy.") from error
    except _TooLong as error:
        raise UserError(f"{origin} {error}") from None
    except RecursionError:
        raise UserError(f"{origin} {TOO_DEEP}.") from None


def usable(content: Any, origin: str) -> Any:
    """`content` of lists, mappings and plain values, all of which a file or a number can hold.

    Raises UserError for whole numbers beyond 64 bits, null characters and halves of characters.
    """
    seen: set[int] = set()
    left = [content]
    while left:
        value = left.pop()
        if isinstance(value, str):
            _check_text(value, origin)
        elif isinstance(value, int):
            if value not in _WHOLE:
                raise UserError(
                    f"{origin} holds the number {shown(value)}, which is beyond 64 bits; correct "
                    "it."
                )
        elif isinstance(value, dict | list | tuple | set) and id(value) not in seen:
            seen.add(id(value))
            left.extend(value)
            left.extend(value.values() if isinstance(value, dict) else ())
    return content


def shown(value: Any) -> str:
    """A value as an error shows it: in one line, and short, whatever it is."""
    try:
        text = _repr(value)
        return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}..."
    except (ValueError, RecursionError):  # Python writes no number of more than 4300 digits.
        return f"({type(value).__name__}, too large to show)"


class _TooLong(Exception):
    """A number that is no use to anybody; what is said of it follows the file's name."""


def _whole_number(digits: str) -> int:
    if len(digits) > _MOST_DIGITS:
        raise _TooLong(f"holds a number of {len(digits)} digits; correct it.")
    return int(digits)


def _check_text(text: str, origin: str) -> None:
    if "\0" in text:
        raise UserError(f"{origin} holds a null character in {shown(text)}; take it out.")
    if not text.isascii():
        try:
            # What Python makes of bytes in file names that are no UTF-8 may stay.
            text.encode(errors="surrogateescape")
        except UnicodeEncodeError:
            raise UserError(
                f"{origin} holds half a character in {shown(text)}; write it whole."
            ) from None


def _short_repr() -> Callable[[Any], str]:
    short = reprlib.Repr()
    short.maxstring = short.maxother = 200
    short.maxlong = 40
    short.maxlist = short.maxtuple = short.maxdict = short.maxset = 12
    short.maxlevel = 4
    return short.repr


_repr = _short_repr()
