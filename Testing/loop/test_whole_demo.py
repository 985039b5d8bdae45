"""The demonstration runs from phantoms to the report, on real MRML nodes and real processes."""

import json
from pathlib import Path

import pytest

from partialseg_trainer.dataset import Dataset, check_dataset
from partialseg_trainer.errors import UserError
from partialseg_trainer.inference import load_model
from PartialSegLib import demo


def test_the_demo_leaves_everything_it_promises(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(demo, "EPOCHS", 1)
    monkeypatch.setattr(demo, "SLICES_PER_EPOCH", {"IUC": 40, "Supervised": 20})
    # As `make demo` has it: a folder named from where one is.
    monkeypatch.chdir(tmp_path)
    report = demo.main(Path("demo"))
    assert "</html>" in report.read_text(encoding="utf-8")

    dataset = Dataset.open(tmp_path / "demo" / "dataset")
    only_cerebrum = [
        case
        for case in dataset.cases
        if [name for name, state in case.info.status.items() if state == "complete"] == ["tcv"]
    ]
    assert len(only_cerebrum) == demo.SUPER_LABEL_ALONE > len(dataset.cases) / 3
    assert check_dataset(dataset.folder) == []
    for loss in ("iuc", "supervised"):
        assert load_model(tmp_path / "demo" / "runs" / loss).info.loss == loss
    for method in ("IUC", "Supervised"):
        scores = json.loads((tmp_path / "demo/scores" / method / "scores.json").read_text())
        assert scores
        assert len(list((tmp_path / "demo/predictions" / method).glob("*.nii.gz"))) == demo.TEST
    printed = capsys.readouterr().out
    assert "report.html" in printed
    assert "IUC reaches a mean Dice of" in printed


def test_the_demo_does_not_touch_a_folder_in_use(tmp_path):
    (tmp_path / "mine.txt").touch()
    with pytest.raises(UserError, match="is not empty"):
        demo.main(tmp_path)
