"""Why choices of a training do not go together, in words; an empty text where they do."""

from __future__ import annotations

from slicer.i18n import tr as _

from partialseg_trainer.methods import Method, Strategy, methods

from ...engine.models import ModelCard


def notTogether(strategy: Strategy, method: Method) -> str:
    """Why a strategy cannot be used with a method."""
    if strategy.needs_head in (None, method.head):
        return ""
    text = (
        _(
            "{strategy} needs a method that chooses one structure for each voxel, such as "
            "{example}; {method} decides on every label by itself."
        )
        if strategy.needs_head == "leaves"
        else _(
            "{strategy} needs a method that decides on every label by itself, such as {example}; "
            "{method} chooses one structure for each voxel."
        )
    )
    example = next(each.title for each in methods() if each.head == strategy.needs_head)
    return text.format(strategy=strategy.title, method=method.title, example=example)


def notFrom(model: ModelCard, method: Method, strategy: Strategy) -> str:
    """Why a training by these cannot go on from a model."""
    if model.head != method.head:
        text = (
            _(
                "{model} decides on every label by itself, and {method} chooses one structure for "
                "each voxel; choose another method, or start from scratch."
            )
            if model.head == "labels"
            else _(
                "{model} chooses one structure for each voxel, and {method} decides on every label "
                "by itself; choose another method, or start from scratch."
            )
        )
        return text.format(model=model.title, method=method.title)
    if model.outputs != strategy.outputs:
        return _(
            "{model} was not trained by the strategy {strategy}, which needs a network of another "
            "form; choose another strategy, or start from scratch."
        ).format(model=model.title, strategy=strategy.title)
    return ""
