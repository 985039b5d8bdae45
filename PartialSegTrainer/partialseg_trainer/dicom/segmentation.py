"""A labelmap of a DICOM series as a DICOM Segmentation, with the scheme's coded terms."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import __version__
from ..errors import UserError
from ..files import atomic_path
from ..labels import Label, LabelScheme
from .image import read_dataset
from .packages import dicom_packages

if TYPE_CHECKING:
    from .series import Series

# DICOM PS3.16, CID 7150; for labels of schemes that name no terms.
_ANY_TISSUE = ("SCT", "85756007", "Tissue")
# A coding scheme of one's own begins with 99 (DICOM PS3.3, 8.2).
_OWN_CODES = "99PARTIALSEG"
# What highdicom has no argument for: the term, the item that it belongs to, and its field there.
_MODIFIERS = (
    (
        "typeModifier",
        "SegmentedPropertyTypeCodeSequence",
        "SegmentedPropertyTypeModifierCodeSequence",
    ),
    ("regionModifier", "AnatomicRegionSequence", "AnatomicRegionModifierSequence"),
)
_LONGEST = 64
_LATER_SERIES = 1000


def write_dicom_seg(
    path: str | os.PathLike,
    labelmap: np.ndarray,
    scheme: LabelScheme,
    series: Series,
    model: str,
) -> None:
    """Write the labels that occur in `labelmap`, (columns, rows, images), each as a segment.

    Patient, study and frame of reference are those of the series, as the standard wants them.

    Args:
        model: the name of what made it.

    Raises:
        UserError: nothing was found, the series lacks what the standard asks for, or the file
            cannot be written.
    """
    found = [label for label in scheme if (labelmap == label.value).any()]
    if not found:
        raise UserError(
            f"Nothing was found in {series.name}, and a DICOM Segmentation holds at least one "
            "segment; write a .nii.gz instead, and look at the scan."
        )
    numbers = np.zeros(int(labelmap.max()) + 1, dtype=np.uint16)
    numbers[[label.value for label in found]] = np.arange(1, len(found) + 1)
    try:
        with dicom_packages():
            content = _content(numbers[labelmap.T], found, series, model)
            with atomic_path(path) as temporary:
                content.save_as(temporary)
    except OSError as error:
        raise UserError(
            f"{path} cannot be written ({error.strerror}); check that the folder exists, may be "
            "written to and has space left."
        ) from error
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        if isinstance(error, UserError):
            raise
        raise UserError(
            f"{series.name} cannot be the source of a DICOM Segmentation ({_reason(error)}); "
            "write a .nii.gz instead."
        ) from error


def _content(frames: np.ndarray, labels: list[Label], series: Series, model: str) -> Any:
    """highdicom's Segmentation; `frames` (images, rows, columns) holds segment numbers."""
    import highdicom
    from pydicom.sr.codedict import codes

    images = series.stack.images
    sources = [read_dataset(image.path, series.name) for image in images]
    made_by = highdicom.AlgorithmIdentificationSequence(
        name=model[:_LONGEST],
        version=__version__,
        family=codes.cid7162.ArtificialIntelligence,
        source="PartialSeg",
    )
    return highdicom.seg.Segmentation(
        source_images=sources,
        pixel_array=frames,
        # Segments of one bit a voxel are what viewers read; label maps are new in the standard.
        segmentation_type=highdicom.seg.SegmentationTypeValues.BINARY,
        segment_descriptions=[
            _description(number, label, made_by) for number, label in enumerate(labels, 1)
        ],
        series_instance_uid=highdicom.UID(),
        series_number=_LATER_SERIES + max(images[0].series_number or 0, 0) % _LATER_SERIES,
        sop_instance_uid=highdicom.UID(),
        instance_number=1,
        manufacturer="PartialSeg",
        manufacturer_model_name="partialseg segment",
        software_versions=__version__,
        device_serial_number="none",
        series_description=f"PartialSeg {model}"[:_LONGEST],
        content_label="PARTIALSEG",
        content_description="For research, not for diagnosis",
    )


def _description(number: int, label: Label, made_by: Any) -> Any:
    import highdicom

    terms = label.terminology or {}
    own = (_OWN_CODES, label.name, label.title)
    description = highdicom.seg.SegmentDescription(
        segment_number=number,
        segment_label=label.title[:_LONGEST],
        segmented_property_category=_coded(terms.get("category", _ANY_TISSUE)),
        segmented_property_type=_coded(terms.get("type", own)),
        algorithm_type=highdicom.seg.SegmentAlgorithmTypeValues.AUTOMATIC,
        algorithm_identification=made_by,
        anatomic_regions=[_coded(terms["region"])] if "region" in terms else None,
        display_color=highdicom.color.CIELabColor.from_rgb(*label.colour),
    )
    for term, owner, field in _MODIFIERS:
        if term in terms and owner in description:
            setattr(description[owner].value[0], field, [_coded(terms[term])])
    return description


def _coded(term: Any) -> Any:
    from highdicom.sr import CodedConcept

    scheme, value, meaning = term
    return CodedConcept(value=value, scheme_designator=scheme, meaning=meaning[:_LONGEST])


def _reason(error: Exception) -> str:
    """What highdicom lacks; values are left out, because they may be a patient's."""
    if isinstance(error, AttributeError):
        return f"it lacks {getattr(error, 'name', None) or 'a field'}"
    return type(error).__name__
