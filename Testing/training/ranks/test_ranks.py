"""Two processes that train one model together learn the same as one, stop together and end well."""

import json
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import psutil
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ball_scans import ball
from partialseg_trainer.errors import UserError
from partialseg_trainer.files import write_json
from partialseg_trainer.inference import load_model, segment
from partialseg_trainer.interpreter import python_environment
from partialseg_trainer.runs import (
    RunState,
    kill,
    read_metrics,
    read_status,
    request_stop,
    start,
    wait,
)
from partialseg_trainer.training import Augmentation, TrainConfig, prepare_run, train
from partialseg_trainer.training.material.augmentation import augment
from partialseg_trainer.training.material.patches import TrainingBatches
from partialseg_trainer.training.material.slices import open_store
from partialseg_trainer.training.ranks.share import Share

WORKER = Path(__file__).parent / "rank_of_trainings.py"


def train_in_two(*runs):
    """As a user of torchrun would, but all runs in the same two processes."""
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    command = [*launch, str(WORKER), *(str(run.path) for run in runs)]
    environment = {**python_environment(), "OMP_NUM_THREADS": "1"}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=240)


def weights_of(run):
    return torch.load(run.checkpoints / "last.ckpt", weights_only=True)["state_dict"]


def labelled(run):
    labelmap = segment(ball(99)[0], load_model(run.model), device="cpu").labelmap
    return np.asarray(labelmap.dataobj)


def test_two_processes_go_on_where_one_stopped_to_the_same_model_and_end_when_one_is_lost(
    tmp_path, quick
):
    config = quick.model_copy(update={"loss": "marginal_ce", "epochs": 4})
    one, two, lost = (prepare_run(tmp_path / name, config) for name in ("one", "two", "lost"))
    train(one)
    content = two.config_file.read_text(encoding="utf-8")
    write_json(two.config_file, json.loads(content) | {"epochs": 2})
    train(two)
    two.config_file.write_text(content, encoding="utf-8")
    done = train_in_two(two, lost)

    assert read_status(two).state is RunState.FINISHED, done.stderr
    rows = [read_metrics(run) for run in (one, two)]
    for name in ("epoch", "training_loss", "validation_loss", "validation_dice"):
        found = [[row[name] for row in of_run] for of_run in rows]
        assert found[1] == pytest.approx(found[0], rel=1e-3, abs=1e-5), name
    expected, found = weights_of(one), weights_of(two)
    for name, values in expected.items():
        assert torch.allclose(values, found[name], rtol=1e-2, atol=1e-3), name
    assert (labelled(one) == labelled(two)).mean() > 0.999

    assert done.returncode != 0
    status = read_status(lost)
    # On a busy computer the launcher may end it before it has said so itself.
    assert status.state in (RunState.FAILED, RunState.INTERRUPTED) and status.message


def test_a_stop_ends_all_processes_of_a_run_with_one_model(tmp_path, quick):
    config = quick.model_copy(update={"epochs": 500, "patience": 500, "devices": 2})
    run = prepare_run(tmp_path / "run", config)
    launched = psutil.Process(start(run).pid)
    end = time.monotonic() + 240
    while not read_status(run).epoch:
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.05)
    both = launched.children(recursive=True)
    request_stop(run)
    assert wait(run, timeout=120).state is RunState.STOPPED
    assert psutil.wait_procs(both, timeout=60)[1] == []
    assert len(both) == 2
    assert load_model(run.model).info.training_data
    rows = read_metrics(run)
    assert [row["epoch"] for row in rows] == list(range(len(rows)))


@pytest.fixture
def store(balls, quick):
    return open_store(balls, balls.cases, quick.preprocessing)


@pytest.mark.parametrize("count", [2, 4])
def test_the_shares_of_a_batch_are_together_the_batch(store, quick, count):
    order = np.arange(40)
    batch = TrainingBatches(store, order, quick, 3)[2]
    for rank in range(count):
        own = TrainingBatches(store, order, quick, 3, Share(rank, count))[2]
        for name, values in own.items():
            assert torch.equal(values, batch[name][rank::count]), name


def test_an_epoch_of_fewer_slices_than_processes_is_refused(store, quick):
    with pytest.raises(UserError, match="1 slices, too few for 2 processes"):
        TrainingBatches(store, np.arange(1), quick, 0, Share(0, 2))


@settings(max_examples=20)
@given(st.integers(0, 2**31), st.sampled_from([1, 2, 3]))
def test_a_share_is_augmented_as_within_the_whole_batch(seed, count):
    drawn = torch.Generator().manual_seed(seed)
    image = torch.rand(6, 1, 32, 48, generator=drawn)
    codes = torch.randint(0, 3, (6, 32, 48), generator=drawn, dtype=torch.uint8)
    changes = Augmentation(head=0.5)
    whole = augment(image, codes, changes, torch.Generator().manual_seed(seed))
    for rank in range(count):
        share = Share(rank, count)
        own = augment(
            *(image[share.items], codes[share.items], changes),
            torch.Generator().manual_seed(seed),
            share=share,
        )
        assert torch.allclose(own[0], whole[0][share.items], atol=1e-6)
        assert torch.equal(own[1], whole[1][share.items])


def test_a_batch_that_cannot_be_shared_is_refused(tmp_path, quick):
    with pytest.raises(UserError, match=r"batch of 8 cannot be shared equally by 3"):
        prepare_run(tmp_path / "run", quick.model_copy(update={"devices": 3}))
    assert not (tmp_path / "run").exists()


def test_several_processes_that_nothing_starts_are_not_silently_one(tmp_path, quick):
    run = prepare_run(tmp_path / "run", quick.model_copy(update={"devices": 2}))
    with pytest.raises(UserError, match=r"ask for 2 processes.*set devices to 1"):
        train(run)
    assert read_status(run).state is RunState.FAILED


@pytest.mark.parametrize("devices", [0, -1, "all", 1.5])
def test_a_number_of_devices_is_checked(devices):
    with pytest.raises(UserError, match="devices"):
        TrainConfig.checked({"dataset": "d", "devices": devices})


def children_of(run):
    """Both processes of a run that is starting, as soon as they are there."""
    launched = psutil.Process(start(run).pid)
    end = time.monotonic() + 120
    while len(found := launched.children(recursive=True)) < 2:
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.05)
    return launched, found


@pytest.mark.parametrize("later", [0.0, 6.0])
def test_when_what_started_them_is_killed_no_process_is_left(tmp_path, quick, later):
    run = prepare_run(tmp_path / "run", quick.model_copy(update={"devices": 2, "epochs": 500}))
    launched, ranks = children_of(run)
    time.sleep(later)
    launched.kill()
    assert psutil.wait_procs(ranks, timeout=120)[1] == []
    assert read_status(run).over


def test_what_processes_of_one_computer_listen_on_is_loopback(tmp_path, quick):
    config = quick.model_copy(update={"devices": 2, "epochs": 500, "patience": 500})
    run = prepare_run(tmp_path / "run", config)
    launched, ranks = children_of(run)
    try:
        end = time.monotonic() + 240
        while not read_status(run).epoch:
            assert time.monotonic() < end, "it took too long"
            time.sleep(0.05)
        listening = [
            connection.laddr.ip
            for process in (launched, *ranks)
            for connection in process.net_connections("inet")
            if connection.status == psutil.CONN_LISTEN
        ]
        assert set(listening) <= {"127.0.0.1", "::1"}
    finally:
        kill(run)
    # The one that leads names who started it, and all of them go at once.
    assert psutil.wait_procs([launched, *ranks], timeout=30)[1] == []
