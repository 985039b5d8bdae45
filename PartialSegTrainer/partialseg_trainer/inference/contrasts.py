"""The images of a scan that a model is shown: one of each of its contrasts, or what there is."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import nibabel

from ..dataset.contrast import contrast_of, named_rightly
from ..dataset.folder import check_together
from ..errors import UserError
from ..models import ModelInfo
from ..volumes import Volume, as_volume

Image = str | os.PathLike | nibabel.spatialimages.SpatialImage | Volume
Images = Image | Mapping[str, Image]
UNNAMED = "The scan"


class Shown(NamedTuple):
    """The image of each contrast of a model, None where there is none; what is odd about them."""

    contrasts: tuple[str, ...]
    volumes: tuple[Volume | None, ...]
    warnings: tuple[str, ...] = ()

    @property
    def first(self) -> Volume:
        """The first that is there: the result lies on its grid."""
        return next(each for each in self.volumes if each is not None)

    @property
    def first_contrast(self) -> str:
        """That of the first that is there."""
        pairs = zip(self.contrasts, self.volumes, strict=True)
        return next(contrast for contrast, each in pairs if each is not None)


def shown_images(images: Images, infos: Sequence[ModelInfo], name: str = UNNAMED) -> Shown:
    """The images that models of the same contrasts are shown.

    Without a mapping the one image is of the first contrast, or of the one that its name says.
    Raises UserError, which calls the scan `name`, for an image that cannot be used, of a contrast
    that the models do not know, that is the same as another or lies elsewhere, and for a contrast
    that is missing, unless all models have learned to do without.
    """
    contrasts = infos[0].contrasts
    given = _by_contrast(images, infos, name)
    lacking = lacking_contrasts(given, infos, name)
    volumes = {contrast: as_volume(given[contrast]) for contrast in contrasts if contrast in given}
    whose = "the scan" if name == UNNAMED else name
    warnings = check_together(volumes, whose) if len(volumes) > 1 else []
    if lacking:
        warnings.append(
            f"It was segmented without its {' and '.join(lacking)}, which the model has learned to "
            "do without; look at the result closely, or give that image too."
        )
    found = tuple(volumes.get(contrast) for contrast in contrasts)
    return Shown(contrasts, found, tuple(warnings))


def lacking_contrasts(
    given: Mapping[str, object], infos: Sequence[ModelInfo], name: str
) -> list[str]:
    """The contrasts of the models of which no image is given.

    Raises UserError where the models cannot do without.
    """
    info = infos[0]
    lacking = [contrast for contrast in info.contrasts if contrast not in given]
    if lacking and (not given or not all(each.contrast_dropout for each in infos)):
        raise UserError(
            f"{name} has no {' and no '.join(lacking)}, and the model {info.name} needs "
            f"{info.of_contrasts}; give it too (--image {lacking[0]}=FILE), or choose another "
            "model."
        )
    return lacking


def name_of(images: Images) -> str:
    """What errors call a scan: the file of its first image, where it is one."""
    first = next(iter(images.values()), None) if isinstance(images, Mapping) else images
    return os.fspath(first) if isinstance(first, str | os.PathLike) else UNNAMED


def _by_contrast(images: Images, infos: Sequence[ModelInfo], name: str) -> dict[str, Image]:
    contrasts = infos[0].contrasts
    if not isinstance(images, Mapping):
        told = contrast_of(Path(images)) if isinstance(images, str | os.PathLike) else None
        return {told if told in contrasts else contrasts[0]: images}
    given = named_rightly(images)
    strange = [contrast for contrast in given if contrast not in contrasts]
    if strange:
        raise UserError(
            f"An image of {' and of '.join(strange)} is given, but the model {infos[0].name} sees "
            f"{infos[0].of_contrasts}; leave it out, or choose a model of these contrasts."
        )
    return given
