"""The picture at the top of README.md: a scan, three slices drawn, the completed rest, the truth.

    python Testing/benchmarks/completing_picture.py [--output FILE.png] [--number 0]

The scan is a phantom that the default model has not seen. One of the three slices shows the
hippocampi, of which that model finds none by itself; what it says alone, and what the completion
is worth, is printed.
"""

from __future__ import annotations

import argparse
import math
from pathlib import Path

import numpy as np

from completing import mean_dice
from partialseg_trainer.completion import Effort, complete
from partialseg_trainer.evaluation.pictures import segmentation_picture
from partialseg_trainer.inference import load_model, segment
from partialseg_trainer.labels import LabelScheme, LabelSets, Status
from partialseg_trainer.synthesis import make_phantom
from partialseg_trainer.volumes import Volume

PICTURE = Path(__file__).parents[2] / "Docs" / "pictures" / "completed.png"
SMALL = "hippocampi_amygdala"
PLANES = ("coronal", "sagittal")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--output", type=Path, default=PICTURE)
    parser.add_argument("--number", type=int, default=0, help="of the phantom")
    arguments = parser.parse_args()
    model, phantom = load_model(), make_phantom((2027, arguments.number))
    scheme, truth = model.scheme, phantom.labelmap.data
    region = three_slices(scheme, truth)
    masks = {label.name: scheme.mask(truth, label.name) for label in scheme}
    known = LabelSets.from_masks(scheme, masks, dict.fromkeys(masks, Status.COMPLETE), region)
    alone = np.asarray(segment(phantom.image, model).labelmap.dataobj)
    result = complete(phantom.image, model, known, effort=Effort(seconds=math.inf))
    completed = np.asarray(result.segmentation.labelmap.dataobj)
    for name, found in (("alone", alone), ("completed", completed)):
        small, true = (scheme.mask(each, SMALL) & ~region for each in (found, truth))
        dice = 2 * (small & true).sum() / (small.sum() + true.sum())
        mean = mean_dice(scheme, found, truth, ~region)
        print(f"{name}: mean Dice of nine tissues {mean:.3f}, of the hippocampi {dice:.3f}")
    columns = {
        "Three slices drawn": np.where(region, truth, 0).astype(truth.dtype),
        "Completed": completed,
        "Truth": truth,
    }
    picture = segmentation_picture(
        phantom.image,
        {name: Volume(data, phantom.labelmap.affine) for name, data in columns.items()},
        scheme,
        focus=SMALL,
        name="a phantom newborn",
        planes=PLANES,
    )
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    arguments.output.write_bytes(picture.png)


def three_slices(scheme: LabelScheme, truth: np.ndarray) -> np.ndarray:
    """Axial slices at even distances, of which the one nearest to the hippocampi goes there."""
    shown = np.flatnonzero(scheme.mask(truth, "tcv").any((0, 1)))
    places = np.linspace(shown[0], shown[-1], 5)[1:-1].round().astype(int)
    most = int(scheme.mask(truth, SMALL).sum((0, 1)).argmax())
    places[np.abs(places - most).argmin()] = most
    region = np.zeros(truth.shape, dtype=bool)
    region[:, :, places] = True
    return region


if __name__ == "__main__":
    main()
