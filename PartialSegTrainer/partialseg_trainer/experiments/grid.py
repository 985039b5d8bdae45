"""The cells of an experiment's grid, in the order in which they are trained."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import UserError
from ..files import plain_name
from .settings import ExperimentSettings, subjects_of


@dataclass(frozen=True)
class Cell:
    """One training: a method, how many subjects are fully labelled, which ones, and the seed.

    `amount` is as the settings say it ("2", "5 %"), `full` is that in subjects. `draw` decides
    which subjects these are; those of a smaller amount are among those of a larger one. `copies`
    is how many randomised copies of each training scan there are too.
    """

    method: str
    amount: str
    full: int
    draw: int
    seed: int
    copies: int = 0

    @property
    def dataset(self) -> Path:
        """Where its dataset lies, below that of all datasets; cells of one draw share it."""
        copies = f"-copies-{self.copies}" if self.copies else ""
        return Path(f"{_plain(self.amount)}-draw-{self.draw}{copies}")

    @property
    def place(self) -> Path:
        """Where it lies, below the folder of all cells."""
        draw = f"{_plain(self.amount)}-draw-{self.draw}-seed-{self.seed}"
        return Path(plain_name(self.method, "method"), draw)

    @property
    def training_seed(self) -> int:
        """The seed of the training: another one for every draw, the same for every method."""
        return 1000 * self.seed + self.draw

    def __str__(self) -> str:
        return f"{self.method}, {self.amount} full, draw {self.draw}, seed {self.seed}"


def expand(settings: ExperimentSettings, training: Sequence[int]) -> list[Cell]:
    """The cells of the grid, for so many `training` subjects in each split.

    The first draw of everything comes first, so that all methods can be compared early. Where all
    subjects are full, there is but one draw of a split. Raises UserError for more full subjects
    than there are.
    """
    cells = []
    amounts = dict.fromkeys(
        [*settings.full, *(one for name in settings.methods for one in settings.amounts(name))]
    )
    for draw in range(settings.draws):
        subjects = training[draw % len(training)]
        for seed in settings.seeds:
            for amount in amounts:
                full = subjects_of(amount, subjects)
                if full > subjects:
                    raise UserError(
                        f"The experiment '{settings.name}' wants {full} fully labelled subjects, "
                        f"but only {subjects} are there to train on; ask for fewer (full)."
                    )
                if full == subjects and draw >= len(training):
                    continue
                cells += [
                    Cell(name, amount, full, draw, seed, settings.trained(name).copies)
                    for name in settings.methods
                    if amount in settings.amounts(name)
                ]
    return cells


def _plain(amount: str) -> str:
    return amount.replace(" %", "pc").replace(".", "-")
