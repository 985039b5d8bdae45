"""What comes of a job is brought into the scene a step at a time, and taken back when given up."""

import time

import pytest

from partialseg_trainer.errors import UserError
from PartialSegLib.engine.jobs import Job


@pytest.fixture
def loading(tmp_path):
    """A quick job whose result takes two steps to load, at its first step; what its steps tell."""
    told = []

    def make(last=lambda: None):
        def load(result, folder):
            told.append(result["scans"])
            try:
                yield
                told.append(folder.path.exists())
                yield
                last()
            except GeneratorExit:
                told.append("taken back")
                raise
            return "loaded"

        job = Job(
            "scans",
            {"folder": str(tmp_path), "dataset": str(tmp_path / "new"), "contrasts": ["T2w"]},
            load=load,
            onFinished=told.append,
            onFailed=lambda error: told.append(str(error)),
        )
        while not told:
            assert not job.poll()
            time.sleep(0.01)
        return job

    make.told = told
    return make


def test_each_poll_does_one_step_with_the_files_still_there(loading):
    job = loading()
    assert loading.told == [[]]
    assert not job.poll() and loading.told == [[], True]
    assert job.poll() and loading.told == [[], True, "loaded"]
    assert not job.folder.path.exists()


def test_what_is_given_up_in_between_is_taken_back_and_nothing_is_told(loading):
    job = loading()
    job.cancel()
    assert loading.told == [[], "taken back"] and job.poll()
    assert not job.folder.path.exists()


def test_a_step_that_fails_is_told_as_any_failure(loading):
    def fail():
        raise UserError("The scan was removed.")

    job = loading(fail)
    job.wait()
    assert loading.told == [[], True, "The scan was removed."]
    assert job.over and not job.folder.path.exists()
