"""A small grid, really trained on a Dask cluster: it survives a killed worker and a bad cell."""

import json
import os
import signal
import threading
import time
from functools import partial

import pandas as pd
import pytest

from in_this_process import InThisProcess
from partialseg_trainer.errors import UserError
from partialseg_trainer.experiments import (
    CellState,
    Experiment,
    local_client,
    planned,
    run_experiment,
    scheduler_client,
    slurm_cluster,
)
from partialseg_trainer.experiments.settings import checked_settings
from partialseg_trainer.runs import RunState, read_metrics, read_status

EPOCHS = 12


def no_cluster(cells):
    raise AssertionError(f"nothing is left to do, but {cells} cells were begun")


def kill_one(folder, settings, killed):
    """Kill the process of the first training that has a checkpoint; keep what it had reported."""
    end = time.monotonic() + 120
    while time.monotonic() < end and not killed:
        time.sleep(0.02)
        if not Experiment.begun(folder):
            continue
        grid = Experiment(folder, settings)
        for cell in grid.cells:
            run = grid.place(cell).run
            if (run.checkpoints / "last.ckpt").is_file():
                status = read_status(run)
                os.kill(status.pid, signal.SIGKILL)
                killed.update(run=run, pid=status.pid, rows=read_metrics(run))
                break


def test_a_grid_completes_though_a_worker_is_killed_and_is_then_left_alone(tmp_path, content):
    content["steps"] = 2 * EPOCHS
    # Dask has to wait with it until the cell whose model it takes is done.
    content["methods"]["mirrored"] = {"of": "iuc", "mirror": True}
    content["settings"] |= {"epochs": EPOCHS, "patience": EPOCHS}
    settings = checked_settings(content, "grid.yaml")
    folder, killed, told = tmp_path / "out", {}, []
    killer = threading.Thread(target=kill_one, args=(folder, settings, killed))
    killer.start()
    done = run_experiment(
        folder,
        settings,
        partial(local_client, settings, workers=2),
        on_done=lambda cell, failure: told.append((cell.method, failure)),
    )
    killer.join()

    assert sorted(told) == [("iuc", None), ("marginal", None), ("mirrored", None)]
    methods = [method for method, _ in told]
    assert methods.index("iuc") < methods.index("mirrored")
    assert all(done.place(cell).state is CellState.DONE for cell in done.cells)
    after = read_status(killed["run"])
    assert after.state is RunState.FINISHED
    assert after.pid != killed["pid"]
    rows = read_metrics(killed["run"])
    assert [row["epoch"] for row in rows] == list(range(EPOCHS))
    # Rows with the same duration to the hundredth: they were not trained again. The last one may
    # have been written before its checkpoint.
    kept = killed["rows"][:-1]
    assert rows[: len(kept)] == kept

    table = pd.read_csv(folder / "cells.csv")
    assert set(table["method"]) == {"iuc", "marginal", "mirrored"}
    assert len(table) == 3 * 2 * 4  # methods, test scans, labels
    assert set(table["subject"]) == {5, 6}
    assert {f"dice.{kind}" for kind in ("csv", "md", "tex")} <= {
        path.name for path in (folder / "tables").iterdir()
    }
    report = (folder / "report.html").read_text(encoding="utf-8")
    for words in (
        "3 of 3 cells of the grid are done",
        "beyond chance",
        "ANOVA",
        "Wilcoxon",
        "Holm",
        "Best: sub-0",
    ):
        assert words in report
    assert 'src="http' not in report
    assert not list((folder / "datasets").glob("*/.cache"))

    written = {path: path.stat().st_mtime_ns for path in folder.rglob("*.csv")}
    written[folder / "report.html"] = (folder / "report.html").stat().st_mtime_ns
    run_experiment(folder, settings, no_cluster)
    assert {path: path.stat().st_mtime_ns for path in written} == written

    with planned(folder, settings) as (_, costs):
        assert costs == {}
    content["methods"]["huc"] = {"loss": "huc"}
    grown = checked_settings(content, "grid.yaml")
    with planned(folder, grown) as (_, costs):
        assert [cell.method for cell in costs] == ["huc"]
    content["methods"]["iuc"]["learning_rate"] = 0.1
    with pytest.raises(UserError, match="made with another learning_rate"):
        run_experiment(folder, checked_settings(content, "grid.yaml"), no_cluster)


def test_a_cell_that_fails_is_named_and_the_others_go_on(tmp_path, content, monkeypatch):
    content["methods"]["broken"] = {"loss": "iuc", "initial_model": str(tmp_path / "no-model")}
    settings = checked_settings(content, "grid.yaml")
    failures = {}
    done = run_experiment(
        tmp_path / "out",
        settings,
        InThisProcess(monkeypatch).connect,
        on_done=lambda cell, failure: failures.update({cell.method: failure}),
    )
    assert "no-model" in failures["broken"]
    assert failures["iuc"] is failures["marginal"] is None
    states = {cell.method: done.place(cell).state for cell in done.cells}
    assert states["broken"] is CellState.FAILED
    (broken,) = (done.place(cell) for cell in done.cells if cell.method == "broken")
    assert "Traceback" in broken.log_file.read_text(encoding="utf-8")
    assert "no-model" in (done.folder / "report.html").read_text(encoding="utf-8")


def test_the_dry_run_shows_the_grid_and_its_cost_and_writes_nothing(tmp_path, content):
    content |= {"seconds_per_step": 2.0, "draws": 2}
    content["methods"]["long"] = {"loss": "supervised", "steps": 40}
    content["methods"]["all"] = {"loss": "iuc"}
    settings = checked_settings(content, "grid.yaml")
    with planned(tmp_path / "out", settings) as (_, costs):
        steps = {cell.method: cost.steps for cell, cost in costs.items()}
        assert steps == {"iuc": 4, "marginal": 4, "long": 40, "all": 4}
        assert sum(cost.seconds for cost in costs.values()) == 2 * 2.0 * (4 + 4 + 40 + 4)
    assert not (tmp_path / "out").exists()


def test_the_cost_counts_every_training_of_a_strategy_and_none_of_models_that_are_there(
    tmp_path, content
):
    content["methods"] = {
        "plain": {"loss": "marginal_ce"},
        "teachers": {"loss": "marginal_ce", "strategy": "pseudo_labels"},
        "two phases": {"loss": "iuc", "strategy": "phased"},
        "four networks": {"loss": "iuc", "strategy": "multi_model"},
        "three models": {"loss": "marginal_ce", "ensemble": 3},
        "two more": {"of": "plain", "ensemble": 3},
        "mirrored": {"of": "plain", "mirror": True},
    }
    with planned(tmp_path / "out", checked_settings(content, "grid.yaml")) as (_, costs):
        trainings = {cell.method: cost.steps / 4 for cell, cost in costs.items()}
        seconds = {cell.method: cost.seconds for cell, cost in costs.items()}
    assert trainings == {
        **{"plain": 1, "teachers": 4, "two phases": 2, "four networks": 4},
        **{"three models": 3, "two more": 2, "mirrored": 0},
    }
    assert seconds == {**dict.fromkeys(trainings), "mirrored": 0}


def test_without_steps_the_scans_headers_tell_how_many_slices_there_are(tmp_path, content):
    del content["steps"]
    content["settings"]["slices_per_epoch"] = None
    content["methods"] = {"iuc": {"loss": "iuc"}, "supervised": {"loss": "supervised"}}
    with planned(tmp_path / "out", checked_settings(content, "grid.yaml")) as (_, costs):
        steps = {cell.method: cost.steps for cell, cost in costs.items()}
        # 20 axial slices a scan in batches of 4, two epochs; three scans, or the full one alone.
        assert steps == {"iuc": 2 * 3 * 20 // 4, "supervised": 2 * 20 // 4}
        assert all(cost.seconds is None for cost in costs.values())


def test_a_slurm_job_asks_for_what_the_file_says(settings):
    slurm = {
        "memory": "24GB",
        "walltime": "12:00:00",
        "queue": "gpu",
        "account": "brains",
        "job_extra_directives": ["--gres=gpu:1"],
    }
    content = {**settings.model_dump(exclude_none=True), "slurm": slurm, "threads": 4}
    with slurm_cluster(checked_settings(content, "grid.yaml")) as cluster:
        script = cluster.job_script()
    for line in (
        "#SBATCH -p gpu",
        "#SBATCH -A brains",
        "#SBATCH --cpus-per-task=4",
        "#SBATCH --mem=23G",
        "#SBATCH -t 12:00:00",
        "#SBATCH --gres=gpu:1",
        "export OMP_NUM_THREADS=4",
    ):
        assert line in script
    assert "--nthreads 1" in script


def test_a_scheduler_that_does_not_answer_is_named():
    with (
        pytest.raises(UserError, match=r"No Dask scheduler answers at tcp://127\.0\.0\.1:1"),
        scheduler_client("tcp://127.0.0.1:1", timeout=0.5),
    ):
        pass


def test_the_record_of_an_experiment_reads_back_as_it_was(tmp_path, settings):
    grid = Experiment.create(tmp_path / "out", settings)
    grid.save()
    assert Experiment.open(tmp_path / "out").settings == settings
    assert json.loads((tmp_path / "out" / "experiment.json").read_text())["name"] == "slabs"
