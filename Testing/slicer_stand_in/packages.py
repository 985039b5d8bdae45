"""slicer.packaging and PyTorchUtils: nothing is installed; a test says what is there."""

from __future__ import annotations

import importlib.metadata
import shlex
import subprocess
import sys
import types
from pathlib import Path

import slicer.util
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name


class Packages:
    """Which packages Slicer's Python lacks, and how an attempt to install them ends.

    `outcome` is "succeed", or "fail" as without a network. `installed` lists the requirements of
    the attempts that succeeded, `attempts` all of them. Whether the user agrees is said with
    dialogs.answer("Ok") or dialogs.answer("Cancel").
    """

    def __init__(self) -> None:
        self.missing: set[str] = set()
        self.outcome = "succeed"
        self.attempts: list[list[str]] = []
        self.installed: list[str] = []

    def lack(self, *names: str) -> None:
        """These packages are not installed, as far as importlib.metadata knows."""
        self.missing |= {canonicalize_name(name) for name in names}

    def install(self, arguments: list[str]) -> bool:
        """Record an attempt and return whether it succeeds."""
        asked = [each for each in map(_requirement, arguments) if each is not None]
        self.attempts.append([str(each) for each in asked])
        if self.outcome == "fail":
            return False
        self.installed += self.attempts[-1]
        self.missing -= {canonicalize_name(each.name) for each in asked}
        return True

    def forget(self) -> None:
        """Begin anew; for the next test."""
        self.__init__()


packages = Packages()
_versionOf = importlib.metadata.version


def version(distribution_name: str) -> str:
    """importlib.metadata.version without the packages that are said to be missing."""
    if canonicalize_name(distribution_name) in packages.missing:
        raise importlib.metadata.PackageNotFoundError(distribution_name)
    return _versionOf(distribution_name)


def _requirement(text: str) -> Requirement | None:
    """The requirement of an argument of pip; None for its options and their values."""
    try:
        return Requirement(text)
    except InvalidRequirement:
        return None


def _requirements(given) -> list[Requirement]:
    if isinstance(given, Requirement):
        return [given]
    if isinstance(given, str):
        whole = _requirement(given)
        given = [given] if whole is not None else given.split()
    return [Requirement(entry) if isinstance(entry, str) else entry for entry in given]


def load_requirements(path: str | Path) -> list[Requirement]:
    lines = Path(path).read_text(encoding="utf-8").splitlines()
    stripped = (line.strip() for line in lines)
    return [Requirement(line) for line in stripped if line and line[0] not in "#-"]


def load_pyproject_dependencies(path: str | Path) -> list[Requirement]:
    # Slicer's Python is 3.12; the tests run on 3.10 as well.
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    with open(path, "rb") as file:
        project = tomllib.load(file)["project"]
    return [Requirement(text) for text in project.get("dependencies", [])]


def pip_check(req) -> bool:
    return all(_isMet(each) for each in _requirements(req))


def _isMet(requirement: Requirement) -> bool:
    if requirement.marker is not None and not requirement.marker.evaluate():
        return True
    try:
        return requirement.specifier.contains(version(requirement.name), prereleases=True)
    except importlib.metadata.PackageNotFoundError:
        return False


def pip_ensure(
    requirements,
    constraints=None,
    skip_packages=None,
    prompt_install=True,
    prompt_restart=True,
    requester=None,
    skip_in_testing=True,
    show_progress=True,
):
    missing = [each for each in _requirements(requirements) if not pip_check(each)]
    if not missing:
        return
    if prompt_install:
        title = "Install Python Packages"
        text = f"{len(missing)} Python packages need to be installed. Continue?"
        details = "\n".join(f"- {each}" for each in missing)
        if not slicer.util.confirmOkCancelDisplay(text, title, detailedText=details):
            raise RuntimeError("User declined package installation")
    pip_install([str(each) for each in missing], constraints=constraints)


def pip_install(
    requirements,
    constraints=None,
    no_deps_requirements=None,
    skip_packages=None,
    blocking=True,
    show_progress=True,
    requester=None,
    logCallback=None,
    completedCallback=None,
):
    arguments = shlex.split(requirements) if isinstance(requirements, str) else requirements
    succeeded = packages.install(arguments)
    if blocking and not succeeded:
        raise subprocess.CalledProcessError(1, ["pip", "install", *arguments])
    if not blocking and completedCallback is not None:
        import qt

        qt.QTimer.singleShot(0, lambda: completedCallback(0 if succeeded else 1))


def packagingModule() -> types.ModuleType:
    module = types.ModuleType("slicer.packaging")
    for function in (
        load_requirements,
        load_pyproject_dependencies,
        pip_check,
        pip_ensure,
        pip_install,
    ):
        setattr(module, function.__name__, function)
    return module


class PyTorchUtilsLogic:
    """What the extension PyTorch offers, as far as nothing has to be downloaded for it."""

    @staticmethod
    def torchInstalled() -> bool:
        return pip_check("torch")

    def installTorch(
        self,
        askConfirmation=False,
        forceComputationBackend=None,
        torchVersionRequirement=None,
        torchvisionVersionRequirement=None,
    ) -> None:
        text = f"torch{torchVersionRequirement or ''}"
        if askConfirmation and not slicer.util.confirmOkCancelDisplay(f"Install {text}?"):
            return
        if not packages.install([text]):
            raise subprocess.CalledProcessError(1, ["light_the_torch", "install", text])


def torchExtension() -> types.ModuleType:
    """The module PyTorchUtils, for tests in which the extension is installed."""
    module = types.ModuleType("PyTorchUtils")
    module.PyTorchUtilsLogic = PyTorchUtilsLogic
    return module
