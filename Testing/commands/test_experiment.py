"""`partialseg experiment`: what it shows, and what it refuses."""

import json

import yaml

from partialseg_trainer.dataset import Dataset


def grid(tmp_path, dataset, **changes):
    """A YAML file of a grid on the dataset's fully labelled scans."""
    full = [case.subject for case in Dataset.open(dataset).cases]
    content = {
        "name": "small",
        "data": {"folder": str(dataset)},
        "split": {"validation": [], "test": full[:1]},
        "partial": [{"keep": ["brainstem"]}],
        "full": [1],
        "draws": 2,
        "methods": {"iuc": {"loss": "iuc"}},
        "steps": 30,
        "seconds_per_step": 4,
        **changes,
    }
    path = tmp_path / "grid.yaml"
    path.write_text(yaml.safe_dump(content))
    return path


def fully_labelled(partialseg, pairs, tmp_path):
    folder = tmp_path / "full"
    words = ("--images", pairs / "images", "--labels", pairs / "labels", "--scheme", "brainstem")
    assert partialseg("import", *words, "--output", folder).code == 0
    return folder


def test_the_dry_run_prints_the_grid_and_what_it_costs(partialseg, pairs, tmp_path):
    path = grid(tmp_path, fully_labelled(partialseg, pairs, tmp_path), settings={"epochs": 10})
    words = ("experiment", path, "--output", tmp_path / "out", "--dry-run")
    shown = partialseg(*words)
    assert shown.code == 0
    assert "3 subjects train, 0 validate and 1 test." in shown.out
    assert "2 cells to do, at most 60 steps: 4 min of one worker." in shown.out
    found = json.loads(partialseg(*words, "--json").out)
    assert (found["steps"], found["seconds"]) == (60, 240.0)
    assert [cell["draw"] for cell in found["cells"]] == [0, 1]
    assert not (tmp_path / "out").exists()


def test_a_mistake_in_the_file_is_named_and_nothing_is_written(partialseg, pairs, tmp_path):
    path = grid(tmp_path, fully_labelled(partialseg, pairs, tmp_path), drows=3)
    shown = partialseg("experiment", path, "--output", tmp_path / "out")
    assert shown.code == 2
    assert "grid.yaml: drows: There is no such field" in shown.sentence
    assert not (tmp_path / "out").exists()


def test_only_one_place_to_run_can_be_named(partialseg, tmp_path):
    words = ("--workers", 2, "--slurm", "--output", tmp_path / "out")
    shown = partialseg("experiment", "phantoms", *words)
    assert shown.code == 2
    assert "exclude each other" in shown.sentence
