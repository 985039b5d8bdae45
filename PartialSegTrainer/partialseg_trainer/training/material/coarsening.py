"""Labels that every training scan knows, as a scheme of their own."""

from __future__ import annotations

import numpy as np

from ...labels import Label, LabelScheme
from . import Material

_GREY = (128, 128, 128)


def coarsened(material: Material) -> Material:
    """The same scans in the labels that are known wherever anything is known in a training scan.

    Where there is no such label, the one label is the union of all.
    """
    scheme, store = material.scheme, material.store
    present = store.code_counts(material.split.training) > 0
    vectors = scheme.vectors(store.leaf_sets[present & ~store.leaf_sets.all(1)])
    known = [
        name for name, column in zip(scheme.names, vectors.T, strict=True) if (column != 2).all()
    ]
    if known:
        coarse = subscheme(scheme, known)
        rows = scheme.membership[[scheme.index(name) for name in known]]
    else:
        coarse = LabelScheme("foreground", (Label("foreground", "Foreground", 1, _GREY),))
        rows = scheme.membership.any(axis=0, keepdims=True)
    # (L, L') bool: which coarse leaf each leaf is a part of, the one in the same labels.
    parts = (rows.T[:, None] == coarse.membership.T[None]).all(axis=2)
    return material.in_scheme(coarse, store.with_leaf_sets(store.leaf_sets @ parts))


def subscheme(scheme: LabelScheme, names: list[str]) -> LabelScheme:
    """The scheme of some labels alone, each below the nearest of them that it is a part of."""
    parents = {
        name: next((above for above in scheme.ancestors(name) if above in names), None)
        for name in names
    }
    labels = []
    for name in names:
        children = tuple(child for child in names if parents[child] == name)
        below = scheme.membership[[scheme.index(child) for child in children]].any(axis=0)
        label = scheme[name]
        labels.append(
            Label(
                name=name,
                title=label.title,
                value=label.value,
                colour=label.colour,
                terminology=label.terminology,
                exhaustive=np.array_equal(below, scheme.membership[scheme.index(name)]),
                parent=parents[name],
                children=children,
            )
        )
    return LabelScheme(f"{scheme.name}-coarse", tuple(labels))
