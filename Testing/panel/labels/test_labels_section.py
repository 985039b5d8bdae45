"""Section Labels: the scheme beside the segmentation, and what the labels imply."""

import json

import numpy as np
import pytest

SHAPE = (40, 44, 48)
NAME, STATUS, VOLUME, SHOW = range(4)


def ball(radius, centre=(20, 22, 24)):
    """A bool mask (K, J, I)."""
    grid = np.ogrid[tuple(slice(size) for size in SHAPE)]
    return sum((axis - at) ** 2 for axis, at in zip(grid, centre, strict=True)) < radius**2


CEREBRUM, DEEP = ball(15), ball(5)
WHITE = ball(12) & ~DEEP
CORTEX = CEREBRUM & ~ball(12)
PARTS = {"cgm": CORTEX, "wm": WHITE, "dgm": DEEP}


@pytest.fixture
def scan(scene):
    import slicer

    values = CEREBRUM.astype(np.int16) * 900
    node = slicer.util.addVolumeFromArray(values, name="scan")
    node.SetSpacing(0.8, 0.8, 1)
    return node


@pytest.fixture
def segmentation(logic, scan):
    """All segments of dhcp9, none of them painted."""
    node = logic.addSegmentation(scan)
    logic.createSegments(node, logic.scheme("dhcp9"), scan)
    return node


@pytest.fixture
def build(section, logic, scan):
    """Builds the section, unfolded, on a segmentation or none."""
    from PartialSegLib.panel.labels.section import LabelsSection

    def made(segmentation=None):
        parameterNode = logic.getParameterNode()
        parameterNode.inputVolume, parameterNode.segmentation = scan, segmentation
        built = section(LabelsSection)
        built.ui.labelsCollapsibleButton.collapsed = False
        return built

    return made


@pytest.fixture
def labels(build, segmentation):
    return build(segmentation)


@pytest.fixture
def paint(segmentation, scan, logic):
    """Paints segments by mask and gives them statuses, as someone else would."""
    import slicer

    def draw(masks, **status):
        for name, mask in masks.items():
            slicer.util.updateSegmentBinaryLabelmapFromArray(
                mask.astype(np.uint8), segmentation, name, scan
            )
        for name, state in status.items():
            logic.setStatus(segmentation, name, state)

    return draw


@pytest.fixture
def sliceNode(scene):
    """The node of a slice view."""
    import slicer

    slicer.vtkMRMLSliceNode.AddDefaultSliceOrientationPresets(scene)
    node = scene.CreateNodeByClass("vtkMRMLSliceNode")
    node.SetLayoutName("Red")
    node.SetOrientation("Axial")
    return scene.AddNode(node)


def middle(sliceNode):
    """What the middle of a slice view shows, RAS mm."""
    return [sliceNode.GetSliceToRAS().GetElement(axis, 3) for axis in range(3)]


def item(labels, name):
    """The item of a label in the tree."""
    import qt

    waiting = [labels.ui.labelTree.invisibleRootItem()]
    for entry in waiting:
        if entry.data(NAME, qt.Qt.UserRole) == name:
            return entry
        waiting.extend(entry.child(place) for place in range(entry.childCount()))
    raise AssertionError(f"the tree has no '{name}'")


def text(labels, name, column=NAME):
    return item(labels, name).text(column)


def button(labels, name, column):
    return labels.ui.labelTree.itemWidget(item(labels, name), column)


def choices(labels, name):
    """The statuses that the menu of a label offers, as it is opened."""
    menu = button(labels, name, STATUS).menu()
    menu.aboutToShow()
    return {action.text: action for action in menu.actions()}


def select(labels, name):
    labels.ui.labelTree.setCurrentItem(item(labels, name))


def selected(labels):
    import qt

    return labels.ui.labelTree.currentItem().data(NAME, qt.Qt.UserRole)


def messages(labels):
    found = labels.ui.contradictionList
    return [found.item(row).text() for row in range(found.count)]


# What is shown


def test_without_scan_and_segmentation_the_scheme_is_listed_and_every_button_says_why(section):
    from PartialSegLib.panel.labels.section import LabelsSection

    labels = section(LabelsSection)
    ui = labels.ui
    assert text(labels, "tcv") == "Total cerebrum"
    assert item(labels, "tcv").childCount() == 3
    for widget, reason in (
        (ui.createSegmentsButton, "Select a scan"),
        (ui.jumpButton, "Select a label"),
        (ui.superLabelButton, "Select a segmentation"),
        (ui.remainderButton, "Select a segmentation"),
        (ui.checkButton, "Select a segmentation"),
        (button(labels, "tcv", STATUS), "press Create segments"),
        (button(labels, "tcv", SHOW), "press Create segments"),
    ):
        assert not widget.enabled and reason in widget.toolTip


def test_the_tree_has_name_status_volume_and_visibility_of_each_label(
    labels, paint, waitFor, screenshot
):
    paint({**PARTS, "tcv": CEREBRUM}, tcv="complete", cgm="complete", wm="in_progress")
    paint({}, csf="absent")
    waitFor(lambda: button(labels, "csf", STATUS).text == "Absent" and text(labels, "dgm", VOLUME))
    assert text(labels, "wm") == "White matter"
    assert button(labels, "tcv", STATUS).text == "Complete"
    assert button(labels, "wm", STATUS).text == "In progress"
    assert button(labels, "dgm", STATUS).text == "Not annotated"
    for name, mask in PARTS.items():
        assert text(labels, name, VOLUME) == f"{mask.sum() * 0.64 / 1000:.2f}"
    assert text(labels, "csf", VOLUME) == "0.00"
    select(labels, "tcv")
    screenshot(labels, "labels")


def test_what_has_nothing_to_say_takes_no_place(labels):
    for widget in ("contradictionList", "checkProgressBar", "cancelCheckButton"):
        assert not getattr(labels.ui, widget).visible


def test_volumes_are_measured_one_at_a_time_so_that_the_panel_stays_free(
    labels, segmentation, paint, monkeypatch
):
    from PartialSegLib.scene import segmentVolumes

    paint(PARTS)
    measured = []
    monkeypatch.setattr(segmentVolumes, "_volumeOf", lambda *content: measured.append(content) or 0)
    rows = labels.logic.labelTable(segmentation, labels.scheme)
    counts = [len(measured) for _ in labels._showVolumes(rows)]
    assert counts == list(range(10)) and len(measured) == 10


def test_what_changes_elsewhere_is_shown(labels, segmentation, paint, waitFor):
    segment = segmentation.GetSegmentation().GetSegment("wm")
    segment.SetName("Weiße Substanz")
    paint({"wm": WHITE}, wm="complete")
    segmentation.GetDisplayNode().SetSegmentVisibility("wm", False)
    waitFor(lambda: text(labels, "wm") == "Weiße Substanz")
    assert button(labels, "wm", STATUS).text == "Complete"
    assert button(labels, "wm", SHOW).toolTip == "Show it."
    waitFor(lambda: text(labels, "wm", VOLUME) == f"{WHITE.sum() * 0.64 / 1000:.2f}")
    segmentation.GetSegmentation().RemoveSegment("wm")
    assert not button(labels, "wm", STATUS).enabled
    assert text(labels, "wm") == "White matter" and text(labels, "wm", VOLUME) == ""


def test_a_super_label_is_an_outline_as_soon_as_a_part_is_painted(
    labels, segmentation, paint, waitFor
):
    display = segmentation.GetDisplayNode()
    paint({"tcv": CEREBRUM})
    waitFor(lambda: text(labels, "tcv", VOLUME))
    assert display.GetSegmentVisibility2DFill("tcv")
    paint({"dgm": DEEP})
    waitFor(lambda: not display.GetSegmentVisibility2DFill("tcv"))
    assert display.GetSegmentVisibility2DOutline("tcv")
    assert display.GetSegmentVisibility2DFill("dgm")


def test_another_segmentation_is_followed_and_the_one_before_no_more(
    labels, segmentation, logic, scan, paint, waitFor
):
    other = logic.addSegmentation(scan)
    other.GetSegmentation().AddEmptySegment("own", "TCV")
    labels.ui.segmentationSelector.setCurrentNode(other)
    assert logic.getParameterNode().segmentation is other
    assert button(labels, "tcv", STATUS).enabled and not button(labels, "wm", STATUS).enabled
    segmentation.GetSegmentation().GetSegment("tcv").SetName("unseen")
    other.GetSegmentation().GetSegment("own").SetName("tcv")
    waitFor(lambda: text(labels, "tcv") == "tcv")


def test_nothing_is_followed_while_another_module_is_open(labels, segmentation, paint, waitFor):
    labels.exit()
    refreshed = []
    labels.logic.labelTable, before = refreshed.append, labels.logic.labelTable
    paint({"wm": WHITE}, wm="complete")
    assert not labels._refreshTimer.isActive() and not refreshed
    labels.logic.labelTable = before
    labels.enter()
    assert button(labels, "wm", STATUS).text == "Complete"


# Statuses and visibility


def test_a_status_is_chosen_from_the_menu_and_kept_in_slicers_tag(labels, segmentation, paint):
    import slicer

    paint({"wm": WHITE})
    choices(labels, "wm")["Complete"].trigger()
    assert button(labels, "wm", STATUS).text == "Complete"
    logic = slicer.vtkSlicerSegmentationsModuleLogic
    segment = segmentation.GetSegmentation().GetSegment("wm")
    assert logic.GetSegmentStatus(segment) == logic.Completed
    choices(labels, "wm")["Not annotated"].trigger()
    assert logic.GetSegmentStatus(segment) == logic.Flagged


def test_a_status_that_a_segment_cannot_have_is_not_offered_and_says_why(labels, paint):
    paint({"wm": WHITE})
    assert selected_after(labels, "wm") == "wm"
    offered = choices(labels, "wm")
    assert offered["Complete"].enabled and not offered["Absent"].enabled
    assert "erase it first" in offered["Absent"].toolTip
    offered = choices(labels, "csf")
    assert offered["Absent"].enabled and not offered["Complete"].enabled
    assert "is empty" in offered["Complete"].toolTip


def selected_after(labels, name):
    choices(labels, name)
    return selected(labels)


def test_an_empty_segment_is_marked_absent(labels):
    choices(labels, "csf")["Absent"].trigger()
    assert button(labels, "csf", STATUS).text == "Absent"


def test_the_eye_shows_and_hides_a_segment(labels, segmentation):
    eye = button(labels, "wm", SHOW)
    eye.click()
    assert not segmentation.GetDisplayNode().GetSegmentVisibility("wm")
    assert eye.toolTip == "Show it."
    eye.click()
    assert segmentation.GetDisplayNode().GetSegmentVisibility("wm")


# Segments


def test_create_segments_makes_a_segmentation_of_the_scan_if_there_is_none(build, logic, scan):
    labels = build()
    assert labels.ui.createSegmentsButton.enabled
    labels.ui.createSegmentsButton.click()
    node = logic.getParameterNode().segmentation
    assert node.GetName() == "scan segmentation"
    assert node.GetNodeReference(node.GetReferenceImageGeometryReferenceRole()) is scan
    assert node.GetSegmentation().GetNumberOfSegments() == 10
    assert labels.ui.segmentationSelector.currentNode() is node
    assert not labels.ui.createSegmentsButton.enabled
    assert "has its segment" in labels.ui.createSegmentsButton.toolTip


def test_create_segments_adds_only_what_is_missing(labels, segmentation, paint):
    paint({"wm": WHITE}, wm="complete")
    segmentation.GetSegmentation().RemoveSegment("csf")
    labels.ui.createSegmentsButton.click()
    assert segmentation.GetSegmentation().GetNumberOfSegments() == 10
    assert button(labels, "wm", STATUS).text == "Complete"


def test_a_selected_row_is_selected_in_the_segment_editor_and_the_other_way_round(labels, scene):
    from PartialSegLib.annotation.editing import segmentEditorNode

    editor = segmentEditorNode(scene)
    select(labels, "dgm")
    assert editor.GetSelectedSegmentID() == "dgm"
    editor.SetSelectedSegmentID("csf")
    assert selected(labels) == "csf"
    editor.SetMaskSegmentID("tcv")
    assert selected(labels) == "csf"


def test_a_label_without_a_segment_can_be_selected_and_stays_so(labels, segmentation, scene):
    from PartialSegLib.annotation.editing import segmentEditorNode

    segmentation.GetSegmentation().RemoveSegment("csf")
    editor = segmentEditorNode(scene)
    editor.SetSelectedSegmentID("wm")
    select(labels, "csf")
    editor.SetMaskSegmentID("tcv")
    assert selected(labels) == "csf"
    assert editor.GetSelectedSegmentID() == "wm"


# Jumping


def test_jump_to_and_a_double_click_bring_the_slice_views_to_the_segment(
    labels, paint, sliceNode, waitFor
):
    paint({"wm": ball(5, centre=(10, 12, 30))})
    waitFor(lambda: text(labels, "wm", VOLUME) not in ("", "0.00"))
    select(labels, "wm")
    assert labels.ui.jumpButton.enabled
    labels.ui.jumpButton.click()
    assert middle(sliceNode) == pytest.approx([30 * 0.8, 12 * 0.8, 10], abs=1)
    sliceNode.JumpSliceByCentering(0, 0, 0)
    labels.ui.labelTree.itemDoubleClicked(item(labels, "wm"), NAME)
    assert middle(sliceNode) == pytest.approx([30 * 0.8, 12 * 0.8, 10], abs=1)


def test_there_is_no_place_to_jump_to_of_an_empty_segment(labels, sliceNode):
    select(labels, "csf")
    assert not labels.ui.jumpButton.enabled
    assert "Nothing is painted" in labels.ui.jumpButton.toolTip
    labels.ui.labelTree.itemDoubleClicked(item(labels, "csf"), NAME)
    assert "Nothing is painted" in labels.ui.statusLabel.text
    assert middle(sliceNode) == [0, 0, 0]


# Set algebra


def test_a_super_label_is_made_from_its_parts(labels, paint, segmentation, scan, waitFor):
    from PartialSegLib.scene.masks import segmentMask

    select(labels, "wm")
    assert not labels.ui.superLabelButton.enabled
    assert "No part of 'Total cerebrum'" in labels.ui.superLabelButton.toolTip
    paint(PARTS, cgm="complete", wm="complete", dgm="complete")
    waitFor(lambda: labels.ui.superLabelButton.enabled)
    labels.ui.superLabelButton.click()
    assert np.array_equal(segmentMask(segmentation, "tcv", scan), CEREBRUM)
    assert button(labels, "tcv", STATUS).text == "Complete"
    assert labels.ui.statusLabel.text == "Total cerebrum: complete, made from its parts."


def test_the_remainder_goes_to_the_last_part(labels, paint, segmentation, scan, waitFor):
    from PartialSegLib.scene.masks import segmentMask

    select(labels, "tcv")
    assert "is not complete" in labels.ui.remainderButton.toolTip
    masks = {"tcv": CEREBRUM, "cgm": CORTEX, "wm": WHITE}
    paint(masks, tcv="complete", cgm="complete", wm="complete")
    waitFor(lambda: labels.ui.remainderButton.enabled)
    labels.ui.remainderButton.click()
    assert np.array_equal(segmentMask(segmentation, "dgm", scan), DEEP)
    assert button(labels, "dgm", STATUS).text == "Complete"
    assert "Deep grey matter: complete" in labels.ui.statusLabel.text


def test_a_label_that_is_part_of_nothing_has_no_algebra(labels):
    select(labels, "csf")
    for widget in (labels.ui.superLabelButton, labels.ui.remainderButton):
        assert not widget.enabled and "Select a super-label" in widget.toolTip


def test_overlapping_parts_are_refused_with_a_sentence(labels, paint, dialogs, waitFor):
    masks = {"tcv": CEREBRUM, "cgm": CORTEX, "wm": WHITE | CORTEX}
    paint(masks, tcv="complete", cgm="complete", wm="complete")
    select(labels, "tcv")
    waitFor(lambda: labels.ui.remainderButton.enabled)
    labels.ui.remainderButton.click()
    (error,) = dialogs.errors
    assert "'White matter' overlaps other parts" in error.text
    assert button(labels, "dgm", STATUS).text == "Not annotated"


# Contradictions


@pytest.fixture
def contradicting(labels, paint, waitFor):
    """The section with cortex and white matter that overlap in a small ball."""
    both = ball(3, centre=(20, 22, 37))
    paint({"cgm": CORTEX | both, "wm": WHITE | both}, cgm="complete", wm="complete")
    waitFor(lambda: labels.ui.checkButton.enabled)
    return labels


def test_contradictions_are_listed_and_a_click_leads_to_the_place(
    contradicting, sliceNode, scan, waitFor, screenshot
):
    import slicer
    from PySide6 import QtCore, QtTest

    labels, ui = contradicting, contradicting.ui
    ui.checkButton.click()
    assert not ui.checkButton.enabled and "at work" in ui.checkButton.toolTip
    assert ui.checkProgressBar.visible and ui.cancelCheckButton.visible
    waitFor(lambda: not labels.busy)
    assert len(messages(labels)) == 1
    assert "Cortical grey matter and White matter overlap" in messages(labels)[0]
    assert not ui.checkProgressBar.visible and not ui.cancelCheckButton.visible
    screenshot(labels, "contradictions")
    ui.contradictionList.itemClicked(ui.contradictionList.item(0))
    r, a, s = middle(sliceNode)
    values = slicer.util.arrayFromVolume(scan)
    place = round(s), round(a / 0.8), round(r / 0.8)
    assert values[place] and (CORTEX | ball(3, centre=(20, 22, 37)))[place]
    assert selected(labels) in ("cgm", "wm")
    # Without a mouse
    slicer.vtkMRMLSliceNode.JumpAllSlices(slicer.mrmlScene, 1.0, 2.0, 3.0)
    ui.contradictionList.setCurrentRow(0)
    QtTest.QTest.keyClick(ui.contradictionList.qtObject, QtCore.Qt.Key.Key_Return)
    assert middle(sliceNode) == pytest.approx((r, a, s))


def test_an_annotation_without_contradictions_says_so(labels, paint, waitFor):
    paint({"cgm": CORTEX}, cgm="complete")
    waitFor(lambda: labels.ui.checkButton.enabled)
    labels.ui.checkButton.click()
    waitFor(lambda: not labels.busy)
    assert labels.ui.statusLabel.text == "The annotation does not contradict itself."
    assert not labels.ui.contradictionList.visible


def test_a_list_that_may_be_out_of_date_says_so(contradicting, paint, waitFor):
    contradicting.ui.checkButton.click()
    waitFor(lambda: not contradicting.busy)
    paint({"wm": WHITE})
    assert "has changed since" in contradicting.ui.statusLabel.text


def test_a_cancelled_check_ends_and_can_begin_anew(contradicting, waitFor):
    ui = contradicting.ui
    ui.checkButton.click()
    ui.cancelCheckButton.click()
    assert not contradicting.busy and ui.checkButton.enabled
    assert not messages(contradicting) and ui.statusLabel.text == ""
    ui.checkButton.click()
    waitFor(lambda: messages(contradicting))


def test_a_check_waits_for_a_scan_and_something_annotated(labels, logic, paint, waitFor):
    assert "No label is in progress" in labels.ui.checkButton.toolTip
    paint({"wm": WHITE}, wm="in_progress")
    logic.getParameterNode().inputVolume = None
    assert "Select the scan" in labels.ui.checkButton.toolTip


def test_a_scan_that_the_segments_are_not_on_is_refused_with_a_sentence(
    contradicting, logic, dialogs, waitFor
):
    import slicer

    other = slicer.util.addVolumeFromArray(np.zeros((4, 4, 4), np.int16), name="other")
    other.SetOrigin(500, 0, 0)
    logic.getParameterNode().inputVolume = other
    contradicting.ui.checkButton.click()
    waitFor(lambda: not contradicting.busy)
    (error,) = dialogs.errors
    assert "select the scan that it was painted on" in error.text
    assert contradicting.ui.statusLabel.text == ""


# Schemes


def test_schemes_are_chosen_by_title_also_while_a_label_is_selected(labels, logic, dialogs):
    select(labels, "csf")
    combo = labels.ui.schemeComboBox
    combo.setCurrentText("Brainstem and its three parts")
    assert logic.getParameterNode().scheme == "brainstem"
    assert text(labels, "pons") == "Pons"
    assert labels.ui.labelTree.currentItem() is None
    assert (
        button(labels, "brainstem", STATUS).enabled and not button(labels, "pons", STATUS).enabled
    )
    assert not dialogs.messages, "while rows go, a selection of theirs means nothing"


@pytest.fixture
def ownScheme(tmp_path):
    path = tmp_path / "mine.json"
    path.write_text(json.dumps({"name": "mine", "labels": [{"name": "lesion", "value": 1}]}))
    return path


def chooseFile(labels):
    combo = labels.ui.schemeComboBox
    combo.currentIndex = combo.count - 1


def test_a_scheme_from_a_file_is_listed_by_its_name(labels, logic, dialogs, ownScheme):
    dialogs.choose(ownScheme)
    chooseFile(labels)
    assert logic.getParameterNode().scheme == str(ownScheme)
    assert labels.ui.schemeComboBox.currentText == "mine.json"
    assert text(labels, "lesion") == "lesion"
    labels.ui.schemeComboBox.currentIndex = 0
    assert logic.getParameterNode().scheme != str(ownScheme)


@pytest.mark.parametrize("content", [None, "{", '{"name": "mine"}'])
def test_without_a_usable_file_the_scheme_stays(labels, logic, dialogs, tmp_path, content):
    path = tmp_path / "mine.json"
    if content is not None:
        path.write_text(content)
    dialogs.choose(path if content is not None else None)
    chooseFile(labels)
    assert logic.getParameterNode().scheme == "dhcp9"
    assert labels.ui.schemeComboBox.currentText.startswith("Neonatal brain")
    assert len(dialogs.errors) == (content is not None)


def test_a_file_that_is_gone_leaves_a_usable_section_that_says_so(labels, logic, ownScheme):
    logic.getParameterNode().scheme = str(ownScheme)
    assert text(labels, "lesion") == "lesion"
    ownScheme.unlink()
    labels.exit()
    labels.enter()
    assert "There is no label scheme" in labels.ui.statusLabel.text
    assert "cannot be used" in labels.ui.createSegmentsButton.toolTip
    labels.ui.schemeComboBox.setCurrentText("Brainstem and its three parts")
    assert text(labels, "pons") == "Pons"
    assert labels.ui.statusLabel.text == ""


# The scene


def test_a_scene_closed_in_the_midst_of_a_check_leaves_an_empty_section(
    contradicting, scene, logic
):
    labels = contradicting
    select(labels, "wm")
    labels.ui.checkButton.click()
    labels.setParameterNode(None)
    scene.Clear(False)
    assert not labels.busy
    assert labels.ui.labelTree.topLevelItemCount == 0
    assert not labels.ui.superLabelButton.enabled
    labels.setParameterNode(logic.getParameterNode())
    assert text(labels, "tcv") == "Total cerebrum"
    assert not button(labels, "tcv", STATUS).enabled


def test_a_segmentation_that_is_deleted_is_let_go(labels, segmentation, scene, paint):
    paint({"wm": WHITE}, wm="complete")
    select(labels, "wm")
    scene.RemoveNode(segmentation)
    assert not button(labels, "wm", STATUS).enabled
    assert "Nothing is painted" in labels.ui.jumpButton.toolTip
