"""Where models are kept: the one that ships, the user's own, and those that trainings left."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from ..errors import UserError
from ..runs import list_runs
from ..user_folders import user_data
from .info import INFO_FILE


def default_model() -> Path:
    """The folder of the model that ships with PartialSeg.

    Raises UserError where the engine was installed without the Slicer module that carries it.
    """
    engine = Path(__file__).resolve().parents[2]
    # In the repository the module's folder is a neighbour; once installed in Slicer, its resources
    # lie beside the engine.
    for resources in (engine.parent / "PartialSeg" / "Resources", engine / "Resources"):
        found = _models_in(resources / "Models")
        if found:
            return found[0]
    raise UserError(
        "No default model was found beside the engine; name a model folder (--model), or train one."
    )


def user_models() -> Path:
    """The folder for models that this user wants to choose from by name.

    Raises UserError for an account without a home.
    """
    return user_data() / "models"


def list_models(runs: str | Path | None = None) -> list[Path]:
    """The folders of all models at hand: the default one, the user's, and those of finished runs.

    An account without a home has none of its own.

    Args:
        runs: the folder of run folders; None means the user's own.
    """
    found: list[Path] = []
    for look in (
        lambda: [default_model()],
        lambda: _models_in(user_models()),
        lambda: [run.model for run in list_runs(runs) if (run.model / INFO_FILE).is_file()],
    ):
        with suppress(UserError):
            found += look()
    return found


def find_model(name: str | Path | None = None) -> Path:
    """The folder that `name` means: a model folder, a run's, or the name of a user's model.

    None means the default model. A name that is none of these is returned as it stands, for whoever
    reads it to refuse.
    """
    if name is None:
        return default_model()
    path = Path(name)
    for folder in (path, path / "model"):
        if (folder / INFO_FILE).is_file():
            return folder
    with suppress(UserError):
        own = user_models() / path
        if (own / INFO_FILE).is_file():
            return own
    return path


def _models_in(folder: Path) -> list[Path]:
    return sorted(file.parent for file in folder.glob(f"*/{INFO_FILE}"))
