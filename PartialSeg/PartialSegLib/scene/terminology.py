"""Coded terms of a label in the form that Slicer keeps with a segment."""

import slicer

from partialseg_trainer.labels import Label

_CATEGORY_CONTEXT = "Segmentation category and type - 3D Slicer General Anatomy list"
_REGION_CONTEXT = "Anatomic codes - DICOM master list"
_NO_CODE = ("", "", "")


def serializedTerminology(label: Label) -> str:
    """The terminology entry of a label as one text, empty if the label has none.

    The scheme gives each term as (coding scheme, code, meaning) under `category`, `type`,
    `typeModifier`, `region` and `regionModifier`.
    """
    if not label.terminology:
        return ""
    codes = []
    for term in ("category", "type", "typeModifier", "region", "regionModifier"):
        designator, value, meaning = label.terminology.get(term, _NO_CODE)
        # Slicer's function takes the code before its coding scheme, but writes it after.
        codes.append((value, designator, meaning))
    kind, region = codes[:3], codes[3:]
    return slicer.vtkSlicerTerminologiesModuleLogic.SerializeTerminologyEntry(
        _CATEGORY_CONTEXT,
        *(part for code in kind for part in code),
        _REGION_CONTEXT,
        *(part for code in region for part in code),
    )
