"""Draw ten overlapping segments on a scan and export them: what `starting.py` watches.

python Testing/benchmarks/annotate_and_export.py SIZE FOLDER
"""

from __future__ import annotations

import sys
from pathlib import Path

import slicer
import slicer.util

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "PartialSeg"))

from mrml_export import LABELS, affine, painted
from nested import nested_labelmap, nested_scan, nested_scheme
from partialseg_trainer.labels import Status
from PartialSegLib.annotation.setAlgebra import superLabelFromParts
from PartialSegLib.dataset.export import exportCase
from PartialSegLib.scene.headless import headlessScene
from PartialSegLib.scene.labelSegments import LabelSegments
from PartialSegLib.scene.segmentStatus import setSegmentStatus


def main(size: int, folder: Path) -> None:
    scheme = nested_scheme(LABELS)
    labelmap = nested_labelmap(size, LABELS)
    with headlessScene():
        scan = slicer.util.addVolumeFromArray(nested_scan(labelmap), affine(), "scan")
        segmentation = painted(scan, scheme, labelmap)
        setSegmentStatus(segmentation, "l1", Status.IN_PROGRESS)
        superLabelFromParts(LabelSegments(segmentation, scheme), "l1")
        exportCase(segmentation, scan, scheme, folder / "dataset", "01")


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
