"""The module file loads, and the test that it brings for the real application holds on real nodes.

Three names of the application are stood in for; nodes and logics are Slicer's own.
"""

import importlib
import sys
import types
import unittest
from types import SimpleNamespace

import pytest

pytest.importorskip("slicer", reason="needs slicer-core")


@pytest.fixture
def module(monkeypatch):
    class Module:
        def __init__(self, parent):
            self.parent = parent

    i18n = types.ModuleType("slicer.i18n")
    i18n.tr = lambda text: text
    i18n.translate = lambda context, text: text
    scripted = types.ModuleType("slicer.ScriptedLoadableModule")
    scripted.ScriptedLoadableModule = Module
    scripted.ScriptedLoadableModuleTest = unittest.TestCase
    monkeypatch.setitem(sys.modules, "slicer.i18n", i18n)
    monkeypatch.setitem(sys.modules, "slicer.ScriptedLoadableModule", scripted)
    yield importlib.import_module("PartialSeg")
    del sys.modules["PartialSeg"]


def test_the_module_says_what_it_is_and_whose_method_it_uses(module):
    parent = module.PartialSeg(SimpleNamespace()).parent
    assert parent.title == "PartialSeg"
    assert parent.categories == ["Segmentation"]
    assert "Kucheruk" in parent.acknowledgementText


def test_the_test_for_the_application_holds_on_real_nodes(module):
    from PartialSegLib.headless import headlessScene

    with headlessScene():
        module.PartialSegTest("runTest").debug()
