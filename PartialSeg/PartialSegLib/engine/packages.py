"""The engine's Python packages: which are missing in Slicer, and their installation on consent."""

from __future__ import annotations

import importlib
import importlib.metadata
import logging
import subprocess
import tempfile
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import slicer.util

import partialseg_trainer
from partialseg_trainer.errors import UserError

try:
    import tomllib
except ModuleNotFoundError:  # Python 3.10; no Slicer has it.
    import tomli as tomllib

if TYPE_CHECKING:
    from packaging.requirements import Requirement

_PROJECT = Path(partialseg_trainer.__file__).resolve().parents[1] / "pyproject.toml"

FILES = "files"
"""What reading and writing scans, datasets and runs needs."""
LEARNING = "learning"
"""What segmenting and training need: all of the engine's list.

Beside these two, every extra of the engine is a set of its own, under its name in pyproject.toml.
"""

_FILES = {
    *("nibabel", "pynrrd", "isal", "scipy", "scikit-image"),
    *("pydantic", "psutil", "filelock", "platformdirs"),
}
# Where the PyTorch extension has nothing newer for the computer's graphics card: what the engine
# works with, faults that pyproject.toml tells of included.
_TORCH_THAT_WORKS = ">=2.4"
_SLICERS_OWN = ("numpy", "SimpleITK", "requests")
_SIZES = {FILES: "60 MB", LEARNING: "120 MB", "segformer": "25 MB", "3d": "2 MB"}
_TORCH_SIZE = "200 MB without a graphics card for it, up to 3 GB with one"


class PackagesMissing(UserError):
    """Packages are not there and were not installed; the message says what to do."""


def missing(packages: str) -> list[str]:
    """The requirements of a set, FILES, LEARNING or an extra's, that this Python does not meet.

    Nothing is imported to find out. Slicer's own packages do not count: they are never installed.
    """
    return [str(requirement) for requirement in _missing(packages)]


def ensure(packages: str, reason: str, ask: bool = True) -> None:
    """Install what is missing of a set, after asking once.

    `reason` is what the packages are for, as in "segment a scan". Slicer is busy meanwhile. With
    `ask` false nothing is asked, for scripts whose author has decided.

    Raises PackagesMissing when the user declines, and when the installation does not succeed.
    """
    wanted = _missing(packages)
    if not wanted:
        _tellOfAnOldTorch(packages)
        return
    if ask and not _agreed(packages, wanted, reason):
        raise PackagesMissing(
            f"Nothing was installed, and without {_names(wanted)} PartialSeg cannot {reason}; "
            f"{_withExtension(wanted)}press the button again and agree when you want to."
        )
    try:
        _install(wanted)
    except subprocess.CalledProcessError as error:
        raise _notInstalled(wanted, "pip ended with an error") from error
    except Exception as error:
        # The PyTorch extension and the import of a fresh PyTorch fail in ways of their own.
        raise _notInstalled(wanted, str(error)) from error
    finally:
        importlib.invalidate_caches()
    left = _missing(packages)
    if left:
        raise _notInstalled(left, "the installation left them out")
    _tellOfAnOldTorch(packages)


def _missing(packages: str) -> list[Requirement]:
    return [requirement for requirement in _required(packages) if not _isMet(requirement)]


def _required(packages: str) -> list[Requirement]:
    """What a set asks for, of the one list that pip reads too."""
    from packaging.requirements import Requirement

    if packages not in _SIZES:
        raise ValueError(f"no set of packages '{packages}'; there are {', '.join(_SIZES)}")
    project = tomllib.loads(_PROJECT.read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    requirements = map(Requirement, extras.get(packages, project["dependencies"]))
    return [
        requirement
        for requirement in requirements
        if requirement.name not in _SLICERS_OWN
        and (packages != FILES or requirement.name in _FILES)
    ]


def _isMet(requirement: Requirement) -> bool:
    if requirement.marker is not None and not requirement.marker.evaluate():
        return True
    try:
        version = importlib.metadata.version(requirement.name)
    except importlib.metadata.PackageNotFoundError:
        return False
    # An interrupted installation leaves metadata without a version.
    if not version or requirement.specifier.contains(version, prereleases=True):
        return bool(version)
    return requirement.name == "torch" and _isWhatTheExtensionHas(version)


def _isWhatTheExtensionHas(version: str) -> bool:
    """Whether a PyTorch that is older than asked for works, and its extension decides about it."""
    from packaging.specifiers import SpecifierSet

    works = SpecifierSet(_TORCH_THAT_WORKS).contains(version, prereleases=True)
    return works and _torchExtension() is not None


def _tellOfAnOldTorch(packages: str) -> None:
    """Say, in Slicer's log, where PyTorch is older than it should be; the work goes on."""
    torch = _torchIn(_required(packages))
    if torch is None:
        return
    version = importlib.metadata.version("torch")
    if not torch.specifier.contains(version, prereleases=True):
        logging.warning(
            "PyTorch %s is older than %s, so a checkpoint that was made to do harm can run code: "
            "resume no run that you were sent. Models are not concerned. The module PyTorch of the "
            "extension of that name installs a newer one, where there is one for this computer.",
            *(version, torch.specifier),
        )


def _agreed(packages: str, wanted: list[Requirement], reason: str) -> bool:
    """Ask the user; where there is no window to ask in, the answer is no."""
    from slicer.i18n import tr as _

    # Slicer's question would wait for an answer even so.
    if slicer.util.mainWindow() is None:
        return False
    text = _(
        "To {reason}, PartialSeg needs Python packages that Slicer does not bring: {names}.\n\n"
        "They are downloaded from the Python Package Index (about {size}) and change Slicer's "
        "Python. That takes some minutes, during which Slicer is busy. Nothing of your scans "
        "leaves this computer."
    ).format(reason=reason, names=_names(wanted), size=_SIZES[packages])
    if _torchIn(wanted):
        text += "\n\n" + _("PyTorch is the largest: {size}.").format(size=_TORCH_SIZE)
        if _torchExtension() is None:
            text += " " + _(
                "The extension PyTorch, which chooses the version that fits your graphics card, "
                "is not installed. To use it, press Cancel, install PyTorch in the Extensions "
                "Manager, restart Slicer and begin again; with OK the usual version is installed."
            )
    return slicer.util.confirmOkCancelDisplay(
        text + "\n\n" + _("Install them now?"),
        windowTitle=_("PartialSeg - Install Python packages"),
        detailedText="\n".join(map(str, wanted)),
    )


def _install(wanted: list[Requirement]) -> None:
    torch, extension = _torchIn(wanted), _torchExtension()
    if torch and extension:
        wanted = [requirement for requirement in wanted if requirement is not torch]
        with slicer.util.WaitCursor():
            _installTorch(extension.PyTorchUtilsLogic(), str(torch.specifier))
    if not wanted:
        return
    lines = [str(requirement) for requirement in wanted]
    with tempfile.TemporaryDirectory(prefix="PartialSeg-") as folder:
        constraints = Path(folder) / "constraints.txt"
        constraints.write_text("\n".join(_pins()), encoding="utf-8")
        try:
            from slicer.packaging import pip_ensure
        except ModuleNotFoundError:  # Slicer 5.10
            slicer.util.pip_install([*lines, "--constraint", str(constraints)])
            return
        pip_ensure(lines, constraints=constraints, prompt_install=False, requester="PartialSeg")


def _installTorch(extension: Any, versions: str) -> None:
    try:
        extension.installTorch(torchVersionRequirement=versions)
    except subprocess.CalledProcessError:
        logging.info("There is no PyTorch %s for this computer; an older one is tried.", versions)
        extension.installTorch(torchVersionRequirement=_TORCH_THAT_WORKS)


def _pins() -> list[str]:
    """Constraints under which pip leaves Slicer's own packages as they are."""
    from packaging.version import InvalidVersion, Version

    pins = []
    for name in _SLICERS_OWN:
        try:
            pins.append(f"{name}=={Version(importlib.metadata.version(name))}")
        except (importlib.metadata.PackageNotFoundError, InvalidVersion):
            # Nothing to keep; or a developer's build, of whose version pip could make nothing.
            continue
    return pins


def _notInstalled(wanted: list[Requirement], why: str) -> PackagesMissing:
    return PackagesMissing(
        f"Installing {_names(wanted)} did not succeed ({why}); check that this computer is online "
        f"and that no proxy or firewall keeps Slicer from pypi.org, {_withExtension(wanted)}then "
        "restart Slicer and try again: the Python console has pip's own words."
    )


def _withExtension(wanted: list[Requirement]) -> str:
    """The advice to take PyTorch from its extension, where that is open."""
    if _torchIn(wanted) is None or _torchExtension() is not None:
        return ""
    return "install the extension PyTorch in the Extensions Manager if you can, "


def _torchIn(wanted: list[Requirement]) -> Requirement | None:
    return next((requirement for requirement in wanted if requirement.name == "torch"), None)


def _torchExtension() -> ModuleType | None:
    """The module of the extension PyTorch, if it is installed."""
    try:
        import PyTorchUtils
    except ModuleNotFoundError:
        return None
    return PyTorchUtils


def _names(wanted: list[Requirement]) -> str:
    return ", ".join(requirement.name for requirement in wanted)
