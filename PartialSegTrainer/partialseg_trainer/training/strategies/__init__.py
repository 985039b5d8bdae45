"""How a training is put together, each way under the one name by which it is selected."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext, suppress

from ...files import read_json
from ...runs import RunFolder, RunReporter
from ..material import Material
from ..ranks.group import check_ranks, leads
from ..run.callback import Reporter, Silence, StoppedOnRequest
from ..run.train import open_material
from ..settings.config import TrainConfig
from .mean_teacher import mean_teacher
from .phased import phased
from .plain import plain
from .pseudo_labels import pseudo_labels
from .self_training import self_training
from .semi_supervised import semi_supervised

# Each leaves its result as the model of the run; what is done already is not done again.
Strategy = Callable[[RunFolder, TrainConfig, Material, Reporter], None]

_STRATEGIES: dict[str, Strategy] = {
    "self_training": self_training,
    "plain": plain,
    "pseudo_labels": pseudo_labels,
    "semi_supervised": semi_supervised,
    "mean_teacher": mean_teacher,
    "phased": phased,
    # They differ in their network, not in how it is trained.
    "multi_model": plain,
    "class_conditional": plain,
}


def train(run: RunFolder) -> None:
    """Train the run's model by the strategy of its settings, from where it last stood.

    Writes checkpoints, metrics and status as it goes, and at the end the model with the best
    validation score. Raises what went wrong, after it has been written to status.json; a UserError
    too where the settings ask for several processes, and nothing has started these.
    """
    told = RunReporter(run) if leads() else nullcontext(Silence())
    # A strategy that is stopped between two of its stages has no model yet.
    with told as reporter, suppress(StoppedOnRequest):
        config = TrainConfig.checked(read_json(run.config_file), origin=str(run.config_file))
        check_ranks(config)
        material = open_material(run, config, reporter)
        _STRATEGIES[config.strategy](run, config, material, reporter)
