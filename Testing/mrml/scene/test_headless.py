"""The scene without the application."""

import pytest
import slicer

from PartialSegLib.scene.headless import headlessScene


def test_the_scene_is_slicers_scene_inside_the_block_only():
    with headlessScene() as scene:
        assert slicer.mrmlScene is scene
        assert slicer.modules.segmentations.logic().GetMRMLScene() is scene
    assert slicer.mrmlScene is None


def test_it_is_refused_inside_the_application(monkeypatch):
    monkeypatch.setattr(slicer, "app", object(), raising=False)
    with pytest.raises(RuntimeError, match="application"), headlessScene():
        pass
