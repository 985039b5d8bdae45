"""The order in which a reader expects labels: every super-label, then its parts."""

from __future__ import annotations

from ..labels import Label, LabelScheme


def outline(scheme: LabelScheme) -> list[tuple[Label, int]]:
    """The labels, each parent just above its parts, with their depth: 0 for a root."""
    return [
        (scheme[name], len(scheme.ancestors(name)))
        for root in scheme
        if root.parent is None
        for name in scheme.descendants(root.name)
    ]
