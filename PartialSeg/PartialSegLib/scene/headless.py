"""A MRML scene without the Slicer application, on the PyPI package `slicer-core`.

Tests and the demonstration run the library on real nodes this way; inside Slicer it is never used.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace

import slicer
import slicer.util


@contextmanager
def headlessScene() -> Iterator[slicer.vtkMRMLScene]:
    """Yield a scene with the logics that volumes and segmentations need; clear it at the end.

    Within the block `slicer.mrmlScene` is this scene, and those functions of `slicer.util` work
    that need nodes only. Raises RuntimeError inside Slicer, which has a scene of its own.
    """
    if hasattr(slicer, "app"):
        raise RuntimeError("This is the Slicer application; use slicer.mrmlScene.")
    scene = slicer.vtkMRMLScene()
    application = slicer.vtkSlicerApplicationLogic()
    application.SetMRMLScene(scene)
    colors = application.GetColorLogic()
    colors.SetMRMLScene(scene)
    colors.AddDefaultColorNodes()
    application.SetModuleLogic("Colors", colors)
    logics = {
        "volumes": slicer.vtkSlicerVolumesLogic(),
        "markups": slicer.vtkSlicerMarkupsLogic(),
        "segmentations": slicer.vtkSlicerSegmentationsModuleLogic(),
    }
    for logic in logics.values():
        logic.SetMRMLApplicationLogic(application)
        logic.SetMRMLScene(scene)
    modules = SimpleNamespace(
        **{name: SimpleNamespace(logic=lambda logic=logic: logic) for name, logic in logics.items()}
    )
    # The functions of slicer.util look for the application under the name `slicer` of their module.
    places = [
        (slicer, "mrmlScene", scene),
        (slicer, "modules", modules),
        (slicer.util, "slicer", slicer),
    ]
    before = [(owner, name, getattr(owner, name, None)) for owner, name, _ in places]
    for owner, name, value in places:
        setattr(owner, name, value)
    try:
        yield scene
    finally:
        scene.Clear(True)
        for owner, name, value in before:
            setattr(owner, name, value)
