"""Packages that a button needs: asked for on its click, and a refusal told in a quiet line."""

from __future__ import annotations

from collections.abc import Callable

from partialseg_trainer.errors import UserError


def packagesAreThere(logic, packages: str, reason: str, say: Callable[[str], object]) -> bool:
    """Whether a set of packages is installed, after asking for what is missing of it.

    `reason` is what they are for, as in "segment a scan"; `say` gets why they are not there.
    """
    try:
        logic.ensurePackages(packages, reason)
    except UserError as error:
        # Whoever declined needs no further window, and pip has shown one of its own.
        say(str(error))
        return False
    return True
