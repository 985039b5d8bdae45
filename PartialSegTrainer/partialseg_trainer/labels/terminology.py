"""Coded terms of a label in the form that Slicer keeps with a segment."""

from __future__ import annotations

from .scheme import Label

_CATEGORY_CONTEXT = "Segmentation category and type - 3D Slicer General Anatomy list"
_REGION_CONTEXT = "Anatomic codes - DICOM master list"
_NO_CODE = ("", "", "")


def terminology_entry(label: Label) -> str:
    """The terminology entry of a label as one text, empty if the label has none.

    The scheme gives each term as (coding scheme, code, meaning) under `category`, `type`,
    `typeModifier`, `region` and `regionModifier`; Slicer's developer guide has the form under
    "TerminologyEntry tag".
    """
    if not label.terminology:
        return ""

    def coded(*terms: str) -> list[str]:
        return ["^".join(label.terminology.get(term, _NO_CODE)) for term in terms]

    return "~".join(
        [
            _CATEGORY_CONTEXT,
            *coded("category", "type", "typeModifier"),
            _REGION_CONTEXT,
            *coded("region", "regionModifier"),
        ]
    )
