"""The choice of a model, with what its folder says of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import qt
from slicer.i18n import tr as _

from partialseg_trainer.errors import UserError

from ...engine.models import ModelCard, readModel
from ..comboBox import longChoice, offer
from ..plainText import plain


class ModelChoice:
    """Offers models in a combo box and describes the chosen one in a label.

    `onChosen` gets the name of a model, as jobs take it, when the user chooses.
    """

    def __init__(self, combo, label, logic, onChosen: Callable[[str], object]) -> None:
        self._combo = combo
        self._label = label
        self._logic = logic
        self._cards: list[ModelCard] = []
        combo.connect("currentIndexChanged(int)", lambda row: onChosen(combo.itemData(row)))

    def refresh(self) -> None:
        """Look for models anew."""
        self._cards = self._logic.models()

    def show(self, name: str) -> None:
        """Show a model as chosen, even one that cannot be used."""
        try:
            card = self.card(name)
            toolTip, summary = _details(card), _summary(card)
        except UserError as error:
            toolTip = summary = str(error)
        entries = [
            (_("{title} ({date})").format(title=card.title, date=card.date), card.name)
            for card in self._cards
        ]
        offer(self._combo, entries, name, Path(name).name)
        whole = longChoice(self._combo)
        self._label.text = f"{whole}: {summary}" if whole else summary
        self._combo.toolTip = plain(toolTip)
        for row, card in enumerate(self._cards):
            self._combo.setItemData(row, plain(_details(card)), qt.Qt.ToolTipRole)

    def card(self, name: str) -> ModelCard:
        """The card of a model. Raises UserError when it cannot be used."""
        for card in self._cards:
            if card.name == name:
                return card
        # One that has come since the last look, or lies elsewhere.
        self._cards.append(readModel(name))
        return self._cards[-1]


def _summary(card: ModelCard) -> str:
    """The most important of a model."""
    scores = "; ".join(
        _("Dice {dice} on {scans}").format(dice=f"{dice:.2f}", scans=measuredOn)
        for measuredOn, dice in card.meanDice.items()
    )
    return _("{scheme}. {scores}.").format(
        scheme=card.scheme.title, scores=scores or _("No scores")
    )


def _details(card: ModelCard) -> str:
    """All of a model that helps to choose it."""
    lines = [card.title, _("Trained on: {data}").format(data=card.trainingData)]
    for measuredOn, byLabel in card.scores.items():
        lines.append(_("Dice on {scans}:").format(scans=measuredOn))
        lines += [
            f"    {card.scheme[name].title}: {dice:.2f}"
            for name, dice in byLabel.items()
            if dice is not None and name in card.scheme
        ]
    return "\n".join(lines)
