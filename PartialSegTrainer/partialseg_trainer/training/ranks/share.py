"""Which items of a batch are one process's, where several train a model together."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Share:
    """Every `count`-th item of a batch, from the item `rank` on; all of them unless given.

    What is random about a batch is drawn for all its items, and of that too each process takes its
    own: so the numbers do not depend on how many processes there are.
    """

    rank: int = 0
    count: int = 1

    @property
    def items(self) -> slice:
        """Picks the items from a sequence, or from an array along its first side."""
        return slice(self.rank, None, self.count)


WHOLE = Share()
"""All items: the share of a process that trains alone."""
