"""What the command says of itself, and how quickly."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from partialseg_trainer import __version__

ENGINE = Path(__file__).resolve().parents[2] / "PartialSegTrainer"
CALL = "import sys; sys.path.insert(0, sys.argv.pop(1)); from partialseg_trainer.cli import main;"
VERBS = (
    *("demo", "synthesize", "import", "export", "check", "vary"),
    *("train", "segment", "evaluate", "runs", "models", "schemes", "devices", "experiment"),
)
GROUPS = ("runs", "models", "schemes")
SUBVERBS = [("runs", v) for v in ("list", "watch", "stop", "resume")] + [
    (group, v) for group in ("models", "schemes") for v in ("list", "show")
]


def in_a_new_process(*words: str, code: str = "main()") -> subprocess.CompletedProcess:
    command = [sys.executable, "-c", CALL + code, str(ENGINE), *words]
    return subprocess.run(command, capture_output=True, text=True)


def test_help_lists_every_verb(partialseg):
    shown = partialseg("--help")
    assert shown.code == 0
    assert all(f" {verb} " in shown.out for verb in VERBS)


@pytest.mark.parametrize("words", [(v,) for v in VERBS if v not in GROUPS] + SUBVERBS)
def test_the_help_of_every_verb_has_an_example(partialseg, words):
    shown = partialseg(*words, "--help")
    assert shown.code == 0
    assert re.search(rf"^ +partialseg {' '.join(words)}\b", shown.out, re.MULTILINE)


def test_help_loads_no_heavy_library():
    heavy = "{'torch', 'pandas', 'matplotlib', 'monai', 'lightning', 'numpy', 'nibabel', 'scipy'}"
    code = f"import atexit; atexit.register(lambda: print({heavy} & set(sys.modules))); main()"
    shown = in_a_new_process("--help", code=code)
    assert shown.returncode == 0
    assert shown.stdout.rstrip().endswith("set()")


def test_version(partialseg):
    assert partialseg("--version").out.strip() == f"partialseg {__version__}"


def test_a_verb_that_does_not_exist_is_bad_usage():
    shown = in_a_new_process("segmnt")
    assert shown.returncode == 2
    assert "segmnt" in shown.stderr
    assert not shown.stdout


def test_an_error_ends_a_real_process_with_its_code_and_one_line():
    shown = in_a_new_process("check", "no-such-dataset")
    assert shown.returncode == 2
    assert shown.stderr.startswith("Error: no-such-dataset ")
    assert "Traceback" not in shown.stderr
    assert not shown.stdout


def test_the_help_of_train_names_what_the_settings_allow(partialseg):
    from typing import get_args

    from partialseg_trainer.losses import loss_names
    from partialseg_trainer.models import NETWORK_KINDS
    from partialseg_trainer.training import TrainConfig
    from partialseg_trainer.volumes.preprocessing import Preprocessing

    shown = partialseg("train", "--help").out
    for field in ("sampling", "schedule", "precision"):
        assert "|".join(get_args(TrainConfig.model_fields[field].annotation)) in shown
    assert "|".join(get_args(Preprocessing.model_fields["axis"].annotation)) in shown
    assert "|".join(NETWORK_KINDS) in shown
    assert all(name in shown for name in loss_names())
