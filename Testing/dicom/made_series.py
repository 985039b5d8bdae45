"""Series of DICOM files as an MR scanner writes them, made by pydicom of a volume."""

from pathlib import Path

import numpy as np
import pydicom
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, MRImageStorage, generate_uid

PATIENT = "Doe^Jane Secret"
PATIENT_ID = "MRN-4711-SECRET"


def write_series(
    folder: Path,
    data: np.ndarray,
    affine: np.ndarray,
    *,
    number: int | None = 5,
    description: str = "t2_tse",
    slopes: tuple[float, ...] = (1.0,),
    study: str | None = None,
    change=None,
) -> list[Path]:
    """Write (columns, rows, images) of whole numbers on a grid, affine in RAS mm.

    The files are numbered against their places. `change` is called with each data set and its
    index; where it gives False the file is not written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    lps = np.diag([-1, -1, 1, 1]) @ affine
    spacing = np.linalg.norm(lps[:3, :3], axis=0)
    series, frame, study = generate_uid(), generate_uid(), study or generate_uid()
    written = []
    for index in range(data.shape[2]):
        slope = slopes[index % len(slopes)]
        dataset = Dataset()
        dataset.SOPClassUID, dataset.SOPInstanceUID = MRImageStorage, generate_uid()
        dataset.StudyInstanceUID, dataset.SeriesInstanceUID = study, series
        dataset.FrameOfReferenceUID, dataset.PositionReferenceIndicator = frame, ""
        dataset.PatientName, dataset.PatientID = PATIENT, PATIENT_ID
        dataset.PatientBirthDate, dataset.PatientSex = "20200101", "F"
        dataset.StudyID, dataset.AccessionNumber = "1", "ACC-SECRET"
        dataset.StudyDate, dataset.StudyTime = "20200201", "120000"
        dataset.ReferringPhysicianName = "Roe^Rick Secret"
        dataset.Modality, dataset.Manufacturer = "MR", "Made up"
        dataset.SeriesDescription = description
        dataset.SeriesNumber, dataset.InstanceNumber = number, data.shape[2] - index
        dataset.ImageType = ["ORIGINAL", "PRIMARY", "M"]
        dataset.Rows, dataset.Columns = data.shape[1], data.shape[0]
        dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
        dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 16, 16, 15
        dataset.PixelRepresentation = 0
        dataset.RescaleSlope, dataset.RescaleIntercept = slope, 0
        dataset.PixelSpacing = [spacing[1], spacing[0]]
        dataset.SliceThickness = float(spacing[2])
        directions = (lps[:3, :2] / spacing[:2]).T
        dataset.ImageOrientationPatient = [f"{part:.9f}" for part in directions.ravel()]
        place = lps[:3, 3] + index * lps[:3, 2]
        dataset.ImagePositionPatient = [f"{part:.6f}" for part in place]
        stored = np.rint(data[:, :, index].T / slope).astype("<u2")
        dataset.PixelData = np.ascontiguousarray(stored).tobytes()
        if change is not None and change(dataset, index) is False:
            continue
        meta = FileMetaDataset()
        meta.TransferSyntaxUID = ExplicitVRLittleEndian
        meta.MediaStorageSOPClassUID = dataset.SOPClassUID
        meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
        path = folder / f"IM{data.shape[2] - index:04d}"
        whole = FileDataset(str(path), dataset, file_meta=meta, preamble=bytes(128))
        pydicom.dcmwrite(path, whole, enforce_file_format=True)
        written.append(path)
    return written
