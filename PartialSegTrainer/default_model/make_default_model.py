"""Trains the model that ships with PartialSeg, from an atlas of real scans and phantoms.

    python make_default_model.py --atlas FOLDER --work FOLDER --output FOLDER

The work folder keeps dataset, run and predictions; called again with the same one, a training that
was interrupted goes on. README.md beside this file says what it is trained on.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from hippocampi import open_to_hippocampi, opened, with_hippocampi

from partialseg_trainer.dataset import Dataset, assign_splits, import_pairs, split_subjects
from partialseg_trainer.evaluation import score, write_scores
from partialseg_trainer.files import atomic_folder, read_json
from partialseg_trainer.inference import segment
from partialseg_trainer.inference.showing import usual_centres
from partialseg_trainer.labels import LabelSets, Status
from partialseg_trainer.models import ModelInfo
from partialseg_trainer.networks.model import Model, load_model, save_model
from partialseg_trainer.runs import RunFolder, RunState, read_status
from partialseg_trainer.synthesis import Variation, make_phantom, randomise
from partialseg_trainer.training import TrainConfig, prepare_run, train
from partialseg_trainer.training.run.card import model_card, preview
from partialseg_trainer.volumes import Volume, normalise_intensity, read_labelmap, read_volume

# The atlas's values as those of dhcp9. Its white matter holds the hippocampi, its scheme has the
# corpus callosum apart, and it has no tissue outside the brain.
ATLAS_TO_DHCP9 = {1: 3, 2: 5, 3: 6, 4: 1, 5: 2, 6: 7, 7: 8, 8: 3}
# Whole blocks of weeks: neighbouring weeks of the atlas are nearly the same image.
TEST_WEEKS, VALIDATION_WEEKS = (30, 31), (27,)
PHANTOMS, VALIDATION_PHANTOMS, TEST_PHANTOMS = 11, 1, 3
# New scans of each training scan, with another look. A foetus is enlarged up to a newborn's size.
ATLAS_VARIATIONS, PHANTOM_VARIATIONS = 2, 1
ATLAS_SCALE, PHANTOM_SCALE = (0.9, 1.35), (0.85, 1.1)
NAME = "neonate-t2-dhcp9"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--atlas", type=Path, required=True, help="the spina bifida atlas")
    parser.add_argument("--work", type=Path, required=True, help="where to train")
    parser.add_argument("--output", type=Path, required=True, help="the folder of models")
    arguments = parser.parse_args()
    work = arguments.work

    plain = _dataset(work / "dataset", arguments.atlas)
    first = _trained(work / "run", _config(plain, epochs=30, slices_per_epoch=2000))
    varied = _varied(work / "varied-dataset", plain)
    again = {"slices_per_epoch": 2500, "learning_rate": 2e-3}
    config = _config(varied, epochs=12, initial_model=first.model, **again)
    second = _trained(work / "varied-run", config)
    between = _between(load_model(first.model), load_model(second.model), 0.5)
    _publish(between, arguments.atlas, work, work / "between" / NAME)
    partial = _with_unknown_hippocampi(work / "partial-dataset", varied)
    config = _config(
        partial,
        epochs=20,
        loss="marginal_ce+leaf_dice",
        initial_model=work / "between" / NAME,
        sampling="uniform",
        label_share=0.33,
        **again,
    )
    third = _trained(work / "partial-run", config).model
    # Loaded twice, because the first is changed in place.
    model = with_hippocampi(_between(between, load_model(third), 0.7), load_model(third))
    _publish(model, arguments.atlas, work, arguments.output / NAME)


def _between(first: Model, second: Model, share: float) -> Model:
    """A model between two, of which the second, with that share, was trained on from the first.

    What is gained on unusual scans is kept for the most part, what was lost on usual ones comes
    back (Wortsman et al., "Robust fine-tuning of zero-shot models", CVPR 2022).
    """
    other = first.network.state_dict()
    for name, tensor in second.network.state_dict().items():
        # Batch normalisation also counts its batches, in whole numbers.
        if tensor.is_floating_point():
            tensor.lerp_(other[name], 1 - share)
    return second


def _trained(folder: Path, config: TrainConfig) -> RunFolder:
    """The run in a folder, made, resumed or finished already."""
    run = RunFolder(folder)
    if not run.path.exists():
        prepare_run(run.path, config)
    if read_status(run).state is not RunState.FINISHED:
        train(run)
    return run


def _config(
    dataset: Dataset, epochs: int, loss: str = "marginal_ce+dice", **settings: Any
) -> TrainConfig:
    return TrainConfig(
        **{"label_share": 0} | settings,
        dataset=dataset.folder,
        name=NAME,
        loss=loss,
        preprocessing={"spacing": 0.8, "axis": "axial"},
        augmentation={
            "rotation": 25,
            "scale": 0.2,
            "displacement": 3,
            "tone": 0.2,
            "bias": 0.3,
            "noise": 0.06,
            "blur": 0.3,
            "head": 0.3,
        },
        patch=(112, 112),
        batch_size=8,
        head_rate=1,
        epochs=epochs,
        patience=epochs,
        schedule="one_cycle",
        monitor="validation_dice",
        validation_slices=60,
    )


def _dataset(folder: Path, atlas: Path) -> Dataset:
    """Atlas and phantoms in one dataset of scheme dhcp9, split by blocks of weeks."""
    if folder.exists():
        return Dataset.open(folder)
    # Whole or not at all: half a dataset has no splits yet, and would train on the test weeks.
    with atomic_folder(folder) as unfinished:
        dataset = import_pairs(
            atlas, atlas, "dhcp9", unfinished, mapping=ATLAS_TO_DHCP9, annotated="all"
        )
        splits = {subject: _part(_weeks(subject)) for subject in dataset.subjects}
        for number in range(PHANTOMS):
            phantom = make_phantom((2026, number))
            subject = f"phantom{number:02d}"
            sets = LabelSets.from_labelmap(dataset.scheme, phantom.labelmap.data)
            complete = dict.fromkeys(dataset.scheme.names, Status.COMPLETE)
            dataset.add_case(subject, phantom.image, sets, complete)
            splits[subject] = "validation" if number < VALIDATION_PHANTOMS else "train"
        assign_splits(dataset, splits)
    return Dataset.open(folder)


def _varied(folder: Path, plain: Dataset) -> Dataset:
    """The dataset again, with randomised copies of the scans that train."""
    if folder.exists():
        return Dataset.open(folder)
    splits = _splits(plain)
    complete = dict.fromkeys(plain.scheme.names, Status.COMPLETE)
    with atomic_folder(folder) as unfinished:
        dataset = Dataset.create(unfinished, plain.scheme, plain.name)
        for number, case in enumerate(plain.cases):
            image, sets = case.image(), case.label_sets(plain.scheme)
            dataset.add_case(case.subject, image, sets, case.info.status)
            if splits[case.subject] != "train":
                continue
            phantom = case.subject.startswith("phantom")
            variation = Variation(scale=PHANTOM_SCALE if phantom else ATLAS_SCALE)
            for copy in range(PHANTOM_VARIATIONS if phantom else ATLAS_VARIATIONS):
                rng = np.random.default_rng((2028, number, copy))
                name = f"{case.subject}v{copy}"
                dataset.add_case(name, *randomise(image, sets, rng, variation), complete)
                splits[name] = "train"
        assign_splits(dataset, splits)
    return Dataset.open(folder)


def _with_unknown_hippocampi(folder: Path, varied: Dataset) -> Dataset:
    """The dataset again, in which the atlas no longer denies that there are hippocampi."""
    if folder.exists():
        return Dataset.open(folder)
    with atomic_folder(folder) as unfinished:
        dataset = Dataset.create(unfinished, varied.scheme, varied.name)
        for case in varied.cases:
            image, sets = case.image(), case.label_sets(varied.scheme)
            status = dict(case.info.status)
            if case.subject.startswith("GA"):
                sets, status = open_to_hippocampi(sets, image.affine), opened(status)
            dataset.add_case(case.subject, image, sets, status)
        assign_splits(dataset, _splits(varied))
    return Dataset.open(folder)


def _splits(dataset: Dataset) -> dict[str, str]:
    """Subject -> the part of the split that it is in."""
    parts = split_subjects(dataset)._asdict()
    return {subject: part for part, subjects in parts.items() for subject in subjects}


def _weeks(name: str) -> int:
    return int(re.search(r"GA(\d+)", name).group(1))


def _part(weeks: int) -> str:
    if weeks in TEST_WEEKS:
        return "test"
    return "validation" if weeks in VALIDATION_WEEKS else "train"


def _publish(model: Model, atlas: Path, work: Path, output: Path) -> None:
    """Score a model on what it has not seen, and write it with its card."""
    facts = read_json(Path(__file__).with_name("facts.json"))
    of_info = ("title", "training_data", "untold", "least_confidence", "smoothing", "licence")
    info = model.info.model_dump() | {name: facts[name] for name in of_info}
    info["centres"] = _centres(Dataset.open(work / "dataset"))
    model = replace(model, info=ModelInfo.model_validate(info))
    table = np.zeros(256, dtype=np.uint8)
    table[list(ATLAS_TO_DHCP9)] = list(ATLAS_TO_DHCP9.values())
    scans = {
        folder.name: (
            read_volume(folder / "T2w.nii.gz"),
            read_labelmap(folder / "parcellation.nii.gz"),
        )
        for folder in sorted(atlas.iterdir())
        if folder.is_dir() and _weeks(folder.name) in TEST_WEEKS
    }
    real = {
        name: score(
            read_labelmap(segment(image, model).labelmap),
            Volume(table[truth.data], truth.affine),
            model.scheme,
        )
        for name, (image, truth) in scans.items()
    }
    phantoms = {}
    for number in range(TEST_PHANTOMS):
        phantom = make_phantom((2027, number))
        found = read_labelmap(segment(phantom.image, model).labelmap)
        phantoms[f"phantom{number}"] = score(found, phantom.labelmap, model.scheme)
    columns = {
        f"atlas, weeks {TEST_WEEKS[0]}-{TEST_WEEKS[-1]} (unseen)": real,
        "phantoms (unseen)": phantoms,
    }
    for name, scores in (("atlas", real), ("phantoms", phantoms)):
        shutil.rmtree(work / "scores" / name, ignore_errors=True)
        write_scores(work / "scores" / name, scores, model.scheme)
    info = ModelInfo.model_validate(
        {
            **model.info.model_dump(),
            "scores": {
                column: {
                    label.name: _mean_dice(scores, label.name)
                    for label in model.scheme
                    if label.name not in model.info.untold
                }
                for column, scores in columns.items()
            },
        }
    )
    told = {name: facts[name] for name in ("data", "limits")}
    card = model_card(info, model.scheme, preview="a phantom", **told)
    if output.exists():
        shutil.rmtree(output)
    save_model(output, model.network, info, card, _picture(model))
    print(json.dumps(info.scores, indent=2))


def _centres(plain: Dataset) -> dict[str, tuple[float, float, float]]:
    """Where structures lie in the atlas's scans that trained, by which tilted heads are turned."""
    splits = _splits(plain)
    labelmaps = [
        Volume(case.label_sets(plain.scheme).labelmap(), case.image().affine)
        for case in plain.cases
        if case.subject.startswith("GA") and splits[case.subject] == "train"
    ]
    return usual_centres(labelmaps, plain.scheme)


def _picture(model: Model) -> bytes:
    """A phantom it has not seen; pictures of the atlas are not ours to ship."""
    phantom = make_phantom((2027, 0))
    labelmap = np.asarray(segment(phantom.image, model).labelmap.dataobj)
    middle = labelmap.shape[2] // 2
    image = normalise_intensity(phantom.image.data)
    return preview(image[:, :, middle], labelmap[:, :, middle], model.scheme)


def _mean_dice(scores: dict, label: str) -> float | None:
    """Over the scans that have the label; None where the truth of none does."""
    values = [
        entry.dice
        for scan in scores.values()
        for entry in scan
        if entry.label == label and entry.truth_ml
    ]
    return round(float(np.mean(values)), 4) if values else None


if __name__ == "__main__":
    main()
