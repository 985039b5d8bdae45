"""What a cell keeps of its scores, and that a report can be made of cells that had fewer."""

import numpy as np
import pandas as pd
import pytest

from in_this_process import InThisProcess
from partialseg_trainer.experiments import Experiment, run_experiment, write_results
from partialseg_trainer.experiments.settings import checked_settings

NEW = ["nsd05", "nsd1", "ece", "brier", "violations"]


@pytest.fixture
def done(tmp_path, content, monkeypatch):
    """A grid of which one network has a sigmoid for each label, and the other a softmax."""
    # So many steps that something is found.
    settings = checked_settings({**content, "steps": 60}, "grid.yaml")
    return run_experiment(tmp_path / "out", settings, InThisProcess(monkeypatch).connect)


def test_every_score_of_the_probabilities_is_within_its_range(done):
    table = pd.read_csv(done.folder / "cells.csv")
    for name in ("nsd05", "nsd1", "ece", "brier"):
        assert table[name].between(0, 1).all()
    contradicted = table.dropna(subset="violations")
    # A softmax over leaves cannot, and a label without parts has no hierarchy.
    assert set(contradicted["method"]) <= {"iuc"}
    assert set(contradicted["label"]) <= {"brainstem"}
    for cell in done.cells:
        bins = done.place(cell).reliability()
        scores = done.place(cell).scores().set_index(["scan", "label"])
        for place, part in bins.groupby(["scan", "label"]):
            error = np.abs(part["expected"] - part["found"]).sum() / part["voxels"].sum()
            assert error == pytest.approx(scores.loc[place, "ece"])
    for heading in ("Can the probabilities be believed?", "keep to the hierarchy?"):
        assert heading in (done.folder / "report.html").read_text(encoding="utf-8")


def test_preterm_and_term_scans_have_tables_of_their_own(done, monkeypatch):
    ages = {"sub-05": "preterm", "sub-06": "term"}
    monkeypatch.setattr("partialseg_trainer.experiments.report.age_groups", lambda _: ages)
    report = write_results(done).read_text(encoding="utf-8")
    table = pd.read_csv(done.folder / "cells.csv")
    assert dict(zip(table["scan"], table["age_group"], strict=True)) == ages
    for group in ages.values():
        assert f"Dice, {group} scans" in report
        assert (done.folder / "tables" / f"dice_{group}.tex").is_file()


def test_cells_from_before_a_score_was_there_stay_done_and_are_reported(done):
    for cell in done.cells:
        place = done.place(cell).path
        table = pd.read_csv(place / "scores.csv").drop(columns=["nsd05", "nsd1"])
        table.to_csv(place / "scores.csv", index=False)
        for name in ("certainty.csv", "reliability.csv", "method.json"):
            (place / name).unlink()
    again = Experiment.create(done.folder, done.settings)
    assert all(again.place(cell).state.value == "done" for cell in again.cells)
    report = write_results(again).read_text(encoding="utf-8")
    assert pd.read_csv(done.folder / "cells.csv")[NEW].isna().all(axis=None)
    assert "Can the probabilities be believed?" not in report
