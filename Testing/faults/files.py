"""Files that lie, made from a fixed seed and given to the command: what survives.

    python Testing/faults/files.py [--seed N] [--inputs N] [--keep DIR]

Each input is a good file in which something was changed: bytes of a header, a part of a text, a
value. The command survives when it ends by itself within a time with code 0, 1 or 2, says at most
one sentence of error, shows no traceback and no control character, writes nothing but what it was
asked for, and takes no more memory than its limits allow. Inputs that it does not survive are kept.
"""

from __future__ import annotations

import contextlib
import gzip
import io
import json
import os
import random
import re
import shutil
import signal
import struct
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from trials import Kind, chosen, try_all

# Lower than usual, so that what goes beyond them is found with little memory.
LIMITS = {"PARTIALSEG_MAX_IMAGE_GB": "0.25", "PARTIALSEG_MAX_MEGAVOXELS": "20"}
MEMORY = 3 << 30
SECONDS = 20
SECRET = "not to be read by anybody"
_CONTROL = re.compile("[\0-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")

# What is put in place of a value, or into a text.
VALUES: tuple[Any, ...] = (
    *(None, True, [], {}, "", "x", 0, -1, 1e308, 0.1, 2000, 10**9, 2**63 - 1, 2**64, 10**30),
    *(
        float("nan"),
        float("inf"),
        "\0",
        "\ud800",
        "\x1b[2J\x1b[31m",
        "[/red][bold]:smile:",
        "../" * 9,
    ),
    *("x" * 10**5, [[]] * 1000, "2026-13-45", "1e999", "/dev/zero", "sub-[link]/\u202egnp.nii"),
)
TEXTS = (
    *("[" * 3000, "{" * 500, '{"a":' * 3000, "- " * 3000, "9" * 5000, "\0", "\x1b[31m", "[/b]"),
    *('"', "'", "\\", "\n", "\r", "\t", ":", "#", "&a [*a, *a]", "*a", "!!python/object:os.x {}"),
    *("2026-13-45", "1e999", ".inf", "nan", "-1", "\ufeff", "\u202e", "!!binary x", "<<: 1", "0x"),
    *("/dev/zero", "../../secret", "999999999999999999999", "((((((", "none", "%d", "LIST"),
)


class Ended(NamedTuple):
    code: object
    out: str
    err: str
    seconds: float


class TooLong(BaseException):
    """The command was still at work."""


def main() -> int:
    options = chosen(__doc__, "inputs", 1500, "about how many")
    os.environ.update(LIMITS)
    with tempfile.TemporaryDirectory() as home:
        os.environ["XDG_DATA_HOME"] = os.environ["XDG_CACHE_HOME"] = home
        good = Path(home) / "good"
        good.mkdir()
        _GOOD["folder"] = good
        _make_good(good)
        _limit_memory()
        return try_all(
            "files",
            KINDS,
            options,
            lambda kind, rng, name: _try(kind, rng, options.keep / name),
            "inputs",
        )


def _try(kind: Kind, rng: random.Random, keep: Path) -> str | None:
    """Give the command one input; why it did not survive, or None."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "input"
        folder.mkdir()
        (Path(place) / "secret").write_text(SECRET)
        # What makes the next input in a folder says with which words to call the command.
        words = kind.trial(rng, folder)
        before = _listed(Path(place))
        ended = _run(words)
        why = _fault(ended, _listed(Path(place)) - before)
        if why:
            shutil.rmtree(keep, ignore_errors=True)
            shutil.copytree(folder, keep, symlinks=True)
            (keep / "words.txt").write_text(
                f"{words!r}\n{why}\n{ended.err}\n", encoding="utf-8", errors="replace"
            )
        return why


def _fault(ended: Ended, written: set[str]) -> str | None:
    said = ended.out + ended.err
    errors = [line for line in ended.err.splitlines() if line.startswith("Error: ")]
    if ended.code not in (0, 1, 2):
        return f"ended with {ended.code!r}: {errors or ended.err[-200:]}"
    if "Traceback" in said:
        return "a traceback"
    if ended.code == 2 and len(errors) != 1 and "Usage:" not in ended.err:
        return f"{len(errors)} sentences of error"
    if _CONTROL.search(said):
        return "a control character on the screen"
    if "memory was not enough" in said:
        return "took all memory"
    if SECRET in said:
        return "read a file that is none of it"
    if written:
        return f"wrote {sorted(written)[:3]}"
    if ended.seconds > SECONDS / 2:
        return f"took {ended.seconds:.0f} s"
    return None


def _run(words: list[object]) -> Ended:
    from partialseg_trainer.cli import main as command

    out, err = io.StringIO(), io.StringIO()
    began = time.process_time()
    code: object = 0
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), _alarm():
        try:
            command([str(word) for word in words])
        except SystemExit as ended:
            code = ended.code or 0
        except TooLong:
            code = "no end"
        except BaseException as error:
            code = f"{type(error).__name__}: {error}"
    return Ended(code, out.getvalue(), err.getvalue(), time.process_time() - began)


@contextlib.contextmanager
def _alarm() -> Iterator[None]:
    """End what works for longer than SECONDS, or only waits for ten times as long."""
    if not hasattr(signal, "SIGPROF"):
        yield
        return

    def ring(*_: object) -> None:
        raise TooLong

    clocks = ((signal.SIGPROF, signal.ITIMER_PROF, 1), (signal.SIGALRM, signal.ITIMER_REAL, 10))
    for number, clock, times in clocks:
        signal.signal(number, ring)
        signal.setitimer(clock, times * SECONDS)
    try:
        yield
    finally:
        for _, clock, _ in clocks:
            signal.setitimer(clock, 0)


def _limit_memory() -> None:
    """What is loaded already, and MEMORY more."""
    with contextlib.suppress(ImportError):
        import resource

        import psutil

        most = psutil.Process().memory_info().vms + MEMORY
        resource.setrlimit(resource.RLIMIT_AS, (most, resource.getrlimit(resource.RLIMIT_AS)[1]))


def _listed(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


# --- good files ---

_GOOD: dict[str, Path] = {}


def _make_good(folder: Path) -> None:
    import numpy as np
    import torch

    from partialseg_trainer.labels import LabelScheme
    from partialseg_trainer.models import ModelInfo, NetworkSettings
    from partialseg_trainer.networks import build_network
    from partialseg_trainer.networks.model import save_model
    from partialseg_trainer.volumes import Volume, write_volume
    from partialseg_trainer.volumes.preprocessing import Preprocessing

    affine = np.diag([2.0, 2.0, 2.0, 1.0])
    labels = np.zeros((16, 18, 14), np.uint8)
    labels[4:12, 4:12, 3:11] = 1 + np.arange(8)[None, None] // 3
    for name in ("labels.nii", "labels.nii.gz", "labels.nrrd"):
        write_volume(folder / name, Volume(labels, affine))
    (folder / "pairs").mkdir()
    write_volume(folder / "pairs" / "a_image.nii.gz", Volume(np.float32(labels), affine))
    write_volume(folder / "pairs" / "a_labels.nii.gz", Volume(labels, affine))
    scheme = LabelScheme.load("brainstem")
    torch.manual_seed(0)
    info = ModelInfo(
        **{"name": "tiny", "date": "2026-01-01", "loss": "iuc", "head": "labels"},
        network=NetworkSettings(width=2, depth=2),
        preprocessing=Preprocessing(spacing=4.0),
        scheme=scheme.to_dict(),
        training_data="none",
        scores={"phantoms": {"pons": 0.5}},
    )
    network = build_network("unet", 1, len(scheme), width=2, depth=2)
    save_model(folder / "model", network, info, card="# Tiny\n")
    # What takes long to load shall not count for the first input.
    import partialseg_trainer.inference
    import partialseg_trainer.training  # noqa: F401

    words = ["import", "--images", folder / "pairs" / "*_image.nii.gz", "--labels"]
    words += [folder / "pairs" / "*_labels.nii.gz", "--scheme", "brainstem"]
    ended = _run([*words, "--output", folder / "dataset"])
    assert ended.code == 0, ended
    ended = _run(["train", "--dataset", folder / "dataset", "--print-config"])
    assert ended.code == 0, ended
    (folder / "config.json").write_text(ended.out)
    scheme.save(folder / "scheme.json")


# --- what is changed ---


def _changed_text(rng: random.Random, text: str) -> str:
    for _ in range(rng.randint(1, 3)):
        start = rng.randrange(len(text) + 1)
        end = min(len(text), start + rng.randint(0, 40))
        how = rng.randrange(4)
        if how == 0:
            text = text[:start] + text[end:]
        elif how == 1:
            text = text[:start] + text[start:end] * 2 + text[end:]
        elif how == 2:
            text = text[:start] + rng.choice(TEXTS) + text[end:]
        else:
            text = text[:start] + chr(rng.randrange(1, 256)) + text[start:]
    return text


def _changed_json(rng: random.Random, text: str) -> bytes:
    """Another value, field or text somewhere in it."""
    if rng.random() < 0.4:
        return _changed_text(rng, text).encode("utf-8", "surrogatepass")
    content = json.loads(text)
    for _ in range(rng.randint(1, 2)):
        place, key = rng.choice(list(_places(content)) or [(content, "x")])
        value = rng.choice(VALUES)
        if isinstance(place, dict) and rng.random() < 0.2:
            place[str(value)[:50]] = place.pop(key)
        else:
            place[key] = value
    return json.dumps(content).encode()


def _places(content: Any) -> Iterator[tuple[Any, Any]]:
    keys = content if isinstance(content, dict) else range(len(content))
    for key in list(keys):
        yield content, key
        if isinstance(content[key], dict | list):
            yield from _places(content[key])


def _changed_bytes(rng: random.Random, content: bytes, header: int) -> bytes:
    """Other bytes and numbers in the header, or another end."""
    changed = bytearray(content)
    for _ in range(rng.randint(1, 4)):
        how = rng.randrange(5)
        at = rng.randrange(min(header, len(changed)))
        if how == 0:
            changed[at] ^= 1 << rng.randrange(8)
        elif how == 1:
            number = rng.choice((-32768, -1, 0, 1, 7, 255, 32767))
            changed[at - at % 2 : at - at % 2 + 2] = struct.pack("<h", number)
        elif how == 2:
            number = rng.choice((float("nan"), float("inf"), -1.0, 0.0, 1e-40, 3e38, 1e30, 1e3))
            changed[at - at % 4 : at - at % 4 + 4] = struct.pack("<f", number)
        elif how == 3:
            changed[at : at + 8] = rng.randbytes(8)
        elif rng.random() < 0.3:
            del changed[rng.randrange(len(changed)) :]
        if not changed:
            return b"\0"
    return bytes(changed)


# --- the kinds of files, and what they are given to ---


def _scored(path: Path) -> list[object]:
    return ["evaluate", path, _GOOD["folder"] / "labels.nii.gz", "--scheme", "brainstem", "--json"]


def _nifti(rng: random.Random, folder: Path) -> list[object]:
    content = _changed_bytes(rng, (_GOOD["folder"] / "labels.nii").read_bytes(), 352)
    path = folder / rng.choice(("a.nii", "a.nii.gz"))
    path.write_bytes(content if path.suffix == ".nii" else gzip.compress(content, 1, mtime=0))
    return _scored(path)


def _packed(rng: random.Random, folder: Path) -> list[object]:
    content = (_GOOD["folder"] / "labels.nii.gz").read_bytes()
    if rng.random() < 0.1:
        content = gzip.compress(gzip.decompress(content) + bytes(rng.choice((10**5, 10**9))), 1)
    (folder / "a.nii.gz").write_bytes(_changed_bytes(rng, content, len(content)))
    return _scored(folder / "a.nii.gz")


def _nrrd(rng: random.Random, folder: Path) -> list[object]:
    text, _, voxels = (_GOOD["folder"] / "labels.nrrd").read_bytes().partition(b"\n\n")
    lines = text.decode().split("\n")
    if rng.random() < 0.3:
        (folder / "a.raw.gz").write_bytes(voxels)
        os.symlink(folder.parent / "secret", folder / "link")
        place = rng.choice(("a.raw.gz", "../secret", folder.parent / "secret", "link", "/dev/zero"))
        field = rng.choice(("data file", "datafile"))
        lines.append(f"{field}: {place}")
    if rng.random() < 0.3:
        skipped = rng.choice((-2, -1, 0, 3, 10**6, 10**15))
        lines.append(f"{rng.choice(('line skip', 'byte skip'))}: {skipped}")
    if rng.random() < 0.3:
        lines = [
            line.replace("gzip", rng.choice(("raw", "ascii", "bzip2", "hex"))) for line in lines
        ]
    number = rng.randrange(1, len(lines))
    lines[number] = _changed_text(rng, lines[number])
    content = "\n".join(lines).encode("utf-8", "replace") + b"\n\n" + voxels
    path = folder / rng.choice(("a.nrrd", "a.nhdr"))
    path.write_bytes(content)
    return _scored(path)


def _scheme(rng: random.Random, folder: Path) -> list[object]:
    text = (_GOOD["folder"] / "scheme.json").read_text()
    (folder / "scheme.json").write_bytes(_changed_json(rng, text))
    return ["schemes", "show", folder / "scheme.json", *rng.choice(((), ("--json",)))]


def _model(rng: random.Random, folder: Path) -> list[object]:
    shutil.copytree(_GOOD["folder"] / "model", folder / "model")
    file = folder / "model" / "model.json"
    if rng.random() < 0.2:
        file = folder / "model" / "weights.safetensors"
        file.write_bytes(_changed_bytes(rng, file.read_bytes(), 400))
    else:
        file.write_bytes(_changed_json(rng, file.read_text()))
    return ["models", "show", folder / "model", *rng.choice(((), ("--json",)))]


def _used(rng: random.Random, folder: Path) -> list[object]:
    """A scan that is segmented by a model in which numbers were changed."""
    shutil.copytree(_GOOD["folder"] / "model", folder / "model")
    file = folder / "model" / "model.json"
    content = json.loads(file.read_text())
    numbers = (0.01, 0.1, 1e-30, 1e30, 3.0, 100.0, 2**62)
    content["preprocessing"]["spacing"] = rng.choice(numbers)
    file.write_text(json.dumps(content))
    scan = _GOOD["folder"] / "pairs" / "a_image.nii.gz"
    # Into the folder of good files, so that nothing is written into that of the input.
    output = _GOOD["folder"] / "out.nii.gz"
    words = ["segment", scan, "-o", output, "--overwrite", "--device", "cpu"]
    return [*words, "--model", folder / "model"]


def _config(rng: random.Random, folder: Path) -> list[object]:
    text = (_GOOD["folder"] / "config.json").read_text()
    (folder / "config.json").write_bytes(_changed_json(rng, text))
    return ["train", "--config", folder / "config.json", "--print-config"]


def _setting(rng: random.Random, folder: Path) -> list[object]:
    field = rng.choice(("epochs", "network.width", "preprocessing.spacing", "seed", "loss", "x.y"))
    value = json.dumps(rng.choice(VALUES)) if rng.random() < 0.5 else rng.choice(TEXTS)
    words = ["train", "--dataset", _GOOD["folder"] / "dataset", "--print-config"]
    return [*words, "--set", f"{field}={value}".replace("\0", "")]


def _dataset(rng: random.Random, folder: Path) -> list[object]:
    shutil.copytree(_GOOD["folder"] / "dataset", folder / "dataset")
    files = [
        path
        for path in sorted((folder / "dataset").rglob("*"))
        if path.suffix in (".json", ".tsv") and path.is_file()
    ]
    file = rng.choice(files)
    text = file.read_text()
    changed = _changed_json(rng, text) if file.suffix == ".json" else _table(rng, text)
    file.write_bytes(changed)
    return ["check", folder / "dataset", *rng.choice(((), ("--json",)))]


def _table(rng: random.Random, text: str) -> bytes:
    return _changed_text(rng, text).encode("utf-8" if rng.random() < 0.8 else "utf-16", "replace")


_GRID = """\
name: grid
data: {phantoms: {subjects: 4, spacing: 2.0}}
partial: [{hide: [cgm, wm, dgm]}]
full: [1, 50 %]
draws: 2
seeds: [0, 1]
methods:
  iuc: &base {loss: iuc, epochs: 1}
  huc: {<<: *base, loss: huc}
settings: {network: {width: 4, depth: 2}, batch_size: 4}
steps: 10
"""


def _grid(rng: random.Random, folder: Path) -> list[object]:
    text = _changed_text(rng, _GRID)
    if rng.random() < 0.1:
        text += "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 40)).replace(
            "*a0", "&a0 [x]", 1
        )
    elif rng.random() < 0.3:
        number = rng.choice(("1000000000", "-1", "0.001", "1e300", ".inf", "9" * 400))
        text = re.sub(r"\b\d+(\.\d)?\b", number, text, count=rng.randint(1, 6))
    (folder / "grid.yaml").write_bytes(text.encode("utf-8", "surrogatepass"))
    # A file stands where the folder of the experiment would be, so that nothing is begun.
    return ["experiment", folder / "grid.yaml", "--output", folder / "grid.yaml", "--dry-run"]


KINDS = (
    Kind("NIfTI headers", _nifti, 8),
    Kind("gzip", _packed, 3),
    Kind("NRRD headers", _nrrd, 8),
    Kind("schemes", _scheme, 4),
    Kind("models", _model, 4),
    Kind("models that segment", _used, 1),
    Kind("settings of trainings", _config, 4),
    Kind("settings in words", _setting, 2),
    Kind("datasets", _dataset, 4),
    Kind("experiments", _grid, 3),
)

if __name__ == "__main__":
    sys.exit(main())
