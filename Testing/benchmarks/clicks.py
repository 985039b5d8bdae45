"""How long Slicer's window stands still after each click of a session.

    python Testing/benchmarks/clicks.py [--profile WORD]

The module's panel is driven through the stand-in for Slicer (Testing/slicer_stand_in) on a scan of
192 x 224 x 192 voxels. A row is one click and all that follows it, until its job is over and the
panel is at rest; its figure is the longest time without a look at the mouse, of the thread of the
window alone and in seconds of the processor, so that what else the computer does is not in it.
Slicer's own views, plots and Segment Editor are not there, and come on top. `--profile` prints what
the clicks whose name has WORD in it spend their time on.
"""

from __future__ import annotations

import cProfile
import os
import pstats
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from measuring import Report, parser

TESTING = Path(__file__).resolve().parents[1]
ROOT = TESTING.parent
sys.path += [str(TESTING), str(TESTING / "panel"), str(ROOT / "PartialSeg")]

# From here on a person feels that the window stands still.
LIMIT_SECONDS = 0.1
# All timers of the panel have fired once within this.
REST_SECONDS = 0.8
SHAPE, SMALL_SHAPE = (192, 224, 192), (48, 56, 48)


class Clicks:
    """Times what a click and its consequences do to the thread of the window."""

    def __init__(self, report: Report, profiled: str | None) -> None:
        self._report = report
        self._profiled = profiled

    def time(
        self,
        what: str,
        click: Callable[[], object],
        until: Callable[[], object] = lambda: True,
        seconds: float = 300,
    ) -> None:
        """Add a row for a click, which is over once `until` holds and nothing is left to do."""
        from slicer_stand_in.session import settle

        profile = None
        if self._profiled is not None and self._profiled in what:
            profile = cProfile.Profile(time.thread_time)
            profile.enable()
        standing = [_processorSeconds(click)]
        end = time.monotonic() + seconds
        rest = None
        while rest is None or time.monotonic() < rest:
            standing.append(_processorSeconds(settle))
            if rest is None and until():
                rest = time.monotonic() + REST_SECONDS
            if time.monotonic() > end:
                raise TimeoutError(f"{what}: not over after {seconds} s")
            time.sleep(0.002)
        if profile is not None:
            profile.disable()
            pstats.Stats(profile).sort_stats("cumulative").print_stats(45)
        longest = max(standing)
        note = f"{1000 * longest:.0f} ms; the click itself {1000 * standing[0]:.0f} ms"
        self._report.add(what, "100 ms", longest / LIMIT_SECONDS, "<= 1", note)


def _processorSeconds(task: Callable[[], object]) -> float:
    began = time.thread_time()
    task()
    return time.thread_time() - began


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--profile", metavar="WORD", help="profile the clicks of this name")
    arguments = options.parse_args()
    report = Report("clicks", arguments.output)
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    with tempfile.TemporaryDirectory() as folder:
        for name in ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"):
            os.environ[name] = str(Path(folder) / "home")
        from slicer_stand_in.session import session

        with session(Path(folder) / "slicer") as running:
            shape = SMALL_SHAPE if arguments.small else SHAPE
            story(Clicks(report, arguments.profile), running, Path(folder), shape)
    report.finish()


def story(clicks: Clicks, running, folder: Path, shape: tuple[int, int, int]) -> None:
    """A session from the opening of the module to a training, in the order of the tutorial."""
    import slicer

    from partialseg_trainer.labels import LabelScheme

    image, labelmap = phantom(folder, shape)
    scheme = LabelScheme.load("dhcp9")
    scan = slicer.util.addVolumeFromArray(image, name="newborn")
    # What the stand-in for the engine finds in a scan is the scan itself.
    truth = slicer.util.addVolumeFromArray(labelmap.astype(np.int16), name="found")
    opened = []
    clicks.time(
        "opening the module",
        lambda: opened.append(running.openModule(ROOT / "PartialSeg" / "PartialSeg.py")),
    )
    panel = opened[0].panel
    chosen = panel.sections[0].parameterNode
    clicks.time("choosing a scan", lambda: setattr(chosen, "inputVolume", scan))
    annotate(clicks, panel, chosen, scan, labelmap, scheme)
    export(clicks, panel, chosen, scan, folder)
    segment(clicks, panel, chosen, truth, scheme, folder)
    train(clicks, panel, chosen, folder)


def phantom(folder: Path, shape: tuple[int, int, int]) -> tuple[np.ndarray, np.ndarray]:
    """A newborn's scan and its labels (K, J, I), made elsewhere: this process imports nothing."""
    code = (
        "import sys, numpy; from partialseg_trainer.synthesis import make_phantom\n"
        "*shape, spacing = map(float, sys.argv[2:])\n"
        "made = make_phantom(1, shape=tuple(map(int, shape)), spacing=spacing)\n"
        "numpy.save(sys.argv[1] + '/image', made.image.data.T.astype('int16'))\n"
        "numpy.save(sys.argv[1] + '/labelmap', made.labelmap.data.T)\n"
    )
    spacing = 0.75 * SHAPE[0] / shape[0]
    arguments = (str(folder), *map(str, reversed(shape)), str(spacing))
    subprocess.run([sys.executable, "-c", code, *arguments], check=True)
    return np.load(folder / "image.npy"), np.load(folder / "labelmap.npy")


def annotate(clicks, panel, chosen, scan, labelmap: np.ndarray, scheme) -> None:
    import slicer

    from PartialSegLib.panel.labels.section import LabelsSection
    from PartialSegLib.panel.segmentEditor.section import SegmentEditorSection

    labels = panel.section(LabelsSection)
    clicks.time("unfolding Labels", lambda: unfold(labels))
    clicks.time("Create segments", labels.ui.createSegmentsButton.click)
    clicks.time("unfolding Segment Editor", lambda: unfold(panel.section(SegmentEditorSection)))
    for name in ("tcv", "csf", "ventricles"):
        if name not in scheme:
            continue
        mask = scheme.mask(labelmap, name).astype(np.uint8)
        slicer.util.updateSegmentBinaryLabelmapFromArray(mask, chosen.segmentation, name, scan)
        labels.logic.setStatus(chosen.segmentation, name, "complete")
    clicks.time(
        "after a stroke of the brush",
        chosen.segmentation.GetSegmentation().GetSegment("csf").Modified,
    )
    clicks.time("Check", labels.ui.checkButton.click, lambda: not labels.busy)


def export(clicks, panel, chosen, scan, folder: Path) -> None:
    import slicer

    from PartialSegLib.panel.export.section import ExportSection

    section = panel.section(ExportSection)
    ui, dataset = section.ui, folder / "newborns"
    clicks.time("unfolding Export", lambda: unfold(section))
    clicks.time("choosing a dataset", lambda: setattr(chosen, "dataset", str(dataset)))
    chosen.subject = "01"
    clicks.time("Preview", ui.previewButton.click, lambda: section._preview._preview is not None)
    region = []

    def addRegion() -> None:
        region.append(slicer.mrmlScene.AddNewNodeByClass("vtkMRMLMarkupsROINode", "region"))
        section._placeRegion(region[0])
        chosen.region = region[0]

    clicks.time("a new region", addRegion)
    size = np.array(region[0].GetSize())
    clicks.time("drawing a face of the region in", lambda: region[0].SetSize(*(0.6 * size)))
    clicks.time("Preview off", ui.previewButton.click)
    clicks.time(
        "Export", ui.exportButton.click, lambda: not section.busy and ui.casesTable.rowCount
    )
    if not (dataset / "sub-01").is_dir():
        raise RuntimeError(f"the export failed: {section.ui.statusLabel.text}")
    ui.casesTable.selectRow(0)
    clicks.time(
        "Load case",
        ui.loadCaseButton.click,
        lambda: not section.busy and chosen.inputVolume is not scan,
    )
    chosen.region = None


def segment(clicks, panel, chosen, truth, scheme, folder: Path) -> None:
    """With an engine that answers at once: its time is not the window's."""
    from engine_double import EngineDouble
    from partialseg_trainer import interpreter
    from PartialSegLib.panel.review.section import ReviewSection
    from PartialSegLib.panel.segmentNeonate.section import SegmentNeonateSection

    double = EngineDouble(folder / "engine")
    double.finish(
        "segment",
        scheme=scheme.to_dict(),
        model="double",
        device="CPU",
        seconds=20.0,
        volumes_ml=dict.fromkeys(scheme.names, 1.0),
        confidence=dict.fromkeys(scheme.names, 80.0),
        warnings=[],
    )
    before, interpreter._ENGINE = interpreter._ENGINE, double.package
    neonate, review = panel.section(SegmentNeonateSection), panel.section(ReviewSection)
    clicks.time("choosing another scan", lambda: setattr(chosen, "inputVolume", truth))
    clicks.time("Segment neonate", neonate.ui.segmentButton.click, lambda: not neonate.busy)
    clicks.time("Show in 3D", neonate.ui.surfacesButton.click, lambda: not neonate._surfaces.busy)
    clicks.time("unfolding Review", lambda: unfold(review), lambda: not review._measuring.busy)
    clicks.time("Next", review.ui.nextButton.click)
    clicks.time("Accept all", review.ui.acceptAllButton.click, lambda: not review._measuring.busy)
    interpreter._ENGINE = before


def train(clicks, panel, chosen, folder: Path) -> None:
    from partialseg_trainer.runs import RunFolder, new_run_path
    from PartialSegLib.panel.train.section import TrainSection

    section = panel.section(TrainSection)
    clicks.time("unfolding Train", lambda: unfold(section))
    clicks.time("folding and unfolding Train", lambda: (unfold(section, False), unfold(section)))
    run = RunFolder.create(new_run_path("figures"), {"dataset": str(folder / "newborns")})
    names = ",".join(f"dice_{label}" for label in ("csf", "cgm", "wm", "dgm", "tcv"))
    run.metrics_file.write_text(
        f"epoch,training_loss,validation_loss,validation_dice,{names},seconds\n"
        + "".join(f"{epoch},0.5,0.6,0.5,0.1,0.2,0.3,0.4,0.5,1\n" for epoch in range(200))
    )
    clicks.time("a training in the list", lambda: section._readRuns())
    section._runs.select(run.path)
    clicks.time("the first plot", section.ui.plotLossesButton.click)
    clicks.time("another plot", section.ui.plotDiceButton.click)
    section.ui.epochsSpinBox.value = 1
    clicks.time("another method", lambda: setattr(section.ui.methodComboBox, "currentIndex", 1))
    section.ui.methodComboBox.currentIndex = 0
    clicks.time(
        "Start training, and Cancel",
        section.ui.startButton.click,
        lambda: time.sleep(3) or True,
    )
    section.cancelJob()


def unfold(section, open_: bool = True) -> None:
    section.foldingButton.collapsed = not open_


if __name__ == "__main__":
    main()
