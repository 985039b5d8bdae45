"""Experiments as YAML files: one of the user's, or a preset that comes along."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import Any

from ..errors import UserError
from ..incoming import read_text
from ..user_folders import expanded
from .settings import ExperimentSettings, checked_settings


def preset_names() -> tuple[str, ...]:
    """The experiments that come along."""
    folder = resources.files(__package__) / "presets"
    return tuple(
        sorted(Path(entry.name).stem for entry in folder.iterdir() if entry.name.endswith(".yaml"))
    )


def read_experiment(
    name: str | Path, data: str | Path | None = None, test: str | Path | None = None
) -> ExperimentSettings:
    """The settings in a YAML file, or of the preset of that name.

    `data` and `test` take the places of `data.folder` and `test.folder`. A folder in the file is
    relative to the file. Raises UserError for a file that cannot be read, is no YAML or has a wrong
    field.
    """
    if str(name) in preset_names():
        origin, base = f"the preset '{name}'", Path.cwd()
        text = (resources.files(__package__) / "presets" / f"{name}.yaml").read_text("utf-8")
    else:
        path = expanded(name).absolute()
        origin, base = str(name), path.parent
        text = _text_of(path, origin)
    content = _parsed(text, origin)
    settings = checked_settings(content, origin)
    settings = _with_test(settings, test, base, origin)
    folder = settings.data.folder
    if data is not None:
        folder = Path(data)
        if settings.data.phantoms is not None:
            raise UserError(f"{origin} makes phantoms, so it takes no data; leave --data out.")
        base = Path.cwd()
    elif folder is None and settings.data.phantoms is None:
        raise UserError(f"{origin} names no scans; give their folder as data.folder or by --data.")
    if folder is None:
        return settings
    data_settings = settings.data.model_copy(update={"folder": base / expanded(folder)})
    return settings.model_copy(update={"data": data_settings})


def _with_test(
    settings: ExperimentSettings, given: str | Path | None, base: Path, origin: str
) -> ExperimentSettings:
    """The settings with the folder of the scans to test on, if there are any, made absolute."""
    test = settings.test
    if test is None:
        if given is not None:
            raise UserError(
                f"{origin} tests on some of its own scans; leave --test out, or give it a `test`."
            )
        return settings
    folder = Path.cwd() / expanded(given) if given else test.folder
    if folder is None:
        raise UserError(f"{origin} tests on scans from elsewhere; give their folder by --test.")
    folder = base / expanded(folder)
    return settings.model_copy(update={"test": test.model_copy(update={"folder": folder})})


def _text_of(path: Path, origin: str) -> str:
    try:
        return read_text(path)
    except FileNotFoundError:
        presets = ", ".join(preset_names())
        raise UserError(
            f"{origin} does not exist; check the path, or name a preset: {presets}."
        ) from None


def _parsed(text: str, origin: str) -> Any:
    try:
        from .yaml_text import parse_yaml
    except ImportError:
        raise UserError(
            "Experiments need the package PyYAML; install 'partialseg-trainer[experiments]'."
        ) from None
    return parse_yaml(text, origin)
