"""What Slicer's scene is made of: volumes, segments and their voxels, grids and transforms."""
