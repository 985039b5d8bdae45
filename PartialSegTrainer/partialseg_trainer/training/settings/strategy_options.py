"""What can be set on a strategy beside its name."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from ...errors import UserError
from ...files import checked
from ...methods import methods, strategy_names
from ...models import Head, Outputs
from .loss_choice import LossName, LossOptions


class StrategyOptions(BaseModel):
    """The options of a strategy that has none; others add a field for each of theirs.

    `uses_partial` says that partial scans are of use whatever the loss, `needs_head` what the loss
    must tell apart, if not anything, and `outputs` how the network has its channels.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)
    uses_partial: ClassVar[bool] = False
    needs_head: ClassVar[Head | None] = None
    outputs: ClassVar[Outputs] = "together"

    @property
    def needs_full(self) -> bool:
        """Whether some stage learns from fully labelled scans alone."""
        return False

    @property
    def stages(self) -> int:
        """How many trainings there are, one after another."""
        return 1


class SelfTrainingOptions(StrategyOptions):
    """`rounds` of labelling what is unknown and learning from it, after the first training."""

    uses_partial = True

    rounds: int = Field(default=1, ge=1)

    @property
    def stages(self) -> int:
        return 1 + self.rounds


class PseudoLabelsOptions(StrategyOptions):
    """`members` teachers learn with the loss `loss` and its `loss_options`, each from its own seed.

    The loss of the settings is that of the student.
    """

    uses_partial = True

    members: int = Field(default=3, ge=1)
    loss: LossName = "marginal_ce"
    loss_options: LossOptions = {}

    @property
    def needs_full(self) -> bool:
        return any(method.needs_full for method in methods() if method.name == self.loss)

    @property
    def stages(self) -> int:
        return self.members + 1


class FullFirstOptions(StrategyOptions):
    """Of a strategy with a stage of fully labelled scans alone, and one of all scans."""

    uses_partial = True

    @property
    def needs_full(self) -> bool:
        return True

    @property
    def stages(self) -> int:
        return 2


class MeanTeacherOptions(StrategyOptions):
    """`decay` of the teacher's weights at each step, `weight` of its term in the loss, and
    `ramp`, the share of all steps over which that weight grows from almost 0.
    """

    needs_head = "leaves"

    decay: float = Field(default=0.99, ge=0, lt=1)
    weight: float = Field(default=1.0, gt=0)
    ramp: float = Field(default=0.3, ge=0, le=1)


class MultiModelOptions(StrategyOptions):
    """Of the strategy with a network for each label."""

    needs_head = "labels"
    outputs = "separate"


class ClassConditionalOptions(StrategyOptions):
    """Of the strategy with one network that is asked for each label."""

    needs_head = "labels"
    outputs = "conditional"


_OPTIONS: dict[str, type[StrategyOptions]] = {
    "self_training": SelfTrainingOptions,
    "plain": StrategyOptions,
    "pseudo_labels": PseudoLabelsOptions,
    "semi_supervised": FullFirstOptions,
    "mean_teacher": MeanTeacherOptions,
    "phased": FullFirstOptions,
    "multi_model": MultiModelOptions,
    "class_conditional": ClassConditionalOptions,
}


def strategy_options(name: str, options: dict[str, Any]) -> StrategyOptions:
    """The options of the strategy of that name, those that are not given as they are by default.

    Raises UserError for a name that is none of `strategy_names()`, and for an option that the
    strategy does not have or a value that it does not take.
    """
    if name not in strategy_names():
        raise UserError(
            f"There is no strategy '{name}'; choose one of {', '.join(strategy_names())}."
        )
    return checked(options, _OPTIONS[name], f"the options of the strategy '{name}'")
