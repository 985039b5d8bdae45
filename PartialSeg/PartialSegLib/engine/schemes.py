"""The label schemes that a user may choose from."""

from pathlib import Path

from partialseg_trainer.labels import LabelScheme
from partialseg_trainer.labels.scheme import preset_names

from .models import readModel


def presets() -> dict[str, str]:
    """Titles of the schemes that come along, by name."""
    return {name: LabelScheme.load(name).title for name in preset_names()}


def loadScheme(nameOrPath: str) -> LabelScheme:
    """The scheme of a preset's name, of a file as it is now, or of a model's folder.

    Raises UserError when there is none, or the file is wrong.
    """
    if nameOrPath not in preset_names() and nameOrPath and Path(nameOrPath).is_dir():
        return readModel(nameOrPath).scheme
    return LabelScheme.load(nameOrPath)
