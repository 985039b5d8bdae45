"""A label scheme: a forest of labels whose leaves partition the image."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import UserError
from ..files import read_json, write_json
from ..incoming import shown
from ..limits import LABELS

OUTSIDE = "outside"
# SNOMED CT: "Morphologically Altered Structure", the category of lesions in Slicer's terminologies.
_ALTERED = "49755003"
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_LABEL_FIELDS = {"name", "title", "value", "colour", "terminology", "exhaustive", "children"}
_SCHEME_FIELDS = {"name", "title", "source", "labels"}


@dataclass(frozen=True)
class Label:
    """One structure of a scheme.

    `colour` is (red, green, blue) of 0-255; `terminology` holds coded entries such as
    ``{"type": ["SCT", "12738006", "Brain"]}``; `exhaustive` says that the children fill the label.
    """

    name: str
    title: str
    value: int
    colour: tuple[int, int, int]
    terminology: Mapping[str, list[str]] | None = None
    exhaustive: bool = False
    parent: str | None = None
    children: tuple[str, ...] = ()

    @property
    def is_lesion(self) -> bool:
        """Whether its category says that it is a change of tissue, which comes in pieces."""
        return (self.terminology or {}).get("category", ("", ""))[1] == _ALTERED


class LabelScheme:
    """The labels of a segmentation task, in channel order (ascending value).

    The leaves are the atomic structures, an implicit outside, and an implicit "rest of P" under
    every parent P that its children do not exhaust. They partition the image.
    """

    def __init__(self, name: str, labels: tuple[Label, ...], title: str = "", source: str = ""):
        self.name = name
        self.title = title or name
        self.source = source
        self.labels = tuple(sorted(labels, key=lambda label: label.value))
        self.names = tuple(label.name for label in self.labels)
        self._position = {label: channel for channel, label in enumerate(self.names)}

    @classmethod
    def load(cls, name_or_path: str | Path) -> LabelScheme:
        """Load a preset by its name, or a scheme from a JSON file.

        Raises UserError when neither exists, or when the file is not a valid scheme.
        """
        preset = resources.files(__package__) / "presets" / f"{name_or_path}.json"
        path = Path(name_or_path)
        if str(name_or_path) in preset_names():
            path = Path(str(preset))
        elif not path.is_file():
            raise UserError(
                f"There is no label scheme '{name_or_path}': it is neither a file nor one of the "
                f"presets {', '.join(preset_names())}."
            )
        return cls.from_dict(read_json(path), origin=str(path))

    @classmethod
    def from_dict(cls, content: Any, origin: str = "label scheme") -> LabelScheme:
        """Build a scheme from its JSON content.

        `origin` names the file in error messages. Raises UserError for the first wrong field.
        """
        _check(isinstance(content, dict), origin, "the scheme", content, "an object")
        _check_fields(content, _SCHEME_FIELDS, origin, "the scheme")
        name = content.get("name")
        _check(isinstance(name, str) and name, origin, "name", name, "a text")
        nested = content.get("labels")
        _check(isinstance(nested, list) and nested, origin, "labels", nested, "a list of labels")
        try:
            labels = tuple(_flatten(nested, None, "labels", origin))
        except RecursionError:
            raise UserError(f"{origin}: labels are nested too deeply; take levels out.") from None
        LABELS.check(len(labels), f"{origin} has")
        for field in ("name", "value"):
            seen = [getattr(label, field) for label in labels]
            twice = sorted({entry for entry in seen if seen.count(entry) > 1})
            _check(not twice, origin, field, twice, f"every {field} once")
        return cls(name, labels, content.get("title", ""), content.get("source", ""))

    def to_dict(self) -> dict[str, Any]:
        """The scheme as nested JSON content, the inverse of `from_dict`."""

        def nested(label: Label) -> dict[str, Any]:
            content: dict[str, Any] = {
                "name": label.name,
                "title": label.title,
                "value": label.value,
                "colour": list(label.colour),
                "terminology": dict(label.terminology) if label.terminology else None,
            }
            if label.children:
                content["exhaustive"] = label.exhaustive
                content["children"] = [nested(self[child]) for child in label.children]
            return content

        roots = [nested(label) for label in self.labels if label.parent is None]
        return {"name": self.name, "title": self.title, "source": self.source, "labels": roots}

    def save(self, path: str | Path) -> None:
        """Write the scheme as JSON, whole or not at all."""
        write_json(path, self.to_dict())

    def __getitem__(self, name: str) -> Label:
        return self.labels[self.index(name)]

    def __iter__(self) -> Iterator[Label]:
        return iter(self.labels)

    def __len__(self) -> int:
        return len(self.labels)

    def __contains__(self, name: object) -> bool:
        return name in self._position

    def __eq__(self, other: object) -> bool:
        return isinstance(other, LabelScheme) and self.to_dict() == other.to_dict()

    def __hash__(self) -> int:
        return hash((self.name, self.names))

    def __repr__(self) -> str:
        return f"LabelScheme({self.name!r}: {', '.join(self.names)})"

    def index(self, name: str) -> int:
        """The channel of a label. Raises UserError when the scheme has no such label."""
        try:
            return self._position[name]
        except KeyError:
            raise UserError(
                f"Label '{name}' is not in scheme '{self.name}'; it has {', '.join(self.names)}."
            ) from None

    def descendants(self, name: str) -> tuple[str, ...]:
        """The label itself and every label below it."""
        below = (self.descendants(child) for child in self[name].children)
        return (name, *(entry for branch in below for entry in branch))

    def ancestors(self, name: str) -> tuple[str, ...]:
        """The labels that the label is a part of, the nearest first."""
        parent = self[name].parent
        return () if parent is None else (parent, *self.ancestors(parent))

    def outline(self) -> tuple[tuple[Label, int], ...]:
        """The labels as a reader expects them, each super-label just above its parts, with their
        depth: 0 for a root.
        """
        return tuple(
            (self[name], len(self.ancestors(name)))
            for root in self
            if root.parent is None
            for name in self.descendants(root.name)
        )

    @cached_property
    def leaf_names(self) -> tuple[str, ...]:
        """The L leaves: the outside first, then the leaf of each label that has one of its own."""
        return (
            OUTSIDE,
            *(f"rest of {label.name}" if label.children else label.name for label in self._owners),
        )

    @property
    def n_leaves(self) -> int:
        """The number L of leaves."""
        return len(self.leaf_names)

    @cached_property
    def leaf_values(self) -> np.ndarray:
        """(L,) the value that a leaf has in a labelmap: the most specific label's, 0 outside."""
        values = [0, *(label.value for label in self._owners)]
        return np.array(values, dtype=np.min_scalar_type(max(values)))

    @cached_property
    def membership(self) -> np.ndarray:
        """(C, L) bool: which leaves make up each label, leaves(l) in the design."""
        owners = [label.name for label in self._owners]
        rows = [
            [False, *(owner in below for owner in owners)]
            for below in map(self.descendants, self.names)
        ]
        return np.array(rows, dtype=bool).reshape(len(self), self.n_leaves)

    def vectors(self, leaf_sets: np.ndarray) -> np.ndarray:
        """(K, C) uint8 of 0 (no), 1 (yes), 2 (unknown) for K sets S of leaves, (K, L) bool.

        x_l = 1 if S lies within leaves(l), 0 if S has none of them, else 2.
        """
        # A product of bool arrays saturates as `or`, which is what is meant: any in common.
        yes = ~(leaf_sets @ ~self.membership.T)
        no = ~(leaf_sets @ self.membership.T)
        return np.where(yes, 1, np.where(no, 0, 2)).astype(np.uint8)

    def has_labels_of(self, other: LabelScheme) -> bool:
        """Whether annotations of one scheme mean the same in the other.

        Titles and colours may differ, as they do from one version of a preset to the next.
        """
        return self.names == other.names and np.array_equal(self.membership, other.membership)

    def mask(self, labelmap: np.ndarray, name: str) -> np.ndarray:
        """Bool array: where `labelmap` shows the label or any label below it."""
        values = [self[entry].value for entry in self.descendants(name)]
        return np.isin(labelmap, values, kind="table")

    @cached_property
    def _owners(self) -> tuple[Label, ...]:
        """The labels with a leaf of their own: atomic ones, and parents not exhausted."""
        return tuple(label for label in self.labels if not label.exhaustive)


def preset_names() -> tuple[str, ...]:
    """The names of the schemes that come with the package."""
    folder = resources.files(__package__) / "presets"
    files = (Path(entry.name) for entry in folder.iterdir())
    return tuple(sorted(file.stem for file in files if file.suffix == ".json"))


def _flatten(nested: Any, parent: str | None, where: str, origin: str) -> Iterator[Label]:
    """Yield the labels of a nested list, each after a check of its own fields."""
    _check(isinstance(nested, list), origin, where, nested, "a list of labels")
    for position, entry in enumerate(nested):
        field = f"{where}[{position}]"
        _check(isinstance(entry, dict), origin, field, entry, "an object")
        _check_fields(entry, _LABEL_FIELDS, origin, field)
        name, value = entry.get("name"), entry.get("value")
        colour, children = entry.get("colour", [128, 128, 128]), entry.get("children") or []
        title, terminology = entry.get("title", name), entry.get("terminology")
        exhaustive = entry.get("exhaustive", False)
        _check(
            isinstance(name, str) and _NAME.fullmatch(name) and name != OUTSIDE,
            *(origin, f"{field}.name", name),
            f"letters, digits and _, beginning with a letter, and not '{OUTSIDE}'",
        )
        _check(
            type(value) is int and 0 < value < 2**16,
            *(origin, f"{field}.value", value, "a whole number from 1 to 65535"),
        )
        _check(
            isinstance(colour, list)
            and len(colour) == 3
            and all(type(part) is int and 0 <= part <= 255 for part in colour),
            *(origin, f"{field}.colour", colour, "three whole numbers from 0 to 255"),
        )
        _check(isinstance(title, str), origin, f"{field}.title", title, "a text")
        _check(
            terminology is None or (isinstance(terminology, dict) and _coded(terminology)),
            *(origin, f"{field}.terminology", terminology),
            'null, or entries such as "type": ["SCT", "12738006", "Brain"]',
        )
        _check(type(exhaustive) is bool, origin, f"{field}.exhaustive", exhaustive, "true or false")
        _check(
            children or not exhaustive,
            *(origin, f"{field}.exhaustive", exhaustive, "children, where it is true"),
        )
        below = list(_flatten(children, name, f"{field}.children", origin))
        yield Label(
            name=name,
            title=title,
            value=value,
            colour=tuple(colour),
            terminology=terminology,
            exhaustive=exhaustive,
            parent=parent,
            children=tuple(label.name for label in below if label.parent == name),
        )
        yield from below


def _coded(terminology: Mapping[str, Any]) -> bool:
    return all(
        isinstance(code, list) and len(code) == 3 and all(isinstance(part, str) for part in code)
        for code in terminology.values()
    )


def _check_fields(content: Mapping[str, Any], known: set[str], origin: str, where: str) -> None:
    unknown = sorted(set(content) - known)
    _check(not unknown, origin, where, unknown, f"only the fields {', '.join(sorted(known))}")


def _check(holds: object, origin: str, field: str, found: Any, expected: str) -> None:
    if not holds:
        raise UserError(f"{origin}: {field}: found {shown(found)}, expected {expected}.")
