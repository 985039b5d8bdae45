"""Where other programs see the voxels of a file."""

import nibabel
import numpy as np
import SimpleITK


def by_itk(path):
    """The affine, RAS mm, of ITK, and with it of Slicer, ITK-SNAP and nnU-Net."""
    image = SimpleITK.ReadImage(str(path))
    affine = np.eye(4)
    affine[:3, :3] = np.reshape(image.GetDirection(), (3, 3)) * image.GetSpacing()
    affine[:3, 3] = image.GetOrigin()
    return np.diag([-1, -1, 1, 1]) @ affine


def by_nibabel(path):
    """The affine, RAS and the header's own unit, of nibabel and FreeSurfer."""
    return nibabel.load(path).affine


def draw_with_itk(scan, path, labels):
    """Labels (X, Y, Z) on the grid that ITK sees, written by ITK: as in Slicer or ITK-SNAP."""
    drawn = SimpleITK.GetImageFromArray(np.ascontiguousarray(labels.T))
    drawn.CopyInformation(SimpleITK.ReadImage(str(scan)))
    SimpleITK.WriteImage(drawn, str(path))
