"""Combo boxes whose entries come and go while one of them stays chosen."""

from __future__ import annotations

from collections.abc import Sequence

# As many letters fit into a combo box of a panel that was made narrow.
_NARROW = 30


def offer(combo, entries: Sequence[tuple[str, str]], chosen: str, otherwise: str) -> None:
    """Show entries, each a text and what it stands for, and choose one without telling anyone.

    What is chosen but not among the entries gets one with the text `otherwise`.
    """
    wanted = list(entries)
    if chosen not in [name for _text, name in wanted]:
        wanted.append((otherwise, chosen))
    shown = [(combo.itemText(row), combo.itemData(row)) for row in range(combo.count)]
    wasBlocked = combo.blockSignals(True)
    # An open list must not be emptied under the user's hand.
    if shown != wanted:
        combo.clear()
        for text, name in wanted:
            combo.addItem(text, name)
    combo.currentIndex = combo.findData(chosen)
    combo.blockSignals(wasBlocked)


def hide(selector, nodeIDs: Sequence[str]) -> None:
    """Let a selector of nodes leave some out, and its choice be where it is already so."""
    model = selector.sortFilterProxyModel()
    if list(model.hiddenNodeIDs) != list(nodeIDs):
        model.hiddenNodeIDs = list(nodeIDs)


def longChoice(combo) -> str:
    """What is chosen, where a narrow panel would cut it off; empty where it is short.

    For a line below the combo box, which has room for all of it.
    """
    return combo.currentText if len(combo.currentText) > _NARROW else ""
