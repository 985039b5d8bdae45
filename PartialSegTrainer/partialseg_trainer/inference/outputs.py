"""What is written of each scan, and how it is called."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np

from ..errors import UserError
from ..labels import LabelScheme
from ..models import ModelInfo
from ..volumes import read_labelmap, to_nibabel
from .segment import Segmentation

T = TypeVar("T")


@dataclass(frozen=True)
class Outputs:
    """What is written of each scan beside its labelmap.

    confidence: how sure the models are of each voxel.
    probabilities: how probable each label is in each voxel, super-labels included.
    preview: a picture. Who makes it writes it; here is where it goes.
    masks: labels that get a file of 0 and 1 each.
    labels: all that is told of, in the scheme's order; None for every label that the models tell.
    """

    confidence: bool = False
    probabilities: bool = False
    preview: bool = False
    masks: tuple[str, ...] = ()
    labels: tuple[str, ...] | None = None


def chosen_labels(names: Sequence[str], infos: Sequence[ModelInfo]) -> tuple[str, ...]:
    """The labels of these names, or, without any, all that the models tell; in the scheme's order.

    Raises UserError for a label that the scheme does not have, and one that the models do not tell.
    """
    scheme = LabelScheme.from_dict(infos[0].scheme, origin=f"the scheme of {infos[0].name}")
    untold = frozenset.intersection(*(frozenset(info.untold) for info in infos))
    for name in names:
        if scheme[name].name in untold:
            raise UserError(
                f"The model {infos[0].name} does not tell the label '{name}'; it tells "
                f"{', '.join(each for each in scheme.names if each not in untold)}."
            )
    return tuple(
        name for name in scheme.names if name not in untold and (not names or name in names)
    )


def keep_labels(result: Segmentation, labels: Sequence[str]) -> Segmentation:
    """The segmentation with no labels but these.

    Its labelmap has the value of the most specific of them in each voxel, so that a super-label
    without its parts is one piece; its confidence stays that in the leaf.
    """
    scheme = result.scheme
    values = np.zeros(scheme.labels[-1].value + 1, dtype=scheme.leaf_values.dtype)
    for label in scheme:
        nearest = next(
            (n for n in (label.name, *scheme.ancestors(label.name)) if n in labels), None
        )
        if nearest is not None:
            values[label.value] = scheme[nearest].value
    labelmap = read_labelmap(result.labelmap)
    data = values[labelmap.data]
    return replace(
        result,
        labelmap=to_nibabel(labelmap.with_data(np.asfortranarray(data))),
        untold=result.untold | (set(scheme.names) - set(labels)),
    )


@dataclass(frozen=True)
class Part:
    """A share of many scans: every `of`-th, from number `number` on, which counts from 1."""

    number: int
    of: int

    @classmethod
    def parse(cls, text: str) -> Part:
        """`2/8`. Raises UserError for anything that is no such share."""
        found = re.fullmatch(r"(\d{1,6})/(\d{1,6})", text.strip(), re.ASCII)
        if not found or not 1 <= int(found[1]) <= int(found[2]):
            raise UserError(
                f"The part '{text}' is no share such as 2/8, the second of eight; name one from "
                "1/N to N/N."
            )
        return cls(int(found[1]), int(found[2]))

    def take(self, entries: Sequence[T]) -> list[T]:
        """The entries of this part; those of all parts together are all, and each once."""
        return list(entries[self.number - 1 :: self.of])

    def __str__(self) -> str:
        return f"{self.number}-of-{self.of}"
