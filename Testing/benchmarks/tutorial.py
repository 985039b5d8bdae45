"""The tutorial, word for word, and whether its model is better than before on its fourth phantom.

    python Testing/benchmarks/tutorial.py [--long]

Each step quotes the sentence of Docs/tutorial.md that it follows, presses the panel in the stand-in
for Slicer (Testing/slicer_stand_in), and works with the real engine: three phantoms, a training
from the model that comes along, and a fourth phantom that is segmented before and after. On two
cores that takes some ten minutes; with `--long`, which trains as the panel has it, hours.
`Testing/panel/test_tutorial.py` holds the sentences to the tutorial, and what it calls buttons to
the panel.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from measuring import Report, parser

TESTING = Path(__file__).resolve().parents[1]
ROOT = TESTING.parent
sys.path += [str(TESTING), str(ROOT / "PartialSeg")]

FOURTH = "Phantom newborn, the next scan"
HOURS = 6
SHORT = {"epochs": 2, "slices": 48}
"""How short the tutorial makes its training."""


class Step(NamedTuple):
    """A sentence of the tutorial, and what a person does who has read it."""

    sentence: str
    follow: Callable[[], object]


class Session:
    """The panel, and the hands and eyes of the person."""

    def __init__(self, running, folder: Path, long: bool = False) -> None:
        import slicer
        from SampleData import SampleDataLogic

        self.dataset = folder / "my-dataset"
        self.long = long
        self.dice: dict[str, dict[str, float]] = {}
        self.panel = running.openModule(ROOT / "PartialSeg" / "PartialSeg.py").panel
        self.chosen = self.panel.sections[0].parameterNode
        found = SampleDataLogic.sampleDataSourcesByCategory("PartialSeg")
        self._sources = {source.sampleName: source for source in found}
        self._slicer = slicer

    def steps(self) -> Iterator[Step]:
        """The tutorial from its first scan to its last, for which its model is."""
        first = "Phantom newborn"
        yield Step("group **PartialSeg**, **Phantom newborn**", lambda: self.sample(first))
        yield Step("Press **Segment neonate**.", self.segment)
        yield Step("press **Accept**: they become *complete*", self.accept)
        yield Step("5. **Export**.", lambda: self.export("01"))
        for number, name in enumerate(("partly", "fully"), start=2):
            yield Step(
                f"*Phantom newborn, {name} annotated*",
                lambda name=name, number=number: (
                    self.sample(f"Phantom newborn, {name} annotated"),
                    self.export(f"0{number}"),
                ),
            )
        yield Step(
            f"set **Epochs** to {SHORT['epochs']} and, under *Advanced*, **Slices per epoch** to "
            f"{SHORT['slices']}",
            self.shorten,
        )
        yield Step("press **Start training**.", self.train)
        yield Step("**Use this model** puts it into the list of step 2", self.useModel)
        yield Step(f"Choose *{FOURTH}*", lambda: self.sample(FOURTH))
        yield Step("and press **Segment neonate** once more", lambda: self.judge("after"))

    def section(self, name: str):
        return next(each for each in self.panel.sections if each.uiName == name)

    def sample(self, name: str) -> None:
        """Click a sample, and choose it under Scan."""
        self.chosen.inputVolume = self._sources[name].customDownloader(self._sources[name])

    def segment(self) -> None:
        neonate = self.section("SegmentNeonate")
        neonate.ui.newSegmentationRadioButton.checked = True
        self.press(neonate, neonate.ui.segmentButton)

    def accept(self) -> None:
        self.section("Review").foldingButton.collapsed = False
        self.press(self.section("Review"), self.section("Review").ui.acceptAllButton)

    def export(self, subject: str) -> None:
        section = self.section("Export")
        self.chosen.dataset, self.chosen.subject = str(self.dataset), subject
        self.press(section, section.ui.exportButton)
        if not (self.dataset / f"sub-{subject}").is_dir():
            raise RuntimeError(f"{subject} is not in the dataset: {section.ui.statusLabel.text}")

    def shorten(self) -> None:
        ui = self.section("Train").ui
        if not self.long:
            ui.epochsSpinBox.value, ui.slicesSpinBox.value = SHORT["epochs"], SHORT["slices"]

    def train(self) -> None:
        section = self.section("Train")
        section.foldingButton.collapsed = False
        self.wait(lambda: not section._devices.busy)
        print(f"Start from: {section.ui.initialModelComboBox.currentText}")
        print(section.ui.splitLabel.text)
        self.press(section, section.ui.startButton)
        self.wait(lambda: section._runs.selected and section._runs.selected.status.over)
        print(section.ui.runLabel.text)

    def useModel(self) -> None:
        self.press(self.section("Train"), self.section("Train").ui.useModelButton)
        self.wait(lambda: self.chosen.model)

    def judge(self, when: str) -> None:
        """Segment the fourth phantom, and compare with what is known of it."""
        from partialseg_trainer.labels import LabelScheme
        from partialseg_trainer.synthesis import make_phantom
        from PartialSegLib.samples.sampleData import samples
        from PartialSegLib.scene.labelSegments import LabelSegments

        self.segment()
        scheme, scan = LabelScheme.load("dhcp9"), self.chosen.inputVolume
        truth = make_phantom(samples()[FOURTH]["seed"]).labelmap.data.T
        found = dict(LabelSegments(self.chosen.segmentation, scheme).masks(scan))
        self.dice[when] = {}
        for name in scheme.names:
            mask, known = found.get(name, np.zeros(truth.shape, bool)), scheme.mask(truth, name)
            both = np.count_nonzero(mask & known)
            self.dice[when][name] = float(2 * both / (np.count_nonzero(mask) + known.sum()))

    def press(self, section, button) -> None:
        if not button.enabled:
            raise RuntimeError(f"{button.text} cannot be pressed: {button.toolTip}")
        button.click()
        self.wait(lambda: not section.busy)

    def wait(self, condition: Callable[[], object]) -> None:
        from slicer_stand_in.session import settle

        end = time.monotonic() + HOURS * 3600
        while not condition():
            settle()
            time.sleep(0.02)
            if time.monotonic() > end:
                raise TimeoutError("the tutorial takes too long")
        for _round in range(10):
            settle()


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--long", action="store_true", help="train as the panel has it")
    arguments = options.parse_args()
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    report = Report("tutorial", arguments.output)
    with tempfile.TemporaryDirectory() as folder:
        for name in ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"):
            os.environ[name] = str(Path(folder) / "home")
        from slicer_stand_in.session import session

        with session(Path(folder) / "slicer") as running:
            person = Session(running, Path(folder), arguments.long)
            person.sample(FOURTH)
            person.judge("before")
            for step in person.steps():
                began = time.monotonic()
                step.follow()
                print(f"{step.sentence} ({time.monotonic() - began:.0f} s)", flush=True)
    before, after = (np.mean(list(person.dice[when].values())) for when in ("before", "after"))
    report.add(
        "the tutorial's model on its fourth phantom, mean Dice of all labels",
        "the model that comes along",
        float(after / before),
        ">= 1",
        f"{after:.3f} and {before:.3f}",
    )
    report.finish(dice=person.dice)


if __name__ == "__main__":
    main()
