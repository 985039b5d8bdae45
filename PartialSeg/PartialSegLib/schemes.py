"""The label schemes that a user may choose from."""

from partialseg_trainer.labels import LabelScheme
from partialseg_trainer.labels.scheme import preset_names


def presets() -> dict[str, str]:
    """Titles of the schemes that come along, by name."""
    return {name: LabelScheme.load(name).title for name in preset_names()}


def loadScheme(nameOrPath: str) -> LabelScheme:
    """The scheme of a preset's name, or of a file as it is now.

    Raises UserError when there is none, or the file is wrong.
    """
    return LabelScheme.load(nameOrPath)
