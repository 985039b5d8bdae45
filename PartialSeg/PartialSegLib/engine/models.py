"""The models to choose from: the one that comes along, the user's own, those of trainings."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from partialseg_trainer.errors import UserError
from partialseg_trainer.files import read_json
from partialseg_trainer.labels import LabelScheme
from partialseg_trainer.labels.scheme import preset_names
from partialseg_trainer.user_folders import user_data

from ..resources import RESOURCES
from .jobs import Job, JobFailed

_SHIPPED = RESOURCES / "Models"
_INFO_FILE = "model.json"


class ModelCard(NamedTuple):
    """What a model's folder says about it.

    `name` is what jobs take: the folder, or empty for the default model. `head` and `outputs` are
    what its network's channels are for, and how it has them (see the engine's ModelInfo).
    `contrasts` are those that it is shown, of which `doesWithout` tells whether it has learned to
    do without some. `scores` are Dice by label, None where a label was not measured, under the name
    of what they were measured on.
    """

    name: str
    title: str
    date: str
    scheme: LabelScheme
    trainingData: str
    head: str
    outputs: str
    contrasts: tuple[str, ...]
    doesWithout: bool
    scores: Mapping[str, Mapping[str, float | None]]

    @property
    def meanDice(self) -> dict[str, float]:
        """The mean over the measured labels, under the name of what they were measured on."""
        means = {}
        for measuredOn, byLabel in self.scores.items():
            measured = [dice for dice in byLabel.values() if dice is not None]
            if measured:
                means[measuredOn] = sum(measured) / len(measured)
        return means


def models() -> list[ModelCard]:
    """All models at hand: the default one, then the user's own and those of runs.

    Before the engine's packages are installed it is the default one alone. A folder that cannot be
    read is passed over; the log tells why.
    """
    cards = []
    for name in ["", *_ownFolders()]:
        try:
            cards.append(readModel(name))
        except UserError as error:
            logging.warning("PartialSeg passes over a model: %s", error)
    return cards


def readModel(name: str) -> ModelCard:
    """The card of a model: of its folder, or of the default one for an empty name.

    Raises UserError when the folder holds no model, or one whose description is damaged.
    """
    with _description(name) as (file, content):
        return ModelCard(
            name,
            content.get("title") or content["name"],
            content["date"],
            LabelScheme.from_dict(content["scheme"], origin=f"{file}: scheme"),
            content["training_data"],
            content["head"],
            content.get("outputs", "together"),
            tuple(content.get("contrasts") or [content.get("contrast", "T2w")]),
            bool(content.get("contrast_dropout")),
            content.get("scores", {}),
        )


def settingsFrom(model: str) -> dict[str, Any]:
    """The settings with which a training goes on from a model: its network and what it is shown.

    `model` is its folder, or empty for the default one. They are as the folder has them, for the
    engine checks all settings of a training, and its import takes as long as a person waits for
    nothing. Raises UserError when it is no model.
    """
    with _description(model) as (file, content):
        patch = content.get("patch")
        return {
            "initial_model": str(file.parent),
            "network": dict(content["network"]),
            "preprocessing": dict(content["preprocessing"]),
            **({} if patch is None else {"patch": list(patch)}),
        }


def useModelJob(
    run: str | Path,
    *,
    onFinished: Callable[[str], object],
    onFailed: Callable[[JobFailed], object] | None = None,
) -> Job:
    """A job that takes the model of a run's folder among the user's own; it gets its folder there.

    `onFailed` is told when the run has no model.
    """
    return Job(
        "adopt",
        {"run": str(run)},
        onFinished=lambda result, _: onFinished(result["model"]),
        onFailed=onFailed,
    )


@contextmanager
def _description(name: str) -> Iterator[tuple[Path, dict[str, Any]]]:
    """The file that describes a model, and its content; what is not in it is told as an error."""
    file = (Path(name) if name else defaultModel()) / _INFO_FILE
    if not file.is_file():
        raise UserError(
            f"{file.parent} holds no model (it has no {_INFO_FILE}); choose another model."
        )
    content = read_json(file)
    try:
        yield file, content
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise UserError(
            f"{file} is no description of a model ({error}); copy the model folder again."
        ) from error


def defaultModel() -> Path:
    """The folder of the model that comes along. Raises UserError when it is missing."""
    found = sorted(file.parent for file in _SHIPPED.glob(f"*/{_INFO_FILE}"))
    if not found:
        raise UserError(
            f"No model was found in {_SHIPPED}; install the extension PartialSeg again."
        )
    return found[0]


def schemeOf(card: ModelCard) -> str:
    """What to choose as scheme for a model: a preset with the same labels, else its own folder."""
    for preset in preset_names():
        if _labels(LabelScheme.load(preset)) == _labels(card.scheme):
            return preset
    return card.name or str(defaultModel())


def _ownFolders() -> list[str]:
    """The folders of all models but the default one: the user's by name, then the newest runs.

    They are those of the engine's `list_models`, of which the import takes most of a second.
    """
    try:
        kept = user_data()
    # Slicer may lack platformdirs, and an account its home.
    except (ModuleNotFoundError, UserError):
        return []
    own = sorted(kept.glob(f"models/*/{_INFO_FILE}"))
    # The names of runs begin with a date.
    trained = sorted(kept.glob(f"runs/*/model/{_INFO_FILE}"), reverse=True)
    return [str(file.parent) for file in (*own, *trained)]


def _labels(scheme: LabelScheme) -> list[tuple]:
    """What makes two schemes mean the same, whatever they are called and coloured."""
    return [(label.name, label.value, label.parent, label.exhaustive) for label in scheme]
