"""Does learning from partial labels pay? IUC against supervised training, on the same footing.

    python iuc_against_supervised.py phantoms --draws 5 --output FOLDER
    python iuc_against_supervised.py atlas --draws 3 --output FOLDER

In each draw two scans are labelled fully. Of the others the atlas has the total cerebrum alone, and
the phantoms too, but for three that lack only the cerebrum's parts. Half of what IUC draws is from
full scans, so "supervised" takes half the steps: both see the full scans equally often, and IUC the
partial ones on top, as in the paper's epochs. "supervised, same steps" has the steps of IUC.

Prints Dice per label, mean and standard deviation over draws, and writes all scores as files.
A run that is done is not done again.
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from partialseg_trainer.dataset import Dataset, assign_splits
from partialseg_trainer.evaluation import score, write_scores
from partialseg_trainer.files import atomic_folder
from partialseg_trainer.inference import load_model, segment
from partialseg_trainer.labels import LabelScheme, LabelSets, Status
from partialseg_trainer.models import INFO_FILE
from partialseg_trainer.networks.model import Model
from partialseg_trainer.runs import RunFolder
from partialseg_trainer.synthesis import make_phantom
from partialseg_trainer.training import TrainConfig, prepare_run, train
from partialseg_trainer.volumes import Volume, read_labelmap, read_volume

# What is compared: the share of the steps, and the settings in which a method differs.
METHODS = {
    "iuc": (1.0, {"loss": "iuc"}),
    "supervised": (0.5, {"loss": "supervised"}),
    "supervised, same steps": (1.0, {"loss": "supervised"}),
    "iuc, uniform sampling": (1.0, {"loss": "iuc", "sampling": "uniform"}),
    "iuc, reference order": (1.0, {"loss": "iuc", "sampling": "reference"}),
    "iuc, labels unweighted": (1.0, {"loss": "iuc", "label_weights": "none"}),
    "marginal_ce": (1.0, {"loss": "marginal_ce"}),
}
PARTS = ("cgm", "wm", "dgm")
SUPER_LABEL = "tcv"
FULL = 2


@dataclass(frozen=True)
class Scan:
    """A scan with its true labels, and the part of the split it belongs to."""

    name: str
    part: str
    image: Volume
    labelmap: Volume


@dataclass(frozen=True)
class Cohort:
    """Scans of one draw, and the settings that fit their size."""

    scheme: LabelScheme
    scans: list[Scan]
    settings: dict
    parts_missing: int = 0  # scans that lack only the parts of the cerebrum


def phantoms(draw: int) -> Cohort:
    """12 training, 2 validation and 4 test phantoms of 1.6 mm."""
    parts = ["train"] * 12 + ["validation"] * 2 + ["test"] * 4
    scans = []
    for number, part in enumerate(parts):
        phantom = make_phantom((draw, number), spacing=1.6)
        scans.append(Scan(f"{number:02d}", part, phantom.image, phantom.labelmap))
    return Cohort(LabelScheme.load("dhcp9"), scans, {"spacing": 1.6, "patch": (64, 64)}, 3)


def atlas(folder: Path) -> Cohort:
    """The spina bifida atlas: weeks 30-32 test and week 27 validates, as blocks of weeks."""
    scans = []
    for place in sorted(path for path in folder.iterdir() if path.is_dir()):
        weeks = int(re.search(r"GA(\d+)", place.name).group(1))
        part = "test" if 30 <= weeks <= 32 else "validation" if weeks == 27 else "train"
        image, labelmap = place / "T2w.nii.gz", place / "parcellation.nii.gz"
        name = place.name.replace("_", "")
        scans.append(Scan(name, part, read_volume(image), read_labelmap(labelmap)))
    return Cohort(LabelScheme.load("fetal8"), scans, {"spacing": 1.2, "patch": (80, 96)})


def make_dataset(folder: Path, cohort: Cohort, draw: int) -> Dataset:
    """The training and validation scans: `FULL` drawn ones fully labelled."""
    training = [scan.name for scan in cohort.scans if scan.part == "train"]
    order = np.random.default_rng(draw).permutation(training)
    full, parts_missing = order[:FULL], order[FULL : FULL + cohort.parts_missing]
    parts = {}
    # Whole or not at all: a run that is interrupted here must not go on with half the scans.
    with atomic_folder(folder) as unfinished:
        dataset = Dataset.create(unfinished, cohort.scheme, f"draw {draw}")
        for scan in cohort.scans:
            if scan.part == "test":
                continue
            whole = scan.part == "validation" or scan.name in full
            known = cohort.scheme.names if whole else (SUPER_LABEL,)
            if scan.name in parts_missing:
                known = [name for name in cohort.scheme.names if name not in PARTS]
            sets = LabelSets.from_labelmap(cohort.scheme, scan.labelmap.data, known=known)
            dataset.add_case(scan.name, scan.image, sets, dict.fromkeys(known, Status.COMPLETE))
            parts[scan.name] = scan.part
        assign_splits(dataset, parts)
    return Dataset.open(folder)


def settings_of(
    cohort: Cohort, dataset: Dataset, method: str, draw: int, steps: int
) -> TrainConfig:
    epochs, batch = 16, 4
    share, differences = METHODS[method]
    return TrainConfig(
        dataset=dataset.folder,
        preprocessing={"spacing": cohort.settings["spacing"]},
        patch=cohort.settings["patch"],
        network={"width": 8, "depth": 4},
        batch_size=batch,
        epochs=epochs,
        slices_per_epoch=round(share * steps * batch / epochs),
        schedule="one_cycle",
        monitor="validation_dice",
        validation_slices=48,
        seed=draw,
        **differences,
    )


def run_draw(
    cohort: Cohort, draw: int, methods: list[str], steps: int, folder: Path
) -> Iterator[dict]:
    """Train and score each method; yields a row for each method, test scan and label."""
    place = folder / "dataset"
    dataset = Dataset.open(place) if place.exists() else make_dataset(place, cohort, draw)
    for method in methods:
        name = re.sub(r"\W+", "-", method)
        run = RunFolder(folder / name)
        if not (run.model / INFO_FILE).is_file():
            if not run.path.exists():
                prepare_run(run.path, settings_of(cohort, dataset, method, draw, steps))
            train(run)
        model = load_model(run.model)
        scores = {
            scan.name: score(_predicted(scan, model), scan.labelmap, cohort.scheme)
            for scan in cohort.scans
            if scan.part == "test"
        }
        if not (folder / f"scores-{name}").exists():
            write_scores(folder / f"scores-{name}", scores, cohort.scheme)
        for scan, entries in scores.items():
            for entry in entries:
                yield {
                    "draw": draw,
                    "method": method,
                    "scan": scan,
                    "label": entry.label,
                    "dice": entry.dice,
                    "hd95": entry.hd95,
                }


def _predicted(scan: Scan, model: Model) -> Volume:
    return read_labelmap(segment(scan.image, model).labelmap)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("data", choices=("phantoms", "atlas"))
    parser.add_argument("--atlas", type=Path, default=Path("../shared/data/spina-bifida-atlas"))
    parser.add_argument("--draws", type=int, default=3)
    parser.add_argument("--steps", type=int, default=4000, help="of 4 slices, for IUC")
    parser.add_argument("--methods", default="iuc,supervised", help=f"of {', '.join(METHODS)}")
    parser.add_argument("--output", type=Path, required=True)
    arguments = parser.parse_args()
    methods = re.split(r",(?! )", arguments.methods)
    for name in methods:
        if name not in METHODS:
            parser.error(f"there is no method '{name}'; choose from: {'; '.join(METHODS)}")

    rows = []
    for draw in range(arguments.draws):
        cohort = phantoms(draw) if arguments.data == "phantoms" else atlas(arguments.atlas)
        folder = arguments.output / arguments.data / f"draw-{draw}"
        rows += run_draw(cohort, draw, methods, arguments.steps, folder)
        table = pd.DataFrame(rows)
        print(f"\n{arguments.data}, {draw + 1} of {arguments.draws} draws", flush=True)
        print(summary(table, cohort.scheme).to_string(), flush=True)
    name = f"{arguments.data}.csv"
    table.to_csv(arguments.output / name, index=False)
    means = table.groupby(["method", "label"])["dice"].mean().unstack(0).to_dict()
    (arguments.output / f"{arguments.data}.json").write_text(json.dumps(means, indent=2))


def summary(table: pd.DataFrame, scheme: LabelScheme) -> pd.DataFrame:
    """Dice per label and method: mean over scans, then mean and standard deviation over draws."""
    per_draw = table.groupby(["method", "label", "draw"])["dice"].mean()
    overall = table.groupby(["method", "draw"])["dice"].mean()
    shown = {}
    for method in table["method"].unique():
        column = {name: _mean_and_deviation(per_draw[method][name]) for name in scheme.names}
        shown[method] = {**column, "mean of all": _mean_and_deviation(overall[method])}
    return pd.DataFrame(shown)


def _mean_and_deviation(values: pd.Series) -> str:
    return f"{values.mean():.3f} +- {values.std(ddof=1) if len(values) > 1 else 0:.3f}"


if __name__ == "__main__":
    main()
