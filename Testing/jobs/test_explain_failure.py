"""A failure is said in words that somebody without a programmer at hand can act on."""

import errno

import pytest

from partialseg_trainer.errors import UserError
from partialseg_trainer.failures import explain_failure


@pytest.mark.parametrize(
    ("exception", "remedy"),
    [
        (RuntimeError("CUDA out of memory. Tried to allocate 2 GiB"), "smaller batch size"),
        (RuntimeError("MPS backend out of memory (MPS allocated: 1 GB)"), "smaller batch size"),
        (MemoryError(), "The computer's memory was not enough"),
        (RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory"), "computer's"),
        (RuntimeError("DataLoader worker (pid 7) is killed by signal: Killed."), "computer's"),
        (OSError(errno.ENOSPC, "No space left on device"), "free some space"),
        (RuntimeError("PytorchStreamWriter failed writing file data/7"), "free some space"),
        (
            RuntimeError("[enforce fail at inline_container.cc:672] . unexpected pos 9 vs 7"),
            "space",
        ),
        (PermissionError(errno.EACCES, "Permission denied", "/x"), "allow the access"),
        (FileNotFoundError(errno.ENOENT, "No such file", "/x"), "put it back"),
        (FloatingPointError("loss is nan"), "lower learning rate"),
        (ModuleNotFoundError("No module named 'monai.x'", name="monai.x"), "'monai' is missing"),
        (RuntimeError("CUDA error: no kernel image is available"), "driver"),
    ],
)
def test_a_known_failure_names_its_remedy(exception, remedy):
    assert remedy in explain_failure(exception)


def test_a_user_error_speaks_for_itself_also_when_wrapped():
    error = UserError("No scan is fully labelled; label one.")
    wrapped = RuntimeError("in a worker")
    wrapped.__cause__ = error
    assert explain_failure(error) == explain_failure(wrapped) == str(error)


@pytest.mark.parametrize("kind", [RuntimeError, FileNotFoundError, PermissionError, KeyError])
def test_no_text_that_may_name_a_patient_is_repeated(kind):
    sentence = explain_failure(kind(errno.EACCES, "no", "/scans/Jane Doe.nii.gz"))
    assert "Doe" not in sentence


def test_an_unknown_failure_names_its_type():
    assert "(ZeroDivisionError)" in explain_failure(ZeroDivisionError("x"))
