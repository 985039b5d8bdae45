"""pydicom and highdicom, an extra: there, quiet, or asked for in one sentence."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from ..errors import UserError


@contextmanager
def dicom_packages() -> Iterator[None]:
    """In the block both may be imported and used.

    What they say of odd values, which may be a patient's name, is shown nowhere. Raises UserError
    where they are not installed.
    """
    loggers = [logging.getLogger(name) for name in ("pydicom", "highdicom")]
    before = [logger.disabled for logger in loggers]
    try:
        for logger in loggers:
            logger.disabled = True
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except ModuleNotFoundError as error:
        raise UserError(
            f"To read DICOM, the package {error.name} is needed, which is not installed; run "
            "pip install 'partialseg-trainer[dicom]', or convert the series with dcm2niix."
        ) from error
    finally:
        for logger, disabled in zip(loggers, before, strict=True):
            logger.disabled = disabled
