"""What completing an annotation brings, over what was drawn: the table of Docs/completing.md.

    python Testing/benchmarks/completing.py --work FOLDER [--elsewhere FOLDER] [--atlas FOLDER]
        [--weeks 28 31 34] [--phantoms 2] [--drawings 3 total+3] [--docs Docs]

Scans of up to three sources: an atlas from elsewhere, weeks of the atlas that trained which it held
out, and phantoms that it has not seen. Of the truth some is drawn, and the mean Dice of all tissues
is taken over the voxels that were not. Each cell is kept in the work folder, so that a run that was
interrupted goes on, and figures of several runs make one table. Drawings are measured in the order
in which they are named, each on all scans. The model learns for as many steps as it may, however
busy the machine is; seconds are the processor's. With --docs the table and the picture there are
made from all cells that are there.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure

from partialseg_trainer.completion import Effort, complete
from partialseg_trainer.files import write_json
from partialseg_trainer.inference import load_model, segment
from partialseg_trainer.labels import LabelScheme, LabelSets, Status
from partialseg_trainer.networks.model import Model
from partialseg_trainer.synthesis import make_phantom
from partialseg_trainer.volumes import Volume, read_labelmap, read_volume

# The atlases' values as those of dhcp9; corpus callosum counts as white matter.
AS_DHCP9 = np.array([0, 3, 5, 6, 1, 2, 7, 8, 3], dtype=np.uint8)
SLICES = (1, 3, 5, 7, 11)
DRAWINGS = (
    *("nothing", "total", *map(str, SLICES), "strokes"),
    *(f"total+{part}" for part in (*SLICES, "strokes")),
)
HELD_OUT = (30, 31)
# Assumed, for the picture alone: all tissues of a slice, the total cerebrum of a scan with tools
# that interpolate, and strokes in a slice.
MINUTES = {"slice": 8, "total": 30, "strokes": 1}
BEGIN, END = "<!-- table: begin -->", "<!-- table: end -->"


class Scan(NamedTuple):
    source: str
    name: str
    image: Volume
    truth: Volume


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--work", type=Path, required=True, help="keeps every cell")
    parser.add_argument("--elsewhere", type=Path, help="an atlas that no model trained on")
    parser.add_argument("--atlas", type=Path, help="the spina bifida atlas")
    parser.add_argument("--weeks", type=int, nargs="+", default=[28, 31, 34])
    parser.add_argument("--phantoms", type=int, default=0, help="how many")
    parser.add_argument("--drawings", nargs="+", default=DRAWINGS, choices=DRAWINGS)
    parser.add_argument("--docs", type=Path, help="the folder of completing.md")
    arguments = parser.parse_args()
    model, found = load_model(), list(scans(arguments))
    alone: dict[str, np.ndarray] = {}
    for drawing in arguments.drawings:
        for scan in found:
            name = f"{scan.source}-{scan.name}"
            file = arguments.work / f"{name}-{drawing}.json"
            if not file.exists():
                file.parent.mkdir(parents=True, exist_ok=True)
                if name not in alone:
                    alone[name] = np.asarray(segment(scan.image, model).labelmap.dataobj)
                figures = cell(scan, drawing, model, alone[name])
                write_json(file, {**figures, "source": scan.source})
            print(file.stem, json.loads(file.read_text()), flush=True)
    if arguments.docs:
        cells = [json.loads(file.read_text()) for file in sorted(arguments.work.glob("*.json"))]
        write_docs(arguments.docs, cells)


def scans(arguments: argparse.Namespace) -> Iterator[Scan]:
    for source, folder, weeks in (
        ("elsewhere", arguments.elsewhere, arguments.weeks),
        ("held out", arguments.atlas, HELD_OUT),
    ):
        for place in sorted(folder.glob("GA*")) if folder else ():
            if int(place.name[2:4]) in weeks:
                truth = read_labelmap(place / "parcellation.nii.gz")
                image = read_volume(place / "T2w.nii.gz")
                yield Scan(source, place.name, image, Volume(AS_DHCP9[truth.data], truth.affine))
    for number in range(arguments.phantoms):
        phantom = make_phantom((2027, number))
        yield Scan("phantoms", str(number), phantom.image, phantom.labelmap)


def cell(scan: Scan, drawing: str, model: Model, alone: np.ndarray) -> dict[str, object]:
    """Mean Dice of all tissues where nothing was drawn, by the model alone and completed."""
    scheme = model.scheme
    known, drawn = annotation(scheme, scan.truth.data, drawing)
    figures = {
        "drawing": drawing,
        "alone": mean_dice(scheme, alone, scan.truth.data, ~drawn),
        "within": None,
        "completed": None,
        "seconds": 0.0,
    }
    if known is None:
        return figures
    within = np.asarray(segment(scan.image, model, known=known).labelmap.dataobj)
    figures["within"] = mean_dice(scheme, within, scan.truth.data, ~drawn)
    began = time.process_time()
    result = complete(scan.image, model, known, effort=Effort(seconds=math.inf))
    figures["seconds"] = round(time.process_time() - began, 1)
    found = np.asarray(result.segmentation.labelmap.dataobj)
    figures["completed"] = mean_dice(scheme, found, scan.truth.data, ~drawn)
    figures["learned"] = result.model is not None
    return figures


def annotation(
    scheme: LabelScheme, truth: np.ndarray, drawing: str
) -> tuple[LabelSets | None, np.ndarray]:
    """What of the truth is drawn, None where nothing is; and the slices that were drawn in."""
    masks = {label.name: scheme.mask(truth, label.name) for label in scheme}
    masks = {name: mask for name, mask in masks.items() if mask.any()}
    known, drawn = None, np.zeros(truth.shape, dtype=bool)
    for part in drawing.split("+"):
        if part == "nothing":
            continue
        if part == "total":
            more = LabelSets.from_masks(scheme, {"tcv": masks["tcv"]}, {"tcv": Status.COMPLETE})
        elif part == "strokes":
            drawn |= slices_of(truth, 5)
            strokes = {
                name: one_in_a_hundred(mask & drawn)
                for name, mask in masks.items()
                if not scheme[name].children
            }
            status = dict.fromkeys(strokes, Status.IN_PROGRESS)
            more = LabelSets.from_masks(scheme, strokes, status)
        else:
            drawn |= slices_of(truth, int(part))
            status = dict.fromkeys(masks, Status.COMPLETE)
            more = LabelSets.from_masks(scheme, masks, status, drawn)
        known = more if known is None else known.also(more)
    return known, drawn


def slices_of(truth: np.ndarray, count: int) -> np.ndarray:
    """So many axial slices at even distances."""
    shown = np.flatnonzero(truth.any((0, 1)))
    places = np.linspace(shown[0], shown[-1], count + 2)[1:-1].round().astype(int)
    region = np.zeros(truth.shape, dtype=bool)
    region[:, :, places] = True
    return region


def one_in_a_hundred(mask: np.ndarray) -> np.ndarray:
    places = np.flatnonzero(mask)
    chosen = np.random.default_rng(0).permutation(places)[: -(-len(places) // 100)]
    strokes = np.zeros(mask.size, dtype=bool)
    strokes[chosen] = True
    return strokes.reshape(mask.shape)


def mean_dice(
    scheme: LabelScheme, found: np.ndarray, truth: np.ndarray, where: np.ndarray
) -> float:
    values = []
    for label in scheme:
        one, other = (scheme.mask(each, label.name) & where for each in (found, truth))
        if not label.children and other.any():
            values.append(2 * np.count_nonzero(one & other) / (one.sum() + other.sum()))
    return round(float(np.mean(values)), 4)


def write_docs(docs: Path, cells: list[dict]) -> None:
    """Put the table between its marks, and make the picture."""
    page = docs / "completing.md"
    before, _, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    text = f"{before}{BEGIN}\n{table(cells)}\n{END}{after}"
    page.write_text(text, encoding="utf-8")
    figure = picture(cells)
    figure.savefig(docs / "pictures" / "completing.png", dpi=110)


def table(cells: list[dict]) -> str:
    sources = list(dict.fromkeys(cell["source"] for cell in cells))
    lines = [
        "| drawn |"
        + "".join(f" {source}: model alone | kept | learned, kept | s |" for source in sources),
        "| --- |" + " ---: |" * 4 * len(sources),
    ]
    for drawing in DRAWINGS:
        row = []
        for source in sources:
            mine = [c for c in cells if (c["source"], c["drawing"]) == (source, drawing)]
            for key, digits in (("alone", 3), ("within", 3), ("completed", 3), ("seconds", 0)):
                values = [c[key] for c in mine if c[key] is not None]
                row.append(f" {np.mean(values):.{digits}f} |" if values else " |")
        if any(entry.strip(" |") for entry in row):
            lines.append(f"| {in_words(drawing)} |{''.join(row)}")
    return "\n".join(lines)


def in_words(drawing: str) -> str:
    words = {"nothing": "nothing", "total": "total cerebrum", "strokes": "strokes in 5 slices"}
    parts = [words.get(part, f"{part} slice{'s' * (part != '1')}") for part in drawing.split("+")]
    return " and ".join(parts)


def minutes(drawing: str) -> int:
    spent = 0
    for part in drawing.split("+"):
        if part == "strokes":
            spent += 5 * MINUTES["strokes"]
        elif part.isdigit():
            spent += int(part) * MINUTES["slice"]
        else:
            spent += MINUTES.get(part, 0)
    return spent


def picture(cells: list[dict]) -> Figure:
    figure = Figure(figsize=(6, 3.6), layout="constrained")
    axes = figure.subplots()
    for source in dict.fromkeys(cell["source"] for cell in cells):
        for with_total, style in ((False, "o-"), (True, "s--")):
            points = {}
            for entry in cells:
                drawing = entry["drawing"]
                if entry["source"] == source and drawing.startswith("total") == with_total:
                    dice = entry["completed"] or entry["alone"]
                    points.setdefault(minutes(drawing), []).append(dice)
            if points:
                x = sorted(points)
                label = f"{source}{', total cerebrum drawn' * with_total}"
                axes.plot(x, [np.mean(points[each]) for each in x], style, label=label, ms=4)
    axes.set_xlabel("minutes of drawing (assumed)")
    axes.set_ylabel("mean Dice where nothing was drawn")
    axes.grid(alpha=0.3)
    axes.legend(fontsize=8)
    return figure


if __name__ == "__main__":
    main()
