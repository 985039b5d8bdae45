"""Segments that belong to a scheme's labels."""

import pytest
import slicer
import vtk

from nodes import addSegmentation
from partialseg_trainer.labels import LabelScheme
from PartialSegLib.scene.labelSegments import LabelSegments
from PartialSegLib.scene.segments import (
    VALUE_TAG,
    createSegments,
    findSegment,
    findSegments,
    segmentsOf,
)
from PartialSegLib.scene.terminology import serializedTerminology

TERMS = {
    "category": ["SCT", "123037004", "Anatomical Structure"],
    "type": ["SCT", "12738006", "Brain"],
    "typeModifier": ["SCT", "7771000", "Left"],
}


@pytest.fixture
def scheme():
    child = {"name": "cgm", "title": "Cortical grey matter", "value": 2, "colour": [255, 0, 51]}
    parent = {"name": "tcv", "title": "Total cerebrum", "value": 10, "colour": [0, 51, 102]}
    parent |= {"terminology": TERMS, "children": [child]}
    return LabelScheme.from_dict({"name": "small", "labels": [parent]})


def tag(segment, name):
    value = vtk.reference("")
    assert segment.GetTag(name, value)
    return str(value)


def test_new_segments_have_the_labels_name_as_id_and_its_title_colour_value_and_terms(
    scene, scheme
):
    node = addSegmentation()
    assert createSegments(node, scheme) == {"cgm": "cgm", "tcv": "tcv"}
    segment = node.GetSegmentation().GetSegment("tcv")
    assert segment.GetName() == "Total cerebrum"
    assert segment.GetColor() == pytest.approx((0, 0.2, 0.4))
    assert tag(segment, VALUE_TAG) == "10"
    entry = slicer.vtkSlicerTerminologyEntry()
    logic = slicer.vtkSlicerTerminologiesModuleLogic
    assert logic.DeserializeTerminologyEntry(
        tag(segment, slicer.vtkSegment.GetTerminologyEntryTagName()), entry
    )
    assert entry.GetTypeObject().GetCodeMeaning() == "Brain"
    assert entry.GetTypeObject().GetCodeValue() == "12738006"
    assert entry.GetTypeObject().GetCodingSchemeDesignator() == "SCT"
    assert entry.GetTypeModifierObject().GetCodeMeaning() == "Left"
    assert entry.GetCategoryObject().GetCodeMeaning() == "Anatomical Structure"


def test_a_label_without_terms_has_an_empty_entry(scheme):
    assert serializedTerminology(scheme["cgm"]) == ""


def test_creating_again_adds_nothing_and_changes_nothing(scene, scheme):
    node = addSegmentation()
    createSegments(node, scheme)
    node.GetSegmentation().GetSegment("cgm").SetName("Ribbon")
    assert createSegments(node, scheme) == {"cgm": "cgm", "tcv": "tcv"}
    assert node.GetSegmentation().GetNumberOfSegments() == 2
    assert node.GetSegmentation().GetSegment("cgm").GetName() == "Ribbon"


@pytest.mark.parametrize("name", ["cgm", "CGM", "Cortical Grey Matter"])
def test_a_users_own_segment_is_found_by_the_labels_name_or_title_in_any_case(scene, scheme, name):
    node = addSegmentation()
    segmentID = node.GetSegmentation().AddEmptySegment("Segment_1", name)
    assert findSegment(node, scheme, "cgm") == segmentID
    assert createSegments(node, scheme) == {"cgm": "Segment_1", "tcv": "tcv"}


def test_the_id_counts_before_the_name(scene, scheme):
    node = addSegmentation()
    node.GetSegmentation().AddEmptySegment("Segment_1", "cgm")
    node.GetSegmentation().AddEmptySegment("cgm", "something else")
    assert findSegment(node, scheme, "cgm") == "cgm"


def test_labels_without_a_segment_are_left_out(scene, scheme):
    node = addSegmentation()
    node.GetSegmentation().AddEmptySegment("tcv")
    assert findSegments(node, scheme) == {"tcv": "tcv"}


def test_every_label_of_every_preset_gets_its_segment(scene):
    for preset in ("dhcp9", "fetal8", "brainstem", "wmh-stroke"):
        scheme = LabelScheme.load(preset)
        assert createSegments(addSegmentation(), scheme) == {name: name for name in scheme.names}


def test_all_segments_of_a_label_are_found_and_the_one_with_its_id_first(scene, scheme):
    node = addSegmentation()
    for segmentID, name in (("a", " cortical grey  matter "), ("cgm", "Ribbon"), ("b", "CGM")):
        node.GetSegmentation().AddEmptySegment(segmentID, name)
    assert segmentsOf(node, scheme) == {"cgm": ["cgm", "a", "b"]}
    assert findSegments(node, scheme) == {"cgm": "cgm"}
    reason = LabelSegments(node, scheme).whySeveral()
    assert "'Ribbon' (cgm)" in reason and "'CGM' (b)" in reason
