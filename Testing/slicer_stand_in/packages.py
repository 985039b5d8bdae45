"""slicer.packaging: nothing is installed; a test says what is there and how an attempt ends."""

from __future__ import annotations

import subprocess
import sys
import types
from pathlib import Path

import slicer.util
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name


class Packages:
    """Which packages Slicer's Python has, and what happens when more are asked for.

    `outcome` of an installation: "succeed", or "fail" as without a network. Whether the user agrees
    is said with dialogs.answer("Ok") or dialogs.answer("Cancel").
    """

    def __init__(self) -> None:
        self.missing: set[str] = set()
        self.outcome = "succeed"
        self.installed: list[str] = []

    def lack(self, *names: str) -> None:
        """These packages are not installed, or all of them are too old."""
        self.missing |= {canonicalize_name(name) for name in names}

    def forget(self) -> None:
        """Begin anew; for the next test."""
        self.__init__()


packages = Packages()


def load_requirements(path: str | Path) -> list[Requirement]:
    lines = Path(path).read_text(encoding="utf-8").splitlines()
    stripped = (line.strip() for line in lines)
    return [Requirement(line) for line in stripped if line and line[0] not in "#-"]


def load_pyproject_dependencies(path: str | Path) -> list[Requirement]:
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    with open(path, "rb") as file:
        project = tomllib.load(file)["project"]
    return [Requirement(text) for text in project.get("dependencies", [])]


def _requirements(given) -> list[Requirement]:
    if isinstance(given, str):
        given = given.split()
    entries = given if isinstance(given, list) else [given]
    return [Requirement(entry) if isinstance(entry, str) else entry for entry in entries]


def pip_check(req) -> bool:
    return not any(canonicalize_name(each.name) in packages.missing for each in _requirements(req))


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
        title = "Install Python Packages" if requester is None else f"{requester} - Install"
        text = f"{len(missing)} Python packages need to be installed. Continue?"
        details = "\n".join(f"- {each}" for each in missing)
        if not slicer.util.confirmOkCancelDisplay(text, title, detailedText=details):
            raise RuntimeError("User declined package installation")
    pip_install([str(each) for each in missing])


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
    asked = _requirements(requirements)
    failed = packages.outcome == "fail"
    if not failed:
        packages.installed += [str(each) for each in asked]
        packages.missing -= {canonicalize_name(each.name) for each in asked}
    if blocking and failed:
        raise subprocess.CalledProcessError(1, ["pip", "install", *map(str, asked)])
    if not blocking and completedCallback is not None:
        import qt

        qt.QTimer.singleShot(0, lambda: completedCallback(int(failed)))


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
