"""The labels of nnU-Net's dataset.json (v2: values, regions, ignore) and those of a scheme."""

from __future__ import annotations

import colorsys
import itertools
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from pydantic import AliasChoices, BaseModel, Field, field_validator

from ..errors import UserError
from ..labels import LabelScheme
from ..labels.segments import folded

BACKGROUND, IGNORE = "background", "ignore"


class DatasetJson(BaseModel):
    """The fields of dataset.json that are used.

    Those of nnU-Net v1 and of the Medical Segmentation Decathlon are read too: `modality`, and
    labels that lead from values to names. `dataset` lists files that lie elsewhere.
    """

    channel_names: dict[str, str] = Field(
        validation_alias=AliasChoices("channel_names", "modality")
    )
    labels: dict[str, int | list[int]]
    file_ending: str = ".nii.gz"
    dataset: dict[str, Any] | None = None

    @field_validator("labels", mode="before")
    @classmethod
    def _names_to_values(cls, labels: Any) -> Any:
        if (
            isinstance(labels, dict)
            and all(str(key).strip().isdecimal() for key in labels)
            and all(isinstance(name, str) for name in labels.values())
        ):
            # 0 is the background, whatever it is called there.
            named = {int(value): name for value, name in labels.items() if int(value)}
            if len(set(named.values())) < len(named):
                raise ValueError("two values have one name; give each its own")
            return {name: value for value, name in named.items()}
        return labels


class Regions(NamedTuple):
    """What dataset.json declares: label name -> its values, and the value to ignore."""

    values: dict[str, frozenset[int]]
    ignored: int | None


def declared_regions(labels: dict[str, int | list[int]], path: Path) -> Regions:
    """The labels as sets of values, without background and ignore, under names a scheme allows.

    Raises UserError for names or values that occur twice, a value 0, or regions that overlap
    without one containing the other, which no tree of labels can say.
    """
    found: dict[str, frozenset[int]] = {}
    ignored = labels.get(IGNORE)
    if isinstance(ignored, list):
        raise UserError(f"{path}: labels.ignore is {ignored}; expected one value, so give it one.")
    for title, declared in labels.items():
        values = frozenset(declared if isinstance(declared, list) else [declared])
        if title == IGNORE or (title == BACKGROUND and values == {0}):
            continue
        name = _scheme_name(title)
        if not values or min(values) < 1 or ignored in values:
            raise UserError(
                f"{path}: labels.{title} is {declared}; give it values from 1 on, without that of "
                "ignore."
            )
        if name in found or values in found.values():
            raise UserError(
                f"{path}: labels.{title} repeats another label's name or values; give each label "
                "its own."
            )
        found[name] = values
    if not found:
        raise UserError(
            f"{path}: labels names no label but the background; name the structures that are drawn."
        )
    for (one, first), (other, second) in itertools.combinations(found.items(), 2):
        if first & second and not (first < second or second < first):
            raise UserError(
                f"{path}: the regions {one} and {other} overlap, but neither contains the other; "
                "a label scheme is a tree, so leave one of them out."
            )
    return Regions(found, ignored)


def scheme_of_regions(regions: Regions, name: str) -> LabelScheme:
    """A scheme with a label for each region, regions within it as its children."""
    values = regions.values
    parent = {}
    for label, members in values.items():
        around = [other for other in values if members < values[other]]
        parent[label] = min(around, key=lambda other: len(values[other]), default=None)
    # A label whose values are all its children's needs a value of its own, beyond those in use.
    spare = itertools.count(1 + max(regions.ignored or 0, *frozenset().union(*values.values())))

    def nested(below: str | None) -> list[dict]:
        labels = []
        for label in (label for label in values if parent[label] == below):
            children = nested(label)
            own = values[label].difference(*(values[child["name"]] for child in children))
            hue = list(values).index(label) / len(values)
            labels.append(
                {
                    "name": label,
                    "value": min(own) if own else next(spare),
                    "colour": [round(255 * part) for part in colorsys.hsv_to_rgb(hue, 0.6, 0.9)],
                    "exhaustive": not own,
                    "children": children,
                }
            )
        return labels

    return LabelScheme.from_dict({"name": name, "labels": nested(None)})


def match_regions(
    regions: Regions, scheme: LabelScheme, path: Path
) -> tuple[dict[int, int], tuple[str, ...]]:
    """How the values of the labelmaps become those of the scheme, and which labels are declared.

    A value goes to the smallest declared region that the scheme has a label for. Raises UserError
    when there is none for a value.
    """
    declared = {name: values for name, values in regions.values.items() if name in scheme}
    mapping = _values_of(declared, {name: scheme[name].value for name in declared})
    missing = frozenset().union(*regions.values.values()) - mapping.keys()
    if missing:
        names = [name for name, values in regions.values.items() if values & missing]
        raise UserError(
            f"{path}: the labels {', '.join(names)} are not in scheme '{scheme.name}', which has "
            f"{', '.join(scheme.names)}; rename them in dataset.json, or import without a scheme."
        )
    return mapping, tuple(declared)


def numbered_otherwise(regions: Regions, scheme: LabelScheme) -> bool:
    """Whether labels that seem to be the scheme's have other values than there.

    They do by a label's name or title in any case. Where they have none, labelmaps may be of the
    scheme's values, whatever else is declared.
    """
    meant = {
        name: label.value
        for name in regions.values
        for label in scheme
        if _loosely(name) in (_loosely(label.name), _loosely(label.title))
    }
    declared = {name: regions.values[name] for name in meant}
    return any(old != new for old, new in _values_of(declared, meant).items())


def _values_of(declared: Mapping[str, frozenset[int]], values: Mapping[str, int]) -> dict[int, int]:
    """Declared value -> value of the smallest region that it is in."""
    mapping: dict[int, int] = {}
    for name in sorted(declared, key=lambda name: -len(declared[name])):
        mapping.update(dict.fromkeys(declared[name], values[name]))
    return mapping


def _loosely(name: str) -> str:
    return folded(re.sub(r"[^A-Za-z0-9]+", " ", name))


class Declaration(NamedTuple):
    """How a scheme is declared to nnU-Net.

    `labels` and `regions_class_order` are fields of dataset.json, the latter None where there is no
    super-label. `leaf_values` (L,) is the value of each leaf, and `mapping` leads from these values
    to those of the scheme; `ignored` is the value after them.
    """

    labels: dict[str, int | list[int]]
    regions_class_order: list[int] | None
    leaf_values: np.ndarray
    mapping: dict[int, int]
    ignored: int


def declare_scheme(scheme: LabelScheme) -> Declaration:
    """Super-labels as regions, the largest first, because nnU-Net paints them in this order.

    Values are made consecutive, as nnU-Net demands. Where it predicts a super-label but none of the
    children that fill it, it can only write the value of the first child.
    """
    own = np.unique(scheme.leaf_values[1:])
    leaf_values = np.concatenate([[0], 1 + np.searchsorted(own, scheme.leaf_values[1:])])
    sizes = scheme.membership.sum(axis=1)
    labels: dict[str, int | list[int]] = {BACKGROUND: 0}
    order = []
    for channel in np.argsort(-sizes, kind="stable"):
        label = scheme.labels[channel]
        values = [int(value) for value in leaf_values[scheme.membership[channel]]]
        # These two names mean something else to nnU-Net.
        name = f"{label.name}_" if label.name in (BACKGROUND, IGNORE) else label.name
        labels[name] = sorted(values) if label.children else values[0]
        rest = int(1 + np.searchsorted(own, label.value))
        order.append(values[0] if label.exhaustive else rest)
    has_regions = any(label.children for label in scheme)
    mapping = dict(zip(leaf_values.tolist(), [0, *scheme.leaf_values[1:].tolist()], strict=True))
    return Declaration(labels, order if has_regions else None, leaf_values, mapping, len(own) + 1)


def _scheme_name(title: str) -> str:
    name = re.sub(r"[^A-Za-z0-9]+", "_", title).strip("_")
    return name if name[:1].isalpha() else f"label_{name}"
