"""Whole-or-nothing writes, and JSON that is checked when it is read."""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from .errors import UserError
from .folders import missing
from .incoming import parse_json, read_text, shown

if TYPE_CHECKING:
    import pydantic

    ModelT = TypeVar("ModelT", bound=pydantic.BaseModel)


# Characters, each of which may take two bytes.
_LONGEST = 100


@contextmanager
def atomic_path(path: str | os.PathLike) -> Iterator[Path]:
    """Yield a temporary path beside `path`; it becomes `path` if the block ends well.

    The temporary name keeps the file's ending, because many writers choose the format by it. The
    file is flushed to the disk before the rename, so a crash leaves the old file or the new one.
    """
    path = Path(path)
    temporary = _beside(path)
    try:
        with _naming(path, temporary):
            yield temporary
            with open(temporary, "rb+") as written:
                os.fsync(written.fileno())
            _replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def _beside(path: Path) -> Path:
    return path.with_name(f".{secrets.token_hex(4)}-{path.name}")


def leftovers(folder: str | os.PathLike, name: str | None = None) -> list[Path]:
    """What writes into `folder` that were killed have left there; or those of `name` alone.

    They look the same while they go on: only who knows that nobody else writes may remove them.
    """
    found = re.compile(rf"\.[0-9a-f]{{8}}-{'.+' if name is None else re.escape(name)}", re.DOTALL)
    return sorted(path for path in Path(folder).glob(".*-*") if found.fullmatch(path.name))


def remove(path: Path) -> None:
    """Remove a file, or a folder with all that is in it; a link alone, and not what it leads to."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _replace(temporary: Path, path: Path) -> None:
    """Rename; on Windows this fails while another process reads `path`, so try for a second."""
    for _ in range(20 if os.name == "nt" else 0):
        try:
            return os.replace(temporary, path)
        except PermissionError:
            time.sleep(0.05)
    os.replace(temporary, path)


@contextmanager
def _naming(path: Path, temporary: Path) -> Iterator[None]:
    """Let errors name `path`, which the user knows, where they name the temporary one or none."""
    try:
        yield
    except OSError as error:
        error.filename = str(error.filename or temporary).replace(str(temporary), str(path))
        if error.filename2 is not None:
            error.filename2 = str(error.filename2).replace(str(temporary), str(path))
        raise
    except UserError as error:
        error.args = (str(error).replace(str(temporary), str(path)), *error.args[1:])
        raise


@contextmanager
def atomic_folder(path: str | os.PathLike) -> Iterator[Path]:
    """Yield a temporary folder beside `path`; it becomes `path` if the block ends well.

    Raises UserError when `path` exists and is not an empty folder: nothing is overwritten.
    """
    path = Path(path)
    if path.exists() and not (path.is_dir() and not any(path.iterdir())):
        raise _occupied(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = _beside(path)
    try:
        with _naming(path, temporary):
            temporary.mkdir()
            yield temporary
            try:
                if path.is_dir():
                    path.rmdir()
                os.replace(temporary, path)
            except OSError as error:
                if path.is_dir() and any(path.iterdir()):
                    # Another process was faster.
                    raise _occupied(path) from error
                raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _occupied(path: Path) -> UserError:
    return UserError(f"{path} already exists; choose another folder or remove it first.")


def require_room(path: str | os.PathLike, size: float, what: str) -> None:
    """Raise UserError where the disk that `path` will be on has no room for so many bytes.

    Or where its folder may not be written to. To be asked before work whose result would be lost.
    `what` begins the sentence.
    """
    place = Path(path).absolute()
    there = next(folder for folder in (place, *place.parents) if folder.is_dir())
    if not os.access(there, os.W_OK):
        raise UserError(
            f"{what} cannot be written: {there} may not be changed with your account; allow the "
            "access, or choose another place."
        )
    free = shutil.disk_usage(there).free
    if free < size:
        raise UserError(
            f"{what} would take about {size / 1e6:,.1f} MB, but the disk of {there} has "
            f"{free / 1e6:,.1f} MB left; free some space, or choose another place."
        )


def plain_name(text: str, default: str) -> str:
    """A name for a folder; what it cannot hold on every system becomes "-".

    Nor does any system hold more than some 250 bytes, with what is put before and behind it.
    """
    return re.sub(r"[^\w-]+", "-", text)[:_LONGEST].strip("-") or default


def write_text(path: str | os.PathLike, text: str) -> None:
    """Write `text` as UTF-8, whole or not at all.

    The names of files may hold bytes that are no UTF-8, for which Python has characters that UTF-8
    has not; they are written as `\\udcfc`, which JSON reads as the same character.
    """
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8", errors="backslashreplace")


def write_json(path: str | os.PathLike, content: Any) -> None:
    """Write `content` as indented JSON, whole or not at all."""
    write_text(path, json.dumps(content, indent=2, ensure_ascii=False) + "\n")


def read_json(path: str | os.PathLike) -> Any:
    """Read a JSON file.

    Raises UserError when it is missing, no file, too large or not JSON (see `incoming`).
    """
    try:
        return parse_json(read_text(path), str(path))
    except FileNotFoundError:
        raise missing(path) from None


def read_checked(path: str | os.PathLike, model: type[ModelT]) -> ModelT:
    """Read a JSON file into a pydantic model.

    Raises UserError that names the file, the first wrong field and what was expected there.
    """
    return checked(read_json(path), model, str(path))


def checked(content: Any, model: type[ModelT], origin: str) -> ModelT:
    """Bring plain content into a pydantic model.

    Raises UserError that names `origin`, the first wrong field and what was expected there.
    """
    import pydantic

    try:
        return model.model_validate(content)
    except pydantic.ValidationError as error:
        first = error.errors()[0]
        # pydantic says where the words come from; that is of no use to who reads them.
        words = first["msg"].removeprefix("Value error, ")
        if first["type"] == "extra_forbidden":
            words = "There is no such field"
        field = ".".join(str(part) for part in first["loc"])
        what = f"{field}: {words} (found {shown(first['input'])})" if field else words
        raise UserError(f"{origin}: {what}; correct it.") from error
