"""The panel is used without a mouse: Tab goes through it as one reads, and gets stuck nowhere."""

from itertools import pairwise

import pytest

# Rows of widgets whose tops differ by less stand side by side.
SAME_LINE_PIXELS = 12


@pytest.fixture
def unfolded(panel, scene, logic):
    """The panel with all that can be folded open, and segments in the tree of labels."""
    import slicer
    from slicer_stand_in.session import settle

    chosen = panel.sections[0].parameterNode
    chosen.inputVolume = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode")
    for section in panel.sections:
        for kind in ("ctkCollapsibleButton", "ctkCollapsibleGroupBox"):
            for folded in section.widget.findChildren(kind):
                folded.collapsed = False
    for _round in range(20):
        settle()
    return panel


def stops(widget):
    """Where Tab stops in a section: name, top and left of each widget, in the order of Tab."""
    from PySide6 import QtCore

    root = widget.qtObject
    each = root.nextInFocusChain()
    while each is not root:
        if (
            root.isAncestorOf(each)
            and each.focusPolicy() & QtCore.Qt.FocusPolicy.TabFocus
            and each.isVisibleTo(root)
        ):
            place = each.mapTo(root, QtCore.QPoint(0, 0))
            yield each.objectName() or type(each).__name__, place.y(), place.x()
        each = each.nextInFocusChain()


def test_tab_goes_through_every_section_from_top_to_bottom_and_leaves_every_table(unfolded):
    for section in unfolded.sections:
        found = [stop for stop in stops(section.widget) if not stop[0].startswith("qt_")]
        back = [
            (first[0], second[0])
            for first, second in pairwise(found)
            if second[1] < first[1] - SAME_LINE_PIXELS
        ]
        assert back == [], type(section).__name__
    tables = [
        table
        for section in unfolded.sections
        for table in section.widget.findChildren("QTableWidget")
    ]
    assert len(tables) == 5
    assert not any(table.tabKeyNavigation for table in tables)
