"""Which models may segment together, as the mean of their probabilities."""

from __future__ import annotations

from collections.abc import Sequence

from ..errors import UserError
from ..networks.model import Model


def as_ensemble(model: Model | Sequence[Model]) -> tuple[Model, ...]:
    """One or several models, all of which are shown the same and answer the same.

    Raises UserError when they differ in their labels, preprocessing, contrasts or the size of
    blocks, or when there are none.
    """
    models = (model,) if isinstance(model, Model) else tuple(model)
    if not models:
        raise UserError("No model was named to segment with; name at least one.")
    first = models[0]
    for other in models[1:]:
        if not other.scheme.has_labels_of(first.scheme):
            what, found = "labels", [", ".join(each.scheme.names) for each in (first, other)]
        elif other.info.preprocessing != first.info.preprocessing:
            what, found = "preprocessing", [str(each.info.preprocessing) for each in (first, other)]
        elif other.info.contrasts != first.info.contrasts:
            what, found = "contrasts", [each.info.of_contrasts for each in (first, other)]
        elif other.info.patch != first.info.patch:
            what, found = "input", [each.info.seen for each in (first, other)]
        else:
            continue
        raise UserError(
            f"The models {first.info.name} and {other.info.name} cannot be averaged, because they "
            f"differ in their {what} ({found[0]}, and {found[1]}); choose models that agree."
        )
    return models
