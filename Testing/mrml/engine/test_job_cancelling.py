"""A job that is cancelled ends with all that it started, whatever the system says of its group."""

import os

import pytest

from PartialSegLib.engine.jobs import Job


@pytest.mark.skipif(os.name == "nt", reason="process groups are POSIX")
@pytest.mark.parametrize("error", [None, PermissionError, ProcessLookupError])
def test_a_job_whose_processes_are_ending_already_is_cancelled_all_the_same(monkeypatch, error):
    """macOS refuses to end a group of zombies; on other systems there may be no group any more."""
    end = os.killpg

    def refusing(group, signal):
        end(group, signal)
        if error is not None:
            raise error

    monkeypatch.setattr(os, "killpg", refusing)
    told = []
    job = Job("devices", {}, onFinished=lambda *_: told.append("finished"), onFailed=told.append)
    job.poll()
    process, folder = job._process, job.folder.path
    job.cancel()
    assert process.returncode == -9
    assert job.over and not folder.exists() and not told
