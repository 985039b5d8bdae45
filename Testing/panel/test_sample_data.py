"""The samples of the module: listed at start-up, made or fetched on a click and not before."""

import hashlib
import re
import shutil
from pathlib import Path

import numpy as np
import pytest

THUMBNAIL_BYTES = 30_000


@pytest.fixture
def sources(standIn):
    """What Sample Data shows in the module's category, by name."""
    from SampleData import SampleDataLogic

    from PartialSegLib.samples.sampleData import registerSampleData

    registerSampleData()
    found = SampleDataLogic.sampleDataSourcesByCategory("PartialSeg")
    return {source.sampleName: source for source in found}


def click(source):
    """What the button of a sample does."""
    return source.customDownloader(source)


def statuses(scene, scheme):
    """The statuses of the one segmentation in the scene."""
    from PartialSegLib.scene.labelSegments import LabelSegments

    nodes = scene.GetNodesByClass("vtkMRMLSegmentationNode")
    assert nodes.GetNumberOfItems() == 1
    return {
        name: status.value
        for name, status in LabelSegments(nodes.GetItemAsObject(0), scheme).statuses().items()
    }


def test_samples_are_listed_once_under_the_name_of_the_module(sources, scene):
    import slicer
    from SampleData import SampleDataLogic

    from PartialSegLib.samples.sampleData import registerSampleData

    assert {"Phantom newborn", "Phantom newborn, partly annotated"} < set(sources)
    assert any("atlas" in name for name in sources)
    assert slicer.modules.sampleDataSourceCategories["PartialSeg"]["title"] == "PartialSeg"
    registerSampleData()
    assert len(SampleDataLogic.sampleDataSourcesByCategory("PartialSeg")) == len(sources)
    assert scene.GetNumberOfNodesByClass("vtkMRMLVolumeNode") == 0


def test_a_slicer_without_titles_of_categories_gets_the_samples_too(standIn, monkeypatch):
    from SampleData import SampleDataLogic

    from PartialSegLib.samples.sampleData import registerSampleData

    monkeypatch.delattr(SampleDataLogic, "registerCustomSampleDataCategory")
    registerSampleData()
    assert SampleDataLogic.sampleDataSourcesByCategory("PartialSeg")


def test_every_download_is_one_file_for_ever_and_every_thumbnail_is_small(sources):
    names = [name for source in sources.values() for name in source.fileNames]
    assert len(names) == len(set(names)) and all(name.startswith("PartialSeg-") for name in names)
    for source in sources.values():
        assert 0 < Path(source.thumbnailFileName).stat().st_size < THUMBNAIL_BYTES
        for uri, checksum in zip(source.uris, source.checksums, strict=True):
            assert re.match(r"https://.*/[0-9a-f]{40}/", uri), "a branch may change"
            assert re.fullmatch(r"SHA256:[0-9a-f]{64}", checksum)


def atlasFile(atlas, uri):
    """The file of the atlas on this machine that a download is."""
    week, name = re.search(r"fetal_SB_atlas_(\w+)/(\w+)\.nii\.gz$", uri).groups()
    return atlas / week / {"srr": "T2w.nii.gz", "parcellation": "parcellation.nii.gz"}[name]


def test_the_checksums_are_those_of_the_atlas(sources, atlas):
    checked = 0
    for source in sources.values():
        for uri, checksum in zip(source.uris, source.checksums, strict=True):
            content = atlasFile(atlas, uri).read_bytes()
            assert checksum == f"SHA256:{hashlib.sha256(content).hexdigest()}"
            checked += 1
    assert checked >= 2


def test_a_phantom_is_made_on_the_spot(sources, scene):
    import slicer

    node = click(sources["Phantom newborn"])
    assert node.GetName() == "Phantom newborn" and node.IsA("vtkMRMLScalarVolumeNode")
    assert slicer.util.arrayFromVolume(node).std() > 0
    assert node.GetSpacing() == pytest.approx((1, 1, 1))
    assert scene.GetNumberOfNodesByClass("vtkMRMLSegmentationNode") == 0


def test_a_partly_annotated_phantom_has_some_finished_labels_and_says_nothing_of_the_others(
    sources, scene
):
    from partialseg_trainer.labels import LabelScheme
    from PartialSegLib.annotation.scanAnnotation import Annotation

    scheme = LabelScheme.load("dhcp9")
    node = click(sources["Phantom newborn, partly annotated"])
    status = statuses(scene, scheme)
    finished = {name for name in status if status[name] == "complete"}
    assert finished == {"tcv", "cerebellum", "brainstem"}
    assert {status[name] for name in status if name not in finished} == {"not_annotated"}
    segmentation = scene.GetFirstNodeByClass("vtkMRMLSegmentationNode")
    sets = Annotation.of(segmentation, node, scheme).labelSets()
    cerebrum = sets.value_of("tcv") == 1
    assert 1e5 < np.count_nonzero(cerebrum) < 6e5
    assert (sets.value_of("wm")[cerebrum] == 2).all()


def test_a_fully_annotated_phantom_leaves_nothing_open(sources, scene):
    from partialseg_trainer.labels import LabelScheme

    click(sources["Phantom newborn, fully annotated"])
    assert set(statuses(scene, LabelScheme.load("dhcp9")).values()) == {"complete"}


def test_a_phantom_can_be_cancelled(sources, scene, dialogs):
    import qt
    from PySide6 import QtWidgets

    def cancel():
        for widget in QtWidgets.QApplication.topLevelWidgets():
            if isinstance(widget, QtWidgets.QProgressDialog):
                assert widget.isVisible()
                widget.cancel()

    qt.QTimer.singleShot(100, cancel)
    assert click(sources["Phantom newborn"]) is None
    assert scene.GetNumberOfNodesByClass("vtkMRMLVolumeNode") == 0
    assert dialogs.messages == []


def test_packages_that_are_refused_leave_a_sentence(sources, packages, dialogs, scene, standIn):
    packages.lack("scipy")
    dialogs.answer("Cancel")
    assert click(sources["Phantom newborn"]) is None
    assert not dialogs.errors, "whoever declines needs no further window"
    assert "make a phantom" in standIn.window.statusBar().currentMessage()
    assert scene.GetNumberOfNodesByClass("vtkMRMLVolumeNode") == 0


@pytest.fixture
def downloads(standIn, monkeypatch, tmp_path, scene):
    """Stands in for what Sample Data downloads and for Slicer's readers: say what files come."""
    import nibabel
    import slicer
    from SampleData import SampleDataLogic

    files = {}

    def read(path, **kind):
        image = nibabel.load(path)
        values = np.asarray(image.dataobj).T
        return slicer.util.addVolumeFromArray(values, image.affine, **kind)

    def downloadFromSource(self, source):
        results = []
        for uri, name, node, load in zip(
            source.uris, source.fileNames, source.nodeNames, source.loadFiles, strict=True
        ):
            path = tmp_path / name
            if uri in files:
                shutil.copy(files[uri], path)
            # As Slicer does: no node of what cannot be loaded, but the path of any other file.
            if not load:
                results.append(str(path))
            elif path.is_file():
                results.append(read(path, name=node))
        return results

    monkeypatch.setattr(SampleDataLogic, "downloadFromSource", downloadFromSource, raising=False)
    monkeypatch.setattr(
        slicer.util,
        "loadLabelVolume",
        lambda path, properties: read(path, nodeClassName="vtkMRMLLabelMapVolumeNode"),
    )
    return files


def test_a_volume_of_the_atlas_comes_with_all_its_labels_complete(sources, downloads, atlas, scene):
    import slicer

    from partialseg_trainer.labels import LabelScheme
    from PartialSegLib.annotation.scanAnnotation import Annotation

    name = next(name for name in sources if "atlas" in name)
    for uri in sources[name].uris:
        downloads[uri] = atlasFile(atlas, uri)
    node = click(sources[name])
    scheme = LabelScheme.load("fetal8")
    assert node.GetName() == name
    assert set(statuses(scene, scheme).values()) == {"complete"}
    segmentation = scene.GetFirstNodeByClass("vtkMRMLSegmentationNode")
    assert Annotation.of(segmentation, node, scheme).labelSets().fully_known
    assert scene.GetNumberOfNodesByClass("vtkMRMLLabelMapVolumeNode") == 0
    assert "Cache removes them" in slicer.util.mainWindow().statusBar().currentMessage()


@pytest.mark.parametrize("arrives", ["nothing", "image", "labelmap"])
def test_a_download_that_fails_leaves_a_sentence_and_nothing_else(
    sources, downloads, atlas, scene, dialogs, arrives
):
    name = next(name for name in sources if "atlas" in name)
    image, labelmap = sources[name].uris
    if arrives != "nothing":
        uri = image if arrives == "image" else labelmap
        downloads[uri] = atlasFile(atlas, uri)
    assert click(sources[name]) is None
    assert "could not be downloaded" in dialogs.errors[0].text
    assert scene.GetNumberOfNodesByClass("vtkMRMLVolumeNode") == 0


def test_a_script_is_told_when_a_sample_does_not_exist(logic):
    from partialseg_trainer.errors import UserError

    with pytest.raises(UserError, match="no sample 'MRHead'"):
        logic.loadSample("MRHead")


def test_after_reload_the_buttons_of_before_know_the_errors_of_now(
    standIn, moduleWidget, packages, dialogs
):
    """Slicer keeps the function that was registered first, whose module is not the one at work."""
    from SampleData import SampleDataLogic

    found = SampleDataLogic.sampleDataSourcesByCategory("PartialSeg")
    source = next(each for each in found if each.sampleName == "Phantom newborn")
    moduleWidget.onReload()
    packages.lack("scipy")
    dialogs.answer("Cancel")
    assert click(source) is None
    assert not dialogs.errors
