"""How far the annotation of one label has come."""

from enum import Enum


class Status(str, Enum):
    """What the mask of a label says about the voxels inside and outside it.

    COMPLETE: inside the mask it is the label, outside it is not.
    IN_PROGRESS: what is painted is the label; what is not painted says nothing.
    ABSENT: the structure is nowhere in the image.
    NOT_ANNOTATED: the mask says nothing.
    """

    COMPLETE = "complete"
    IN_PROGRESS = "in_progress"
    ABSENT = "absent"
    NOT_ANNOTATED = "not_annotated"
