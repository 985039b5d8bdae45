"""The stand-in keeps what it promises: what it lets pass, Slicer lets pass as well."""

import enum
import sys
from pathlib import Path
from typing import Annotated

import pytest

UI = """<?xml version="1.0" encoding="UTF-8"?>
<ui version="4.0"><class>Form</class>
<widget class="qMRMLWidget" name="Form"><layout class="QVBoxLayout">
 <item><widget class="ctkCollapsibleButton" name="box">
  <property name="text"><string>Box</string></property>
  <layout class="QFormLayout" name="form">
   <item row="0" column="0"><widget class="qMRMLNodeComboBox" name="volume">
    <property name="nodeTypes"><stringlist>
     <string>vtkMRMLScalarVolumeNode</string></stringlist></property>
    <property name="noneEnabled"><bool>true</bool></property>
    <property name="SlicerParameterName" stdset="0"><string>volume</string></property>
   </widget></item>
   <item row="1" column="0"><widget class="QLineEdit" name="subject">
    <property name="SlicerParameterName" stdset="0"><string>subject</string></property>
   </widget></item>
   <item row="2" column="0"><widget class="ctkPathLineEdit" name="path">
    <property name="filters"><set>ctkPathLineEdit::Dirs</set></property>
   </widget></item>
   <item row="3" column="0"><widget class="Line" name="line">
    <property name="orientation"><enum>Qt::Horizontal</enum></property></widget></item>
  </layout></widget></item></layout></widget>
<customwidgets/>
<connections><connection><sender>Form</sender><signal>mrmlSceneChanged(vtkMRMLScene*)</signal>
 <receiver>volume</receiver><slot>setMRMLScene(vtkMRMLScene*)</slot></connection></connections>
</ui>"""


@pytest.fixture
def qt(standIn):
    import qt

    return qt


@pytest.fixture
def ctk(standIn):
    import ctk

    return ctk


@pytest.fixture
def slicer(standIn):
    import slicer

    return slicer


@pytest.fixture
def slotErrors(standIn):
    """What went wrong in slots, forgiven at the end."""
    from slicer_stand_in.signals import errors

    yield errors
    errors.clear()


@pytest.fixture
def form(slicer, scene, tmp_path):
    path = tmp_path / "Form.ui"
    path.write_text(UI)
    widget = slicer.util.loadUI(str(path))
    widget.setMRMLScene(scene)
    return slicer.util.childWidgetVariables(widget)


def test_a_property_is_an_attribute_and_cannot_be_called(qt):
    label = qt.QLabel("dHCP")
    label.toolTip = "which one"
    assert (label.text, label.toolTip) == ("dHCP", "which one")
    with pytest.raises(TypeError, match="not callable"):
        label.text()


def test_slots_and_getters_without_a_property_are_methods(qt):
    button = qt.QPushButton("Go")
    button.setEnabled(False)
    assert button.isEnabled() is False
    assert button.enabled is False


@pytest.mark.parametrize(("name", "value"), [("enabeld", True), ("enabled", None), ("text", 3)])
def test_a_name_that_does_not_exist_and_a_value_that_does_not_fit_are_refused(qt, name, value):
    with pytest.raises(AttributeError):
        setattr(qt.QPushButton(), name, value)


def test_signals_are_connected_by_signature_or_by_name_and_pass_what_the_slot_takes(qt):
    button = qt.QPushButton()
    seen = []
    button.connect("clicked(bool)", lambda: seen.append("none"))
    button.clicked.connect(lambda checked: seen.append(checked))
    button.clicked.connect(lambda *every: seen.append(every))
    button.click()
    assert seen == ["none", False, (False,)]


def test_a_disconnected_slot_is_silent(qt):
    button = qt.QPushButton()
    seen = []
    button.connect("clicked()", seen.clear)
    slot = seen.append
    button.connect("clicked(bool)", slot)
    assert button.disconnect("clicked(bool)", slot)
    button.click()
    assert seen == []


def test_a_signal_that_does_not_exist_is_refused(qt):
    with pytest.raises(ValueError, match="does not exist"):
        qt.QPushButton().connect("pushed()", print)


def test_an_error_in_a_slot_is_kept_for_the_test(qt, slotErrors):
    button = qt.QPushButton()
    button.connect("clicked()", lambda: 1 / 0)
    button.click()
    assert [type(error) for error in slotErrors] == [ZeroDivisionError]


def test_enumerators_are_integers_of_their_class(qt):
    tree = qt.QTreeWidgetItem(["cgm"])
    tree.setData(0, qt.Qt.UserRole + 1, "name")
    assert tree.data(0, qt.Qt.UserRole + 1) == "name"
    assert qt.QMessageBox.Yes | qt.QMessageBox.No == 0x4000 | 0x10000
    tree.setFlags(tree.flags() & ~qt.Qt.ItemIsEnabled)
    assert not tree.flags() & qt.Qt.ItemIsEnabled
    with pytest.raises(AttributeError):
        _ = qt.Qt.ItemDataRole


def test_the_same_object_is_the_same_in_python(qt):
    parent = qt.QWidget()
    child = qt.QLabel("a", parent)
    assert parent.children()[0] is child
    assert child.parent() == parent
    assert len({child, *parent.children()}) == 1


def test_a_destroyed_object_is_false_and_says_so(qt):
    label = qt.QLabel("a")
    label.delete()
    assert not label
    with pytest.raises(ValueError, match="destroyed"):
        _ = label.text


def test_an_object_that_nobody_holds_is_gone_even_where_pyside_would_keep_it(qt):
    button = qt.QToolButton()
    button.setMenu(qt.QMenu())
    assert button.menu() is None
    button.setMenu(qt.QMenu(button))
    assert button.menu().className() == "QMenu"


def test_a_path_has_to_be_made_a_text(qt):
    with pytest.raises(ValueError, match="str"):
        qt.QLabel().setText(Path("scan.nii.gz"))


def test_names_of_pyside_alone_are_not_offered(qt):
    for name in ("Signal", "Slot", "Property"):
        assert not hasattr(qt, name)
    with pytest.raises(TypeError):
        type("Mine", (qt.QLabel,), {})


def test_a_collapsed_button_hides_its_content_but_not_what_hides_itself(qt, ctk, standIn):
    box = ctk.ctkCollapsibleButton()
    layout = qt.QVBoxLayout(box)
    shown, hidden = qt.QLabel("a"), qt.QLabel("b")
    for each in (shown, hidden):
        layout.addWidget(each)
    hidden.visible = False
    standIn.show(box)
    box.collapsed = True
    assert not shown.visible
    box.collapsed = False
    assert shown.visible
    assert not hidden.visible


def test_a_path_is_chosen_in_a_dialog_that_the_test_answers(ctk, dialogs):
    line = ctk.ctkPathLineEdit()
    seen = []
    line.connect("currentPathChanged(QString)", seen.append)
    dialogs.choose("/scans")
    line.browse()
    assert line.currentPath == "/scans"
    assert seen == ["/scans"]
    line.currentPath = ""
    assert seen == ["/scans"]


def test_a_ui_file_gives_its_widgets_and_passes_the_scene_on(form, scene):
    assert form.volume.mrmlScene() is scene
    assert form.volume.noneEnabled
    assert form.subject.property("SlicerParameterName") == "subject"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('class="QLineEdit"', 'class="QLineEditor"', "class"),
        ('"noneEnabled"', '"noneEnable"', "property"),
        ("mrmlSceneChanged", "sceneChanged", "signal"),
        ("<receiver>volume", "<receiver>scan", "scan"),
    ],
)
def test_what_a_ui_file_has_wrong_is_said(slicer, tmp_path, old, new, message):
    path = tmp_path / "Form.ui"
    path.write_text(UI.replace(old, new))
    with pytest.raises(ValueError, match=message):
        slicer.util.loadUI(str(path))


def test_a_node_selector_follows_the_scene(form, slicer, scene):
    seen = []
    form.volume.connect("currentNodeChanged(vtkMRMLNode*)", seen.append)
    node = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "scan")
    scene.AddNewNodeByClass("vtkMRMLSegmentationNode")
    assert form.volume.nodeCount() == 1
    form.volume.setCurrentNode(node)
    scene.RemoveNode(node)
    assert seen == [node, None]
    assert form.volume.currentNode() is None


def test_a_selector_without_none_takes_the_first_node_that_comes(slicer, scene):
    box = slicer.qMRMLNodeComboBox()
    box.nodeTypes = ["vtkMRMLScalarVolumeNode"]
    box.setMRMLScene(scene)
    node = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "scan")
    assert box.currentNode() is node


class Kind(enum.Enum):
    SMALL = 1
    LARGE = 2


@pytest.fixture
def Parameters(slicer):
    from slicer.parameterNodeWrapper import WithinRange, parameterNodeWrapper

    class Parameters:
        volume: slicer.vtkMRMLScalarVolumeNode
        subject: str = "01"
        epochs: Annotated[int, WithinRange(1, 9)] = 3
        rate: float = 0.5
        full: bool = True
        kind: Kind = Kind.LARGE
        folder: Path = Path("runs")

    return parameterNodeWrapper(Parameters)


@pytest.fixture
def node(scene):
    return scene.AddNewNodeByClass("vtkMRMLScriptedModuleNode")


def test_parameters_are_stored_as_slicer_stores_them(Parameters, node, scene):
    parameters = Parameters(node)
    volume = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode")
    parameters.volume = volume
    parameters.full = False
    assert node.GetNodeReference("volume") is volume
    stored = {name: node.GetParameter(name) for name in node.GetParameterNames()}
    assert stored == {
        "volume": "",
        "subject": "01",
        "epochs": "3",
        "rate": "0.5",
        "full": "False",
        "kind": "LARGE",
        "folder": "runs",
    }


def test_parameters_come_back_with_the_scene(Parameters, node, scene, tmp_path):
    parameters = Parameters(node)
    parameters.volume = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "scan")
    parameters.kind = Kind.SMALL
    scene.SetURL(str(tmp_path / "scene.mrml"))
    scene.Commit()
    scene.Clear(True)
    scene.Connect()
    again = Parameters(scene.GetFirstNodeByClass("vtkMRMLScriptedModuleNode"))
    assert again.volume.GetName() == "scan"
    assert again.kind is Kind.SMALL


@pytest.mark.parametrize(
    ("name", "value"), [("subject", None), ("subject", 1), ("epochs", 10), ("volume", "scan")]
)
def test_a_value_of_the_wrong_type_or_range_is_refused(Parameters, node, name, value):
    with pytest.raises((TypeError, ValueError)):
        setattr(Parameters(node), name, value)


def test_parameters_and_widgets_follow_each_other_until_they_are_parted(
    Parameters, node, form, scene
):
    parameters = Parameters(node)
    tag = parameters.connectGui(form)
    form.subject.text = "02"
    assert parameters.subject == "02"
    volume = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode")
    parameters.volume = volume
    assert form.volume.currentNode() is volume
    parameters.disconnectGui(tag)
    form.subject.text = "03"
    assert parameters.subject == "02"


def test_a_widget_that_does_not_fit_the_type_is_refused(Parameters, node, qt):
    with pytest.raises(RuntimeError, match="Unable to create GUI connector"):
        Parameters(node).connectParametersToGui({"epochs": qt.QLineEdit()})


def test_messages_are_kept_and_questions_answered(slicer, dialogs):
    slicer.util.errorDisplay("The folder is full.", detailedText="errno 28")
    dialogs.answer("No")
    assert slicer.util.confirmYesNoDisplay("Replace it?") is False
    assert [message.text for message in dialogs.errors] == ["The folder is full."]
    assert dialogs.errors[0].details == "errno 28"


def test_a_question_without_an_answer_fails_the_test(slicer, slotErrors):
    with pytest.raises(AssertionError, match="would wait"):
        slicer.util.confirmOkCancelDisplay("Go on?")
    assert len(slotErrors) == 1


def test_missing_packages_are_asked_for_and_a_refusal_is_an_error(slicer, dialogs, packages):
    packages.lack("nibabel")
    dialogs.answer("Cancel", "Ok")
    with pytest.raises(RuntimeError, match="declined"):
        slicer.packaging.pip_ensure(["nibabel>=5"])
    slicer.packaging.pip_ensure(["nibabel>=5", "numpy"])
    assert packages.installed == ["nibabel>=5"]


def test_the_mask_of_the_segment_editor_needs_its_segment_first(slicer, scene):
    widget = slicer.qMRMLSegmentEditorWidget()
    widget.setMRMLScene(scene)
    editor = scene.AddNewNodeByClass("vtkMRMLSegmentEditorNode")
    widget.setMRMLSegmentEditorNode(editor)
    segmentation = scene.AddNewNodeByClass("vtkMRMLSegmentationNode")
    segmentation.GetSegmentation().AddEmptySegment("tcv", "TCV")
    widget.setSegmentationNode(segmentation)
    inside = slicer.vtkMRMLSegmentationNode.EditAllowedInsideSingleSegment
    editor.SetMaskMode(inside)
    assert editor.GetMaskMode() == slicer.vtkMRMLSegmentationNode.EditAllowedEverywhere
    editor.SetMaskSegmentID("tcv")
    editor.SetMaskMode(inside)
    assert editor.GetMaskMode() == inside


def test_settings_go_to_a_folder_of_the_test(qt, tmp_path):
    qt.QSettings().setValue("PartialSeg/annotator", "ab")
    settings = qt.QSettings()
    settings.sync()
    assert Path(settings.fileName()).is_relative_to(tmp_path)


def test_text_can_be_read_in_pictures(qt, standIn, tmp_path):
    from slicer_stand_in.picture import savePicture

    label = qt.QLabel("Segment neonate")
    savePicture(label, tmp_path / "text.png")
    picture = qt.QImage(str(tmp_path / "text.png"))
    shades = {picture.pixel(x, y) for x in range(picture.width()) for y in range(picture.height())}
    assert len(shades) > 8


def test_what_came_with_qt_6_or_is_pysides_own_is_refused(qt):
    assert not hasattr(qt, "QRangeModel")
    assert not hasattr(qt.QFormLayout(), "setRowVisible")
    assert not hasattr(qt.QCheckBox(), "checkStateChanged")
    assert not hasattr(qt.QComboBox(), "labelDrawingMode")
    assert not hasattr(qt.QColor(), "toTuple")
    with pytest.raises(ValueError, match="does not exist"):
        qt.QCheckBox().connect("checkStateChanged(Qt::CheckState)", print)


def test_a_scene_is_saved_and_loaded_through_slicers_own_functions(slicer, scene, tmp_path):
    scene.AddNewNodeByClass("vtkMRMLScriptedModuleNode", "choices")
    assert slicer.util.saveScene(str(tmp_path / "scene.mrml"), {})
    scene.Clear(False)
    slicer.util.loadScene(str(tmp_path / "scene.mrml"), {})
    assert scene.GetFirstNodeByName("choices") is not None


def test_a_volume_is_loaded_and_shown(slicer, tmp_path):
    import nibabel
    import numpy as np

    path = tmp_path / "scan.nii.gz"
    nibabel.save(nibabel.Nifti1Image(np.ones((4, 5, 6), np.int16), np.eye(4)), path)
    node = slicer.util.loadVolume(str(path), {})
    assert node.GetName() == "scan"
    red = slicer.app.layoutManager().sliceWidget("Red").sliceLogic()
    assert red.GetBackgroundLayer().GetVolumeNode() is node


MODULE = """
import qt, slicer
from slicer.ScriptedLoadableModule import *

class Small(ScriptedLoadableModule):
    def __init__(self, parent):
        ScriptedLoadableModule.__init__(self, parent)
        parent.title = "Small"

class SmallWidget(ScriptedLoadableModuleWidget):
    told = []
    def setup(self):
        self.layout.addWidget(qt.QLabel("small"))
    def enter(self): self.told.append("enter")
    def exit(self): self.told.append("exit")
    def cleanup(self): self.told.append("cleanup")
"""


@pytest.fixture
def small(standIn, tmp_path, monkeypatch):
    path = tmp_path / "Small.py"
    path.write_text(MODULE)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield standIn.openModule(path)
    sys.modules.pop("Small")


def test_a_module_is_entered_left_and_unloaded(small, standIn, slicer):
    assert slicer.modules.small.title == "Small"
    assert small.parent.isEntered
    standIn.leaveModule("Small")
    standIn.unloadModule("Small")
    assert small.told == ["enter", "exit", "cleanup"]


def test_a_reloaded_module_has_a_new_widget(small, slicer):
    small.onReload()
    again = slicer.modules.SmallWidget
    assert again is not small
    assert small.told == ["enter", "cleanup"]
    assert [each.text for each in again.parent.findChildren("QLabel")][-1] == "small"


def test_nothing_of_a_session_is_left(tmp_path):
    pytest.importorskip("PySide6.QtWidgets", exc_type=ImportError)
    slicer = pytest.importorskip("slicer")
    from slicer_stand_in.session import session

    with session(tmp_path):
        assert slicer.app.mrmlScene() is slicer.mrmlScene
    assert not hasattr(slicer, "app")
    assert "qt" not in sys.modules
    assert "slicer.parameterNodeWrapper" not in sys.modules


def test_the_dock_grows_with_the_size_hint_and_does_not_shrink(qt, standIn):
    from slicer_stand_in.session import settle

    content = qt.QWidget()
    layout = qt.QVBoxLayout(content)
    label = qt.QLabel("short")
    layout.addWidget(label)
    standIn.window.resize(200, 200)
    standIn.show(content)
    label.text = "long " * 100
    settle()
    wide = standIn.window.width()
    assert wide > 400
    label.text = "short"
    settle()
    assert standIn.window.width() == wide


def test_a_display_node_goes_with_its_node(slicer, scene):
    node = scene.AddNewNodeByClass("vtkMRMLSegmentationNode")
    node.CreateDefaultDisplayNodes()
    display = node.GetDisplayNode()
    scene.RemoveNode(node)
    assert display.GetScene() is None
    with pytest.raises(ValueError, match="not in the scene"):
        scene.RemoveNode(display)
