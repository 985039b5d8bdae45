"""Load the model that a user means."""

from __future__ import annotations

from pathlib import Path

from ..models import find_model
from ..networks import model as model_folder
from ..networks.model import Model


def load_model(folder: str | Path | None = None) -> Model:
    """Load a model folder; None means the default model. See `networks.model.load_model`.

    `folder` may also be the name of one of the user's models, or a run folder.
    """
    return model_folder.load_model(find_model(folder))
