"""Section Export: what training will see, the export, the dataset's cases, and one loaded back."""

import os
import time

import numpy as np
import pytest

SHAPE = (20, 22, 24)
HALF = "\N{CIRCLE WITH LEFT HALF BLACK}"


def block(begin, end):
    """A bool mask (K, J, I) that is true in a box of voxels."""
    mask = np.zeros(SHAPE, dtype=bool)
    mask[tuple(slice(*limits) for limits in zip(begin, end, strict=True))] = True
    return mask


CEREBRUM = block((3, 3, 3), (17, 19, 21))
CORTEX = block((3, 3, 3), (17, 19, 8))


@pytest.fixture
def scan(scene):
    import slicer

    return slicer.util.addVolumeFromArray(CEREBRUM.astype(np.int16) * 900, name="Doe^Jane")


@pytest.fixture
def annotation(scene, scan, logic):
    """A segmentation with a finished cerebrum and a cortex begun."""
    node = scene.AddNewNodeByClass("vtkMRMLSegmentationNode", "Doe^Jane")
    node.CreateDefaultDisplayNodes()
    logic.createSegments(node, logic.scheme("dhcp9"), scan)
    paint(node, scan, "tcv", CEREBRUM)
    paint(node, scan, "cgm", CORTEX)
    logic.setStatus(node, "tcv", "complete")
    logic.setStatus(node, "cgm", "in_progress")
    return node


def paint(node, scan, name, mask):
    import slicer

    slicer.util.updateSegmentBinaryLabelmapFromArray(mask.astype(np.uint8), node, name, scan)


@pytest.fixture
def views(scene):
    """What the slice views show."""
    import slicer

    views = []
    for name in ("Red", "Green"):
        view = slicer.vtkMRMLSliceCompositeNode()
        view.SetLayoutName(name)
        views.append(scene.AddNode(view))
    return views


@pytest.fixture
def export(section, logic, scan, annotation, tmp_path):
    """The section, unfolded, with all that an export needs."""
    from PartialSegLib.panel.export.section import ExportSection

    chosen = logic.getParameterNode()
    chosen.inputVolume, chosen.segmentation = scan, annotation
    chosen.dataset, chosen.subject = str(tmp_path / "dataset"), "01"
    made = section(ExportSection)
    made.ui.exportCollapsibleButton.collapsed = False
    return made


def test_an_annotation_of_another_scan_is_exported_only_if_that_is_meant(
    export, annotation, scan, dialogs, tmp_path
):
    import slicer

    annotation.SetReferenceImageGeometryParameterFromVolumeNode(scan)
    other = slicer.util.addVolumeFromArray(CEREBRUM.astype(np.int16), name="another")
    export.parameterNode.inputVolume = other
    export.parameterNode.segmentation = annotation
    dialogs.answer("No")
    export.ui.exportButton.click()
    assert "another is selected" in dialogs.messages[-1].text
    assert not export.busy and not (tmp_path / "dataset").exists()


def shown(view):
    """The name of the label layer, and of the background, of a slice view."""
    import slicer

    nodes = map(
        slicer.mrmlScene.GetNodeByID, (view.GetLabelVolumeID(), view.GetBackgroundVolumeID())
    )
    return tuple(node and node.GetName() for node in nodes)


def overlayValues(view):
    import slicer

    return slicer.util.arrayFromVolume(slicer.mrmlScene.GetNodeByID(view.GetLabelVolumeID()))


@pytest.fixture
def dataset(logic, tmp_path):
    """A dataset whose case sub-01_ses-1 has a finished cerebrum and a cortex begun."""
    from partialseg_trainer.dataset import Dataset

    dataset = Dataset.create(tmp_path / "dataset", logic.scheme("dhcp9"), "Newborns")
    addCase(dataset)
    return dataset


def addCase(dataset, region=None, replace=False, subject="01", **status):
    from partialseg_trainer.labels import LabelSets
    from partialseg_trainer.volumes import Volume

    status = {"tcv": "complete", "cgm": "in_progress", **status}
    masks = {"tcv": CEREBRUM, "cgm": CORTEX}
    sets = LabelSets.from_masks(dataset.scheme, masks, status, region)
    sets = LabelSets(dataset.scheme, sets.codes.T, sets.leaf_sets())
    image = Volume(CEREBRUM.T.astype(np.int16) * 900, np.eye(4))
    return dataset.add_case(subject, image, sets, status, session="1", replace=replace)


@pytest.fixture
def listed(dataset, export, waitFor):
    """The section with this dataset in its table."""
    export.parameterNode.session = "1"
    waitFor(lambda: export.ui.casesTable.rowCount == 1)
    return export


def exportAndWait(export, waitFor):
    export.ui.exportButton.click()
    waitFor(lambda: not export.busy)


def annotated(table, row):
    """What the table says of a case: titles of labels by the symbol of their status."""
    lines = table.item(row, 1).text().splitlines()
    return {line[0]: line[2:].split(", ") for line in lines}


# What is missing


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("inputVolume", None, "Select a scan"),
        ("segmentation", None, "segmentation"),
        ("scheme", "/nowhere/scheme.json", "no label scheme"),
        ("dataset", "", "Choose the folder"),
        ("dataset", "dataset", "whole path"),
        ("subject", "", "identifier"),
        ("subject", "Jane Doe", "letters"),
        ("subject", "Jörg", "letters"),
        ("session", "1_2", "session"),
    ],
)
def test_export_says_what_it_lacks(export, field, value, reason):
    setattr(export.parameterNode, field, value)
    assert not export.ui.exportButton.enabled
    assert reason in export.ui.exportButton.toolTip


def test_an_annotation_that_says_nothing_is_not_exported(export, annotation, logic):
    for name in ("tcv", "cgm"):
        logic.setStatus(annotation, name, "not_annotated")
    assert not export.ui.exportButton.enabled
    assert "Nothing is annotated" in export.ui.exportButton.toolTip
    logic.setStatus(annotation, "csf", "absent")
    assert export.ui.exportButton.enabled


def test_a_wrong_identifier_is_explained_where_it_is_entered(export):
    assert "No name" in export.ui.identifierLabel.text
    export.ui.subjectLineEdit.text = "sub-01"
    assert "letters (a to z) and digits only" in export.ui.identifierLabel.text
    export.ui.subjectLineEdit.text = "01"
    assert "No name" in export.ui.identifierLabel.text


def test_no_field_is_filled_from_the_names_of_nodes(section, logic, scan, annotation):
    from PartialSegLib.panel.export.section import ExportSection

    chosen = logic.getParameterNode()
    chosen.inputVolume, chosen.segmentation = scan, annotation
    ui = section(ExportSection).ui
    for field in (ui.subjectLineEdit, ui.sessionLineEdit, ui.annotatorLineEdit, ui.groupLineEdit):
        assert field.text == ""


# The export


def test_a_scan_becomes_a_case_that_the_table_shows(export, waitFor, dialogs, tmp_path):
    from partialseg_trainer.dataset import Dataset

    export.ui.sessionLineEdit.text = "1"
    export.ui.annotatorLineEdit.text = "ab"
    export.ui.groupLineEdit.text = "twins7"
    assert "makes a dataset" in export.ui.casesStatusLabel.text
    exportAndWait(export, waitFor)
    assert "sub-01_ses-1" in export.ui.statusLabel.text
    (case,) = Dataset.open(tmp_path / "dataset").cases
    assert (case.name, case.info.annotator) == ("sub-01_ses-1", "ab")
    assert "twins7" in (tmp_path / "dataset" / "participants.tsv").read_text()
    assert not any("Doe" in str(path) for path in tmp_path.rglob("*"))

    table = export.ui.casesTable
    waitFor(lambda: table.rowCount == 1)
    assert table.item(0, 0).text() == "sub-01_ses-1"
    assert "ab" in table.item(0, 0).toolTip()
    told = annotated(table, 0)
    assert told == {"\N{BLACK CIRCLE}": ["Total cerebrum"], HALF: ["Cortical grey matter"]}
    assert "Total cerebrum: complete" in table.item(0, 1).toolTip()
    assert "White matter: not annotated" in table.item(0, 1).toolTip()

    # The case is selected, and its folder opens.
    table.itemDoubleClicked(table.item(0, 0))
    (opened,) = dialogs.opened
    assert opened.endswith("sub-01/ses-1")
    assert export.ui.openFolderButton.enabled


def test_a_scan_goes_into_a_dataset_and_comes_back_with_all_its_contrasts(
    export, scan, waitFor, scene, tmp_path
):
    import slicer

    from partialseg_trainer.dataset import Dataset
    from PartialSegLib.scene.furtherScans import furtherScans

    ui = export.ui
    assert not ui.furtherScansWidget.visible
    ui.contrastsLineEdit.text = "T2w, t2w"
    assert "named twice" in ui.exportButton.toolTip
    ui.contrastsLineEdit.text = "T2w, T1w"
    assert "T2w, T1w; choose the T1w of this one" in ui.exportButton.toolTip
    (selector,) = ui.furtherScansWidget.findChildren("qMRMLNodeComboBox")
    selector.setCurrentNode(scan)
    assert "as T1w and as the scan" in ui.exportButton.toolTip
    T1 = slicer.util.addVolumeFromArray(np.arange(960, dtype=np.int16).reshape(10, 8, 12), name="a")
    T1.SetSpacing(2, 2, 2)
    selector.setCurrentNode(T1)
    exportAndWait(export, waitFor)
    (case,) = Dataset.open(tmp_path / "dataset").cases
    assert case.contrasts == ("T2w", "T1w")

    waitFor(lambda: ui.casesTable.rowCount == 1)
    assert not ui.contrastsLineEdit.visible
    ui.loadCaseButton.click()
    waitFor(lambda: not export.busy)
    loaded = export.parameterNode.inputVolume
    assert loaded.GetName() == "sub-01_T2w"
    assert selector.currentNode().GetName() == "sub-01_T1w"
    assert furtherScans(loaded) == {"T1w": selector.currentNode()}
    again = slicer.util.arrayFromVolume(selector.currentNode())
    assert np.array_equal(again, slicer.util.arrayFromVolume(T1))
    assert ui.exportButton.enabled, "it can be corrected and exported anew"
    scene.RemoveNode(selector.currentNode())
    assert "choose the T1w" in ui.exportButton.toolTip


def test_an_emptied_line_is_no_dataset(export, tmp_path):
    """CTK's line for paths does not tell the empty path as it tells the others."""
    export.ui.datasetPathLineEdit.currentPath = str(tmp_path)
    assert export.parameterNode.dataset == str(tmp_path)
    export.ui.datasetPathLineEdit.currentPath = ""
    assert export.parameterNode.dataset == ""


def test_annotator_and_dataset_are_remembered(export, waitFor, logic, scene, tmp_path):
    import qt

    export.ui.annotatorLineEdit.text = "ab"
    exportAndWait(export, waitFor)
    assert qt.QSettings().value("PartialSeg/Annotator") == "ab"
    export.setParameterNode(None)
    scene.Clear(False)
    export.setParameterNode(logic.getParameterNode())
    assert export.parameterNode.dataset == str(tmp_path / "dataset")
    assert export.ui.datasetPathLineEdit.currentPath == str(tmp_path / "dataset")
    assert export.ui.subjectLineEdit.text == ""


def test_the_annotator_of_the_last_session_is_filled_in(section, logic):
    import qt

    from PartialSegLib.panel.export.section import ExportSection

    qt.QSettings().setValue("PartialSeg/Annotator", "ab")
    assert section(ExportSection).ui.annotatorLineEdit.text == "ab"


def test_another_scan_does_not_get_the_subject_of_the_one_before(export, waitFor, scene):
    import slicer

    exportAndWait(export, waitFor)
    assert export.ui.subjectLineEdit.text == "01"
    other = slicer.util.addVolumeFromArray(CEREBRUM.astype(np.int16), name="other")
    export.parameterNode.inputVolume = other
    assert export.ui.subjectLineEdit.text == ""


def test_an_existing_case_is_replaced_only_when_the_user_agrees(
    listed, dataset, waitFor, dialogs, logic
):
    logic.setStatus(listed.parameterNode.segmentation, "csf", "absent")
    for answer, status in (("No", "not_annotated"), ("Yes", "absent")):
        dialogs.answer(answer)
        exportAndWait(listed, waitFor)
        assert "Replace" in dialogs.messages[-1].text
        assert dataset.cases[0].info.status["csf"].value == status
    assert "sub-01" in listed.ui.statusLabel.text


def test_labels_that_exclude_each_other_are_named_and_nothing_is_written(
    export, waitFor, dialogs, annotation, scan, logic, tmp_path
):
    paint(annotation, scan, "csf", CORTEX)
    paint(annotation, scan, "brainstem", block((3, 3, 10), (5, 5, 12)))
    for name in ("csf", "brainstem"):
        logic.setStatus(annotation, name, "in_progress")
    exportAndWait(export, waitFor)
    (message,) = dialogs.errors
    assert "Cerebrospinal fluid outside the ventricles and Total cerebrum overlap" in message.text
    assert f"{CORTEX.sum()} voxels" in message.text
    assert "; and 1 more. The section Labels leads to the places" in message.text
    assert "Brainstem" not in message.text
    first, second = message.details.splitlines()
    assert "Cerebrospinal" in first and "Brainstem and Total cerebrum overlap in 8" in second
    assert not (tmp_path / "dataset").exists()
    assert export.ui.exportButton.enabled


def test_a_dataset_of_another_scheme_is_refused_before_anything_is_read(listed, logic):
    assert listed.ui.exportButton.enabled
    listed.parameterNode.scheme = "brainstem"
    logic.setStatus(listed.parameterNode.segmentation, "brainstem", "absent")
    assert not listed.ui.exportButton.enabled
    assert "label scheme" in listed.ui.exportButton.toolTip


def test_a_folder_with_other_files_is_not_made_a_dataset(export, waitFor, tmp_path):
    folder = tmp_path / "letters"
    folder.mkdir()
    (folder / "letter.txt").write_text("mine")
    export.ui.datasetPathLineEdit.currentPath = str(folder)
    assert export.parameterNode.dataset == str(folder)
    waitFor(lambda: "not a PartialSeg dataset" in export.ui.casesStatusLabel.text)
    assert not export.ui.exportButton.enabled
    assert "not a PartialSeg dataset" in export.ui.exportButton.toolTip
    assert [path.name for path in folder.iterdir()] == ["letter.txt"]


def test_a_folder_that_may_not_be_written_is_said_in_a_sentence(export, waitFor, dialogs, tmp_path):
    folder = tmp_path / "read-only"
    folder.mkdir(mode=0o500)
    if os.access(folder, os.W_OK):
        pytest.skip("whoever runs the tests may write everywhere")
    export.ui.datasetPathLineEdit.currentPath = str(folder / "dataset")
    exportAndWait(export, waitFor)
    (message,) = dialogs.errors
    assert "may not be read or written" in message.text


def test_a_file_is_no_folder_for_a_dataset(export, waitFor, tmp_path):
    file = tmp_path / "file"
    file.write_text("mine")
    export.ui.datasetPathLineEdit.currentPath = str(file)
    waitFor(lambda: not export.ui.exportButton.enabled)
    assert str(file) in export.ui.exportButton.toolTip
    assert file.read_text() == "mine"


def test_an_export_can_be_cancelled(export, waitFor, tmp_path):
    assert not export.ui.cancelButton.visible
    export.ui.exportButton.click()
    assert export.busy
    assert export.ui.cancelButton.visible
    assert not export.ui.exportButton.enabled
    assert "cancel" in export.ui.exportButton.toolTip
    export.ui.cancelButton.click()
    assert not export.busy
    assert not export.ui.exportProgressBar.visible
    assert export.ui.exportButton.enabled
    assert not (tmp_path / "dataset").exists()


def test_two_slicers_that_export_at_once_leave_both_scans_whole(logic, scan, annotation, tmp_path):
    from partialseg_trainer.dataset import Dataset, check_dataset

    told, scheme = [], logic.scheme("dhcp9")
    jobs = [
        logic.exportJob(
            *(annotation, scan, scheme, tmp_path / "dataset", subject),
            onFinished=told.append,
            onFailed=lambda error: told.append(bool(error.details["exists"])),
        )
        for subject in ("01", "02", "02")
    ]
    while not all([job.poll() for job in jobs]):
        time.sleep(0.01)
    assert sorted(told, key=str) == [True, "sub-01", "sub-02"]
    assert [case.name for case in Dataset.open(tmp_path / "dataset").cases] == ["sub-01", "sub-02"]
    problems = [
        each.message for each in check_dataset(tmp_path / "dataset") if each.severity == "error"
    ]
    assert all("same image" in message for message in problems), problems


def test_closing_the_scene_ends_export_and_preview(
    panel, logic, scan, annotation, views, scene, waitFor, tmp_path
):
    from PartialSegLib.panel.export.section import ExportSection

    export = panel.section(ExportSection)
    export.ui.exportCollapsibleButton.collapsed = False
    chosen = export.parameterNode
    chosen.inputVolume, chosen.segmentation = scan, annotation
    chosen.dataset, chosen.subject = str(tmp_path / "dataset"), "01"
    export.ui.previewButton.click()
    waitFor(lambda: export.ui.legendWidget.visible)
    export.ui.exportButton.click()
    scene.Clear(False)
    assert not export.busy
    assert not export.ui.previewButton.checked
    assert scene.GetFirstNodeByName("What is known") is None
    assert export.parameterNode is not None
    assert not export.ui.exportButton.enabled
    assert not (tmp_path / "dataset").exists()


@pytest.fixture
def withoutPydantic(packages):
    packages.lack("pydantic")
    return packages


def test_missing_packages_are_asked_for_on_a_click_only(
    dataset, withoutPydantic, export, waitFor, dialogs
):
    waitFor(lambda: "Press Refresh" in export.ui.casesStatusLabel.text)
    assert dialogs.messages == []
    ui = export.ui
    for button, line in (
        (ui.refreshButton, ui.casesStatusLabel),
        (ui.exportButton, ui.statusLabel),
    ):
        dialogs.answer("Cancel")
        button.click()
        assert "Nothing was installed, and without pydantic" in line.text
        assert not export.busy
    assert not dialogs.errors
    dialogs.answer("Ok")
    export.ui.refreshButton.click()
    waitFor(lambda: export.ui.casesTable.rowCount == 1)
    assert any("pydantic" in each for each in withoutPydantic.installed)


# The preview


@pytest.fixture
def preview(export, waitFor, views):
    """The section with the preview of the cerebrum on."""
    export.ui.previewButton.click()
    waitFor(lambda: export.ui.legendWidget.visible)
    return export


def test_the_preview_shows_what_is_known_of_a_label(preview, views, packages):
    packages.lack("pydantic", "nibabel")
    ui = preview.ui
    assert ui.previewLabelComboBox.currentText == "Total cerebrum"
    for view in views:
        assert shown(view) == ("What is known", "Doe^Jane")
    inside, outside = np.unique(overlayValues(views[0])[CEREBRUM]), overlayValues(views[0])[0, 0, 0]
    assert len(inside) == 1
    assert inside[0] != outside
    assert f"{100 * CEREBRUM.mean():.1f} %" in ui.shareYesLabel.text
    assert f"{CEREBRUM.sum():,} voxels" in ui.shareYesLabel.toolTip
    assert ui.shareUnknownLabel.text.startswith("0.0 %")


def test_another_label_is_looked_up_and_not_computed(preview, views, annotation):
    ui = preview.ui
    display = annotation.GetDisplayNode()
    assert not display.GetVisibility2DFill()
    ui.previewLabelComboBox.setCurrentIndex(ui.previewLabelComboBox.findData("cgm"))
    values = overlayValues(views[0])
    yes, unknown, no = values[CORTEX], values[CEREBRUM & ~CORTEX], values[~CEREBRUM]
    for part in (yes, unknown, no):
        assert len(np.unique(part)) == 1
    assert len({yes[0], unknown[0], no[0]}) == 3
    assert f"{(CEREBRUM & ~CORTEX).sum():,} voxels" in ui.shareUnknownLabel.toolTip


def test_the_preview_follows_the_annotation(preview, waitFor, annotation, scan, logic):
    logic.setStatus(annotation, "tcv", "in_progress")
    waitFor(lambda: not preview.ui.shareUnknownLabel.text.startswith("0.0 %"))
    paint(annotation, scan, "tcv", CORTEX)
    waitFor(lambda: f"{CORTEX.sum():,} voxels" in preview.ui.shareYesLabel.toolTip)


def test_the_views_are_as_before_when_it_is_switched_off(preview, views, annotation, scene):
    preview.ui.previewButton.click()
    assert all(view.GetLabelVolumeID() is None for view in views)
    assert annotation.GetDisplayNode().GetVisibility2DFill()
    assert not preview.ui.legendWidget.visible
    assert scene.GetFirstNodeByName("What is known") is None


def test_it_goes_when_another_module_is_opened(preview, views):
    preview.exit()
    assert not preview.ui.previewButton.checked
    assert all(view.GetLabelVolumeID() is None for view in views)


def test_contradictions_are_told_beside_the_preview(
    preview, views, waitFor, annotation, scan, logic
):
    paint(annotation, scan, "csf", CORTEX)
    logic.setStatus(annotation, "csf", "in_progress")
    waitFor(lambda: "overlap" in preview.ui.previewStatusLabel.text)
    assert "Labels" in preview.ui.previewStatusLabel.text
    assert not preview.ui.legendWidget.visible
    assert all(view.GetLabelVolumeID() is None for view in views)
    logic.setStatus(annotation, "csf", "not_annotated")
    waitFor(lambda: preview.ui.legendWidget.visible)
    assert preview.ui.previewStatusLabel.text == ""


def test_outside_the_region_nothing_is_known(preview, waitFor, scan):
    import slicer

    region = preview.ui.regionSelector.addNode()
    assert preview.parameterNode.region is region
    bounds, expected = [0.0] * 6, [0.0] * 6
    region.GetBounds(bounds)
    scan.GetRASBounds(expected)
    assert bounds == pytest.approx(expected)
    region.SetSize(4, 22, 20)
    waitFor(lambda: not preview.ui.shareUnknownLabel.text.startswith("0.0 %"))
    slicer.mrmlScene.RemoveNode(region)
    assert preview.parameterNode.region is None
    waitFor(lambda: preview.ui.shareUnknownLabel.text.startswith("0.0 %"))


def test_a_region_beside_the_scan_is_said_without_a_dialog(preview, waitFor, dialogs):
    region = preview.ui.regionSelector.addNode()
    region.SetCenter(500, 0, 0)
    waitFor(lambda: "holds no voxel" in preview.ui.previewStatusLabel.text)
    assert dialogs.messages == []


# Back into the scene


def test_a_case_comes_back_to_be_corrected(listed, waitFor, dialogs, logic):
    from PartialSegLib.scene.labelSegments import LabelSegments

    assert "Select a case" in listed.ui.loadCaseButton.toolTip
    chosen, scheme = listed.parameterNode, logic.scheme("dhcp9")
    before = chosen.inputVolume, chosen.segmentation
    chosen.subject, chosen.session, chosen.scheme = "", "", "brainstem"
    listed.ui.casesTable.selectRow(0)
    listed.ui.loadCaseButton.click()
    assert not listed.ui.loadCaseButton.enabled
    waitFor(lambda: not listed.busy)
    assert chosen.inputVolume.GetName() == "sub-01_ses-1"
    assert chosen.inputVolume is not before[0]
    assert chosen.segmentation is not before[1]
    assert (chosen.subject, chosen.session) == ("01", "1")
    assert logic.scheme(chosen.scheme).names == scheme.names
    again, first = (LabelSegments(each, scheme) for each in (chosen.segmentation, before[1]))
    assert again.statuses() == first.statuses()
    assert "export it anew" in listed.ui.statusLabel.text
    dialogs.answer("Yes")
    exportAndWait(listed, waitFor)
    assert dialogs.errors == []


def test_the_name_of_a_loaded_case_is_not_that_of_the_next_scan(listed, scan, waitFor):
    listed.ui.casesTable.selectRow(0)
    listed.ui.loadCaseButton.click()
    waitFor(lambda: not listed.busy)
    assert listed.parameterNode.subject == "01"
    listed.parameterNode.inputVolume = scan
    assert (listed.parameterNode.subject, listed.parameterNode.session) == ("", "")


def test_a_region_that_was_annotated_is_selected_again_with_its_case(listed, dataset, waitFor):
    from PartialSegLib.scene.region import regionFromROI

    region = block((5, 5, 5), (10, 10, 10))
    addCase(dataset, region, replace=True)
    listed.ui.casesTable.selectRow(0)
    listed.ui.loadCaseButton.click()
    waitFor(lambda: not listed.busy)
    chosen = listed.parameterNode
    assert np.array_equal(regionFromROI(chosen.region, chosen.inputVolume), region)
    assert "leave it selected as annotated region" in listed.ui.statusLabel.text


def test_what_was_finished_in_a_part_that_is_no_box_is_said(listed, dataset, waitFor):
    corner = block((5, 5, 5), (6, 6, 6))
    addCase(dataset, block((5, 5, 5), (10, 10, 10)) & ~corner, replace=True)
    listed.ui.casesTable.selectRow(0)
    listed.ui.loadCaseButton.click()
    waitFor(lambda: not listed.busy)
    assert "Total cerebrum" in listed.ui.statusLabel.text
    assert listed.parameterNode.region is None


def test_a_case_that_is_gone_is_said(listed, dataset, waitFor, dialogs):
    listed.ui.casesTable.selectRow(0)
    dataset.cases[0].sidecar_path.unlink()
    listed.ui.loadCaseButton.click()
    waitFor(lambda: not listed.busy)
    assert "does not exist" in dialogs.errors[0].text
    listed.ui.refreshButton.click()
    waitFor(lambda: listed.ui.casesTable.rowCount == 0)


def test_cases_that_cannot_be_read_are_listed_below_the_table(listed, dataset, waitFor):
    sidecar = dataset.cases[0].sidecar_path
    sidecar.write_text("{")
    listed.ui.refreshButton.click()
    waitFor(lambda: sidecar.name in listed.ui.casesStatusLabel.text)


def test_every_button_has_a_tooltip(export):
    ui = export.ui
    for button in (
        *(ui.exportButton, ui.cancelButton, ui.previewButton),
        *(ui.loadCaseButton, ui.openFolderButton, ui.refreshButton),
    ):
        assert button.toolTip


def test_the_section_as_it_looks(dataset, preview, waitFor, screenshot):
    addCase(dataset, subject="02", cgm="complete", csf="absent")
    addCase(dataset, subject="03", cgm="not_annotated")
    ui = preview.ui
    ui.refreshButton.click()
    waitFor(lambda: ui.casesTable.rowCount == 3)
    ui.casesTable.selectRow(1)
    ui.previewLabelComboBox.setCurrentIndex(ui.previewLabelComboBox.findData("cgm"))
    ui.subjectLineEdit.text, ui.annotatorLineEdit.text = "04", "ab"
    # The folder of a test says nothing to who looks at the picture.
    ui.datasetPathLineEdit.blockSignals(True)
    ui.datasetPathLineEdit.currentPath = "/home/ada/newborns"
    screenshot(preview, "export")
