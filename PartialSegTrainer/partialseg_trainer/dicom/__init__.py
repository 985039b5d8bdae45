"""Series of a hospital's archive in, DICOM Segmentations out; needs the extra `dicom`."""

from .files import is_dicom_source
from .segmentation import write_dicom_seg
from .series import Series, choose_series, open_dicom

__all__ = ["Series", "choose_series", "is_dicom_source", "open_dicom", "write_dicom_seg"]
