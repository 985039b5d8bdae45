"""What the engine needs beyond Slicer: told without importing it, installed after one question."""

import ast
import importlib.metadata
import subprocess
import sys
import types
from pathlib import Path

import pytest

import partialseg_trainer

ENGINE = Path(partialseg_trainer.__file__).parent
# What works before PyTorch is there: the upper rooms, and the jobs of annotation and export.
WITHOUT_TORCH = (
    *("errors.py", "failures.py", "limits.py", "incoming.py", "folders.py", "files.py"),
    *("interpreter.py", "methods.py"),
    *("labels", "volumes", "dataset", "runs", "models"),
    *("jobs/__main__.py", "jobs/axes.py", "jobs/check.py", "jobs/export.py", "jobs/cases.py"),
)


@pytest.fixture
def UserError(standIn):
    from partialseg_trainer.errors import UserError

    return UserError


@pytest.fixture
def extension(standIn, packages, monkeypatch):
    """The PyTorch extension is installed; a list of what it was asked to install."""
    asked = []

    class PyTorchUtilsLogic:
        def installTorch(
            self,
            askConfirmation=False,
            forceComputationBackend=None,
            torchVersionRequirement=None,
            torchvisionVersionRequirement=None,
        ):
            assert not askConfirmation, "the user was asked already"
            if packages.outcome == "fail":
                raise ImportError("DLL load failed")
            asked.append(f"torch{torchVersionRequirement}")
            packages.missing.discard("torch")

    module = types.ModuleType("PyTorchUtils")
    module.PyTorchUtilsLogic = PyTorchUtilsLogic
    monkeypatch.setitem(sys.modules, "PyTorchUtils", module)
    return asked


@pytest.fixture
def asIn510(standIn, packages, monkeypatch):
    """Slicer 5.10 has no slicer.packaging; a list of what slicer.util.pip_install got."""
    import slicer.util

    calls = []

    def pip_install(requirements):
        constraints = Path(requirements[requirements.index("--constraint") + 1])
        calls.append((requirements, constraints.read_text()))
        packages.missing.clear()

    monkeypatch.setitem(sys.modules, "slicer.packaging", None)
    monkeypatch.setattr(slicer.util, "pip_install", pip_install)
    return calls


def names(requirements):
    return {requirement.partition(">")[0] for requirement in requirements}


def test_both_sets_come_from_the_one_list_and_nothing_of_slicers_own_is_in_them(logic, packages):
    packages.lack("nibabel", "torch", "lightning", "numpy", "requests", "SimpleITK")
    assert names(logic.missingPackages("files")) == {"nibabel"}
    assert names(logic.missingPackages("learning")) == {"nibabel", "torch", "lightning"}


def test_a_version_that_is_too_old_counts_as_missing(logic, monkeypatch):
    found = importlib.metadata.version
    monkeypatch.setattr(
        importlib.metadata, "version", lambda name: "0.1" if name == "scipy" else found(name)
    )
    assert names(logic.missingPackages("files")) == {"scipy"}


def test_an_interrupted_installation_counts_as_missing(logic, monkeypatch):
    monkeypatch.setattr(importlib.metadata, "version", lambda name: None)
    assert "scipy" in names(logic.missingPackages("files"))


def test_annotation_and_export_import_nothing_beyond_their_set(logic, packages):
    distributions = importlib.metadata.packages_distributions()
    packages.lack(*importlib.metadata.packages_distributions().keys(), "scikit-image", "pynrrd")
    allowed = names(logic.missingPackages("files")) | {"numpy", "simpleitk"}
    files = [
        path
        for place in WITHOUT_TORCH
        for path in ([ENGINE / place] if place.endswith(".py") else (ENGINE / place).rglob("*.py"))
    ]
    imported = {
        name.partition(".")[0]
        for path in files
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module]
            if isinstance(node, ast.ImportFrom) and not node.level
            else []
        )
    }
    # The explanation of a failure names PyTorch's errors where PyTorch is loaded.
    foreign = imported - set(sys.stdlib_module_names) - {"torch"}
    assert {distributions[name][0] for name in foreign} <= allowed


def test_where_nothing_is_missing_nothing_is_asked_or_installed(logic, dialogs, packages):
    logic.ensurePackages("learning", "segment a scan")
    assert dialogs.messages == packages.installed == []


def test_one_question_says_what_for_how_much_and_that_slicers_python_changes(
    logic, dialogs, packages, extension
):
    packages.lack("torch", "lightning", "scipy")
    dialogs.answer("Ok")
    logic.ensurePackages("learning", "segment a scan")
    (question,) = dialogs.messages
    for words in ("segment a scan", "torch, lightning, scipy", "MB", "change Slicer's Python"):
        assert words in question.text
    assert "Extensions Manager" not in question.text
    assert "lightning>=" in question.details
    assert logic.missingPackages("learning") == []


def test_pytorch_comes_through_its_extension_and_the_rest_through_pip(
    logic, dialogs, packages, extension
):
    packages.lack("torch", "lightning")
    dialogs.answer("Ok")
    logic.ensurePackages("learning", "segment a scan")
    assert names(extension) == {"torch"}
    assert names(packages.installed) == {"lightning"}


def test_where_the_extension_offers_less_it_is_told_and_the_work_goes_on(
    logic, packages, extension, monkeypatch, caplog
):
    import PyTorchUtils

    found = importlib.metadata.version
    installed = []

    def installTorch(self, torchVersionRequirement):
        installed.append(torchVersionRequirement)
        if len(installed) == 1:
            raise subprocess.CalledProcessError(1, ["light_the_torch", "install"])

    monkeypatch.setattr(PyTorchUtils.PyTorchUtilsLogic, "installTorch", installTorch)
    monkeypatch.setattr(
        importlib.metadata,
        "version",
        lambda name: ("2.7.1" if installed else "2.3") if name == "torch" else found(name),
    )
    logic.ensurePackages("learning", "segment a scan", ask=False)
    assert installed == [">=2.10", ">=2.4"]
    assert "PyTorch 2.7.1 is older than >=2.10" in caplog.text
    assert logic.missingPackages("learning") == []


def test_an_old_pytorch_that_pip_can_replace_counts_as_missing(logic, monkeypatch):
    found = importlib.metadata.version
    monkeypatch.setattr(
        importlib.metadata, "version", lambda name: "2.7.1" if name == "torch" else found(name)
    )
    assert names(logic.missingPackages("learning")) == {"torch"}


def test_without_the_extension_the_question_tells_how_to_get_it_and_pip_is_second_choice(
    logic, dialogs, packages
):
    packages.lack("torch")
    dialogs.answer("Ok")
    logic.ensurePackages("learning", "segment a scan")
    assert "install PyTorch in the Extensions Manager" in dialogs.messages[0].text
    assert names(packages.installed) == {"torch"}


def test_the_smaller_set_says_nothing_of_pytorch(logic, dialogs, packages):
    packages.lack("torch", "nibabel")
    dialogs.answer("Ok")
    logic.ensurePackages("files", "export a scan")
    assert "PyTorch" not in dialogs.messages[0].text
    assert names(packages.installed) == {"nibabel"}


def test_a_refusal_installs_nothing_and_says_how_to_go_on(logic, dialogs, packages, UserError):
    packages.lack("torch", "scipy")
    dialogs.answer("Cancel")
    with pytest.raises(UserError, match=r"Nothing was installed.*Extensions Manager.*press"):
        logic.ensurePackages("learning", "segment a scan")
    assert packages.installed == []


def test_without_a_main_window_nobody_is_asked_and_nothing_installed(
    logic, dialogs, packages, UserError, monkeypatch
):
    """A question would keep a script waiting for ever."""
    import slicer.util

    packages.lack("nibabel")
    monkeypatch.setattr(slicer.util, "mainWindow", lambda: None)
    with pytest.raises(UserError, match="Nothing was installed"):
        logic.ensurePackages("files", "read a scan")
    assert not dialogs.messages and not packages.installed


def test_offline_the_next_step_is_told_and_the_next_attempt_may_succeed(
    logic, dialogs, packages, UserError
):
    packages.lack("scipy")
    packages.outcome = "fail"
    dialogs.answer("Ok", "Ok")
    with pytest.raises(UserError, match=r"scipy did not succeed.*online"):
        logic.ensurePackages("files", "export a scan")
    packages.outcome = "succeed"
    logic.ensurePackages("files", "export a scan")
    assert logic.missingPackages("files") == []


def test_a_pytorch_that_does_not_load_is_told_in_a_sentence(
    logic, dialogs, packages, extension, UserError
):
    packages.lack("torch")
    packages.outcome = "fail"
    dialogs.answer("Ok")
    with pytest.raises(UserError, match=r"torch did not succeed.*DLL load failed"):
        logic.ensurePackages("learning", "segment a scan")


def test_an_installation_that_leaves_something_out_is_no_success(
    logic, packages, UserError, monkeypatch
):
    packages.lack("scipy")
    # As Slicer does in its testing mode.
    monkeypatch.setattr(sys.modules["slicer.packaging"], "pip_ensure", lambda *_, **__: None)
    with pytest.raises(UserError, match="scipy did not succeed"):
        logic.ensurePackages("files", "export a scan", ask=False)


def test_slicers_own_packages_are_pinned_and_the_user_is_not_asked_twice(
    logic, dialogs, packages, monkeypatch
):
    calls = {}

    def pip_ensure(requirements, **options):
        calls.update(options, text=Path(options["constraints"]).read_text())
        packages.missing.clear()

    monkeypatch.setattr(sys.modules["slicer.packaging"], "pip_ensure", pip_ensure)
    packages.lack("scipy")
    dialogs.answer("Ok")
    logic.ensurePackages("files", "export a scan")
    assert calls["prompt_install"] is False
    assert f"numpy=={importlib.metadata.version('numpy')}" in calls["text"].splitlines()
    assert not Path(calls["constraints"]).exists()


def test_slicer_5_10_installs_by_its_own_pip(logic, dialogs, packages, asIn510):
    packages.lack("scipy", "nibabel")
    dialogs.answer("Ok")
    logic.ensurePackages("files", "export a scan")
    ((requirements, constraints),) = asIn510
    assert names(requirements[:2]) == {"scipy", "nibabel"}
    assert "numpy==" in constraints


def test_a_script_that_has_decided_is_not_asked(logic, dialogs, packages):
    packages.lack("scipy")
    logic.ensurePackages("files", "export a scan", ask=False)
    assert dialogs.messages == []
    assert names(packages.installed) == {"scipy"}


def test_a_set_that_does_not_exist_is_an_error_of_the_programmer(logic):
    with pytest.raises(ValueError, match="learn"):
        logic.missingPackages("learn")
