"""Draws the thumbnails of the phantoms in Slicer's Sample Data.

Run this file to write them anew: python Testing/repository/sample_thumbnails.py
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from PIL import Image

from partialseg_trainer.labels import LabelScheme
from partialseg_trainer.synthesis import make_phantom
from partialseg_trainer.synthesis.phantom import SCHEME

RESOURCES = Path(__file__).resolve().parents[2] / "PartialSeg" / "Resources"
SIZE = (260, 280)
_OPACITY = 0.4
_COLOURS = 40


def thumbnail(sample: dict) -> Image.Image:
    """The middle coronal slice of a sample's phantom, its annotated labels in their colours."""
    phantom = make_phantom(sample["seed"])
    middle = phantom.image.data.shape[1] // 2
    grey = _upright(phantom.image.data[:, middle])
    picture = np.repeat(255 * (grey / grey.max())[..., None], 3, axis=2)
    scheme, labelmap = LabelScheme.load(SCHEME), _upright(phantom.labelmap.data[:, middle])
    for name in sample.get("complete", ()):
        inside = scheme.mask(labelmap, name)
        picture[inside] += _OPACITY * (np.array(scheme[name].colour) - picture[inside])
    image = Image.fromarray(picture.astype(np.uint8))
    canvas = Image.new("RGB", SIZE)
    scale = min(wide / here for wide, here in zip(SIZE, image.size, strict=True))
    image = image.resize([round(scale * edge) for edge in image.size], Image.Resampling.BICUBIC)
    canvas.paste(image, tuple((a - b) // 2 for a, b in zip(SIZE, image.size, strict=True)))
    return canvas.quantize(_COLOURS)


def _upright(plane: np.ndarray) -> np.ndarray:
    """A slice of (X, Z) as a picture: the head's top up, its right side on the left."""
    return plane.T[::-1, ::-1]


if __name__ == "__main__":
    for entry in json.loads((RESOURCES / "SampleData.json").read_text("utf-8"))["samples"]:
        if "seed" in entry:
            thumbnail(entry).save(RESOURCES / "Icons" / entry["thumbnail"], optimize=True)
