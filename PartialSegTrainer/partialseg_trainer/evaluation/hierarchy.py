"""How often a network contradicts the hierarchy of its labels, before that is put right."""

from __future__ import annotations

from collections import Counter

import numpy as np

from ..labels import LabelScheme


class HierarchyViolations:
    """Counts, for each super-label, the voxels in which it and its parts do not fit together.

    That is where a part is on and the super-label off, or the super-label on and none of the parts
    that fill it (`exhaustive`).
    """

    def __init__(self, scheme: LabelScheme):
        self._scheme = scheme
        self._parents = [label for label in scheme if label.children]
        self._wrong: Counter[str] = Counter()
        self._on: Counter[str] = Counter()

    def add(self, on: np.ndarray) -> None:
        """Count what a network says: (C, ...) bool, a label being on where it is likelier than not.

        (C, ...) follows the scheme's channels.
        """
        for label in self._parents:
            parent = on[self._scheme.index(label.name)]
            part = on[[self._scheme.index(child) for child in label.children]].any(0)
            wrong = part & ~parent
            if label.exhaustive:
                wrong |= parent & ~part
            self._wrong[label.name] += int(np.count_nonzero(wrong))
            self._on[label.name] += int(np.count_nonzero(parent | part))

    def share(self, label: str) -> float | None:
        """Of the voxels in which a super-label or a part of it is on, the share with a violation.

        None for a label without parts, and where nothing was ever on.
        """
        return self._wrong[label] / self._on[label] if self._on[label] else None
