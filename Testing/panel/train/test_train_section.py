"""Section "Train": started, watched, stopped, resumed and found again, with real trainings."""

import contextlib
import shutil
import socket
import sys
from pathlib import Path

import pytest
import slicer

from ball_scans import SCHEME, make_dataset
from partialseg_trainer.errors import UserError
from partialseg_trainer.runs import (
    RunFolder,
    RunState,
    kill,
    list_runs,
    liveness,
    new_run_path,
    read_status,
    request_stop,
    start,
    status,
)

SMALL_TRAINING = Path(__file__).resolve().parents[2] / "runs" / "small_training.py"
STATE, EPOCH, TIME_LEFT, BEST_DICE, DEVICE = range(1, 6)
# A process that trains takes seconds to begin, and more on a busy computer.
TRAINING_SECONDS = 200
RUN_BUTTONS = (
    *("stopButton", "resumeButton", "stopNowButton"),
    *("plotLossesButton", "plotDiceButton", "openFolderButton", "useModelButton"),
)


@pytest.fixture
def balls(tmp_path) -> Path:
    """The folder of a dataset of small scans."""
    return make_dataset(tmp_path / "newborns", full=2, partial=2).folder


@pytest.fixture
def train(logic):
    """Builds the section, opened as a user sees it; each is like one in a window of its own."""
    built = []

    def build():
        from PartialSegLib.panel.train.section import TrainSection

        made = TrainSection(logic)
        made.setParameterNode(logic.getParameterNode())
        made.enter()
        made.ui.trainCollapsibleButton.collapsed = False
        built.append(made)
        return made

    yield build
    for made in built:
        made.cleanup()
    for run in list_runs():
        with contextlib.suppress(UserError):  # it is over, elsewhere or damaged
            kill(run)


@pytest.fixture
def smallRun(standIn):
    """Starts a process that behaves as a training does, within milliseconds."""

    def begin(manner: str) -> RunFolder:
        run = RunFolder.create(new_run_path("small"), {"dataset": "/nowhere"})
        start(run, argv=[sys.executable, str(SMALL_TRAINING), str(run.path), manner])
        return run

    return begin


def chooseQuickTraining(train, dataset: Path, epochs: int) -> None:
    """Fill in the form so that an epoch takes a fraction of a second."""
    train.parameterNode.dataset = str(dataset)
    train.parameterNode.device = "cpu"
    ui = train.ui
    ui.networkComboBox.currentIndex = 1
    ui.epochsSpinBox.value = epochs
    ui.patchSpinBox.value = 32
    ui.batchSizeSpinBox.value = 8
    ui.slicesSpinBox.value = 32
    ui.validationSpinBox.value = 25


def rowTexts(train, row: int = 0) -> list[str]:
    item = train.ui.runsTree.topLevelItem(row)
    return [item.text(column) for column in range(6)] if item else [""] * 6


def shows(train, state: str):
    """A condition: the first run is in this state, in words."""

    def isShown() -> bool:
        found = rowTexts(train)[STATE]
        assert found == state or found not in ("Failed", "Interrupted"), train.ui.runLabel.text
        return found == state

    return isShown


def isOver(run: RunFolder):
    return lambda: read_status(run).over


def test_a_training_outlives_the_scene_and_its_model_is_used(
    train, balls, waitFor, scene, dialogs, screenshot
):
    panel = train()
    chooseQuickTraining(panel, balls, epochs=3)
    panel.ui.startButton.click()
    assert not panel.ui.startButton.enabled
    assert "checked" in panel.ui.startButton.toolTip
    panel.setParameterNode(None)
    scene.Clear(False)
    panel.setParameterNode(panel.logic.getParameterNode())
    assert panel.parameterNode.dataset == str(balls)
    waitFor(lambda: panel.ui.runsTree.topLevelItem(0), TRAINING_SECONDS)
    assert rowTexts(panel)[0].endswith("-newborns")
    waitFor(shows(panel, "Finished"), TRAINING_SECONDS)
    bar = panel.ui.runsTree.itemWidget(panel.ui.runsTree.topLevelItem(0), EPOCH)
    assert (bar.value, bar.maximum) == (3, 3)
    assert rowTexts(panel)[DEVICE].startswith("CPU")
    float(rowTexts(panel)[BEST_DICE])
    panel.ui.logGroupBox.collapsed = False
    assert panel.ui.stopButton.toolTip == "This run is not at work."
    assert "finished" in panel.ui.resumeButton.toolTip

    panel.ui.useModelButton.click()
    waitFor(lambda: panel.parameterNode.model)

    model = Path(panel.parameterNode.model)
    assert (model / "weights.safetensors").is_file()
    assert str(model) in [card.name for card in panel.logic.models()]
    titles = [
        panel.ui.initialModelComboBox.itemText(row)
        for row in range(panel.ui.initialModelComboBox.count)
    ]
    assert any(title.startswith("newborns") for title in titles)
    assert "model is ready" in panel.ui.runLabel.text
    # The picture is for the documentation; where the test ran is of no interest there.
    panel.ui.datasetPathLineEdit.currentPath = "/home/ada/newborns"
    screenshot(panel, "train")
    assert not dialogs.messages


def test_a_training_is_stopped_resumed_and_ended_at_once(train, balls, waitFor, dialogs):
    panel = train()
    # Without validation it has no reason to end early.
    chooseQuickTraining(panel, balls, epochs=100000)
    # One training and no first stage, so that there is a model wherever it ends.
    panel.ui.strategyComboBox.currentIndex = row_of(panel.logic.strategies(), "plain")
    panel.ui.validationSpinBox.value = 0
    panel.ui.startButton.click()
    waitFor(
        lambda: shows(panel, "At work")() and panel._runs.selected.status.epoch, TRAINING_SECONDS
    )
    # It is told after some steps.
    waitFor(lambda: rowTexts(panel)[TIME_LEFT])
    panel.ui.stopButton.click()
    assert rowTexts(panel)[STATE] == "Stopping"
    assert "asked to stop" in panel.ui.stopButton.toolTip
    waitFor(shows(panel, "Stopped"))
    assert "resume" in panel.ui.runLabel.text
    reached = panel._runs.selected.status.epoch

    panel.ui.resumeButton.click()
    waitFor(
        lambda: shows(panel, "At work")() and panel._runs.selected.status.epoch > reached,
        TRAINING_SECONDS,
    )
    dialogs.answer("No", "Yes")
    panel.ui.stopNowButton.click()
    assert rowTexts(panel)[STATE] == "At work"
    panel.ui.stopNowButton.click()
    waitFor(shows(panel, "Interrupted"))
    assert panel.ui.resumeButton.enabled
    assert panel.ui.useModelButton.enabled


def test_the_model_of_a_run_is_chosen_in_the_section_that_segments(panel, scene, waitFor):
    from PartialSegLib.engine.models import defaultModel
    from PartialSegLib.panel.segmentNeonate.section import SegmentNeonateSection
    from PartialSegLib.panel.train.section import TrainSection

    run = RunFolder.create(new_run_path("small"), {"dataset": "/nowhere"})
    shutil.copytree(defaultModel(), run.model)
    train, segment = panel.section(TrainSection), panel.section(SegmentNeonateSection)
    train.ui.trainCollapsibleButton.collapsed = False
    train.ui.useModelButton.click()
    assert "being copied" in train.ui.useModelButton.toolTip
    waitFor(lambda: train.parameterNode.model)
    chosen = Path(train.parameterNode.model)
    assert chosen != run.model
    assert Path(segment.ui.modelComboBox.currentData) == chosen
    scene.Clear(False)
    assert train._runs.selected.run == run
    assert train._timer.active


def test_a_dataset_that_does_not_exist_is_told_and_no_run_is_made(
    train, tmp_path, waitFor, dialogs
):
    panel = train()
    panel.parameterNode.dataset = str(tmp_path / "gone")
    panel.ui.startButton.click()
    waitFor(lambda: not panel.busy)
    (message,) = dialogs.errors
    assert "gone" in message.text
    assert message.text in panel.ui.startLabel.text
    assert panel.ui.startButton.enabled
    assert not list_runs()


def test_another_window_and_the_next_start_see_the_same_runs(train, smallRun, waitFor):
    run = smallRun("until stopped")
    first, second = train(), train()
    waitFor(lambda: shows(first, "At work")() and shows(second, "At work")())
    first.cleanup()
    restarted = train()
    assert rowTexts(restarted)[0] == run.name
    assert restarted._runs.selected.run == run
    second.ui.stopButton.click()
    waitFor(lambda: shows(second, "Stopped")() and shows(restarted, "Stopped")())


def test_a_run_that_another_program_starts_appears_and_the_selection_stays(
    train, smallRun, waitFor
):
    older = smallRun("to the end")
    panel = train()
    waitFor(shows(panel, "Finished"))
    newer = smallRun("to the end")
    waitFor(lambda: panel.ui.runsTree.topLevelItem(1))
    assert rowTexts(panel)[0] == newer.name
    assert panel._runs.selected.run == older


def test_a_run_whose_folder_is_deleted_leaves_the_table(train, smallRun, waitFor):
    run = smallRun("to the end")
    panel = train()
    waitFor(shows(panel, "Finished"))
    run.path.rename(run.path.parent.parent / "elsewhere")
    waitFor(lambda: panel.ui.runsTree.topLevelItem(0) is None)
    assert panel.ui.runsLabel.text == "There are no trainings yet."
    assert "Select a run" in panel.ui.openFolderButton.toolTip


@pytest.mark.parametrize(
    ("manner", "sentence"),
    [("user error", "No scan is fully labelled; label one."), ("bug", "RuntimeError")],
)
def test_a_failed_run_shows_its_sentence_and_its_log(train, smallRun, waitFor, manner, sentence):
    smallRun(manner)
    panel = train()
    waitFor(shows(panel, "Failed"))
    assert sentence in panel.ui.runLabel.text
    panel.ui.logGroupBox.collapsed = False
    assert "Traceback" in panel.ui.logTextEdit.plainText


def test_a_damaged_status_is_told_in_its_row_and_the_others_are_shown(train, smallRun, waitFor):
    damaged = smallRun("to the end")
    waitFor(isOver(damaged))
    damaged.status_file.write_text("{")
    smallRun("to the end")
    panel = train()
    waitFor(shows(panel, "Finished"))
    assert rowTexts(panel, 1)[STATE] == "Damaged"
    panel._runs.select(damaged.path)
    assert "status.json" in panel.ui.runLabel.text
    for name in ("stopButton", "resumeButton", "stopNowButton"):
        assert "status.json" in getattr(panel.ui, name).toolTip


def test_a_run_on_another_computer_can_be_stopped_but_not_ended(
    train, smallRun, waitFor, monkeypatch
):
    run = smallRun("until stopped")
    waitFor(lambda: read_status(run).state is RunState.RUNNING)
    here = socket.gethostname()
    for module in (status, liveness):
        monkeypatch.setattr(module, "this_computer", lambda: "another")
    panel = train()
    waitFor(shows(panel, "At work"))
    assert panel.ui.stopButton.enabled
    assert here in panel.ui.stopNowButton.toolTip
    panel.ui.stopButton.click()
    waitFor(shows(panel, "Stopped"))


def test_a_button_that_is_disabled_says_why(train):
    panel = train()
    assert not panel.ui.startButton.enabled
    assert panel.ui.startButton.toolTip == "Choose the folder of the dataset first."
    for name in RUN_BUTTONS:
        button = getattr(panel.ui, name)
        assert not button.enabled
        assert button.toolTip == "Select a run in the table first."


def test_a_run_without_epochs_has_nothing_to_plot_or_use(train, smallRun, waitFor):
    run = RunFolder.create(new_run_path("prepared"), {"dataset": "/nowhere"})
    panel = train()
    assert rowTexts(panel)[:2] == [run.name, "Not started"]
    assert "first epoch" in panel.ui.plotDiceButton.toolTip
    assert "no model yet" in panel.ui.useModelButton.toolTip
    assert panel.ui.resumeButton.enabled


def test_the_folder_of_a_run_is_opened(train, smallRun, dialogs, waitFor):
    run = smallRun("to the end")
    panel = train()
    panel.ui.openFolderButton.click()
    assert dialogs.opened == [f"file://{run.path}"]


def test_refused_packages_leave_a_line_and_no_training(train, balls, packages, dialogs):
    packages.lack("lightning", "torch")
    panel = train()
    panel.parameterNode.dataset = str(balls)
    dialogs.answer("Cancel")
    panel.ui.startButton.click()
    assert not panel.busy
    assert "Nothing was installed" in panel.ui.startLabel.text
    assert panel.ui.startButton.enabled


def test_without_the_packages_for_files_a_quiet_line_tells_so(train, packages, dialogs):
    packages.lack("psutil")
    panel = train()
    assert "Start training asks you" in panel.ui.runsLabel.text
    assert not dialogs.messages


def test_runs_are_read_only_while_they_can_be_seen(train):
    panel = train()
    assert panel._timer.active
    panel.ui.trainCollapsibleButton.collapsed = True
    assert not panel._timer.active
    panel.ui.trainCollapsibleButton.collapsed = False
    panel.exit()
    assert not panel._timer.active
    panel.enter()
    assert panel._timer.active


def test_a_file_is_not_read_again_before_it_changes(standIn, smallRun, waitFor, monkeypatch):
    import partialseg_trainer.runs
    from PartialSegLib.training.runs import RunReader

    run = smallRun("to the end")
    waitFor(isOver(run))
    reader = RunReader()
    before = reader.read()
    with monkeypatch.context() as patched:
        patched.setattr(partialseg_trainer.runs, "read_run", None)
        assert reader.read() == before
    run.metrics_file.write_text("epoch,validation_dice\n0,0.25\n1,0.75\n2,\n")
    assert [reading.best_dice for reading in reader.read()] == [0.75]


def test_the_form_begins_with_what_the_engine_takes_by_default(train):
    from partialseg_trainer.training import TrainConfig

    settings = train()._form.settings("/data/newborns", "auto")
    config = TrainConfig.checked(settings)
    assert config == TrainConfig(dataset="/data/newborns", name="newborns")


def test_the_panel_recommends_what_the_engine_names_first(train, logic, monkeypatch):
    for kind in ("methods", "strategies"):
        monkeypatch.setattr(type(logic), kind, _reversed(getattr(logic, kind)()))
    settings = train()._form.settings("/data/newborns", "auto")
    assert settings["loss"] == logic.methods()[0].name
    assert settings["strategy"] == logic.strategies()[0].name
    assert train().ui.methodComboBox.currentText.endswith("(recommended)")


def _reversed(entries):
    return lambda logic: entries[::-1]


def test_a_training_has_the_network_that_was_chosen_and_what_that_needs(train):
    from partialseg_trainer.training import TrainConfig

    panel = train()
    for row, network in enumerate(panel.logic.networks()):
        panel.ui.networkComboBox.currentIndex = row
        config = TrainConfig.checked(panel._form.settings("/data/newborns", "auto"))
        named = {"dataset": "/data/newborns", "name": "newborns"}
        assert config == TrainConfig.checked({**named, **network.settings})
        assert network.description in panel.ui.networkDescriptionLabel.text


def test_what_is_not_left_to_the_network_is_what_it_is_trained_with(train):
    ui = (panel := train()).ui
    titles = [network.title for network in panel.logic.networks()]
    ui.networkComboBox.currentIndex = titles.index("DynUNet (3D)")
    assert not {"patch", "batch_size"} & set(panel._form.settings("/data/newborns", "auto"))
    ui.patchSpinBox.value, ui.batchSizeSpinBox.value, ui.learningRateSpinBox.value = 48, 1, 0.01
    settings = panel._form.settings("/data/newborns", "auto")
    assert (settings["patch"], settings["batch_size"]) == ([48, 48, 48], 1)
    ui.networkComboBox.currentIndex = titles.index("SegFormer-B0")
    settings = panel._form.settings("/data/newborns", "auto")
    assert (settings["patch"], settings["learning_rate"]) == ([48, 48], pytest.approx(0.01))
    assert settings["schedule"] == "one_cycle"


@pytest.mark.parametrize("method", range(3))
def test_strategy_and_sampling_are_those_that_were_chosen_and_every_choice_explains_itself(
    train, method
):
    panel = train()
    for combo, field, offered in (
        (panel.ui.methodComboBox, "loss", panel.logic.methods()),
        (panel.ui.strategyComboBox, "strategy", panel.logic.strategies()),
        (panel.ui.samplingComboBox, "sampling", panel.logic.samplings()),
    ):
        combo.currentIndex = method
        assert panel._form.settings("/data/newborns", "auto")[field] == offered[method].name
        assert combo.itemData(method, qt_toolTip()) == offered[method].description


def qt_toolTip() -> int:
    import qt

    return qt.Qt.ToolTipRole


def row_of(entries, name: str) -> int:
    return [entry.name for entry in entries].index(name)


def can_be_chosen(combo, row: int) -> bool:
    return combo.model().item(row).isEnabled()


def test_what_does_not_go_together_is_explained_and_cannot_be_started(train, balls, screenshot):
    from partialseg_trainer.errors import UserError
    from partialseg_trainer.training import TrainConfig

    panel = train()
    panel.parameterNode.dataset = str(balls)
    ui, strategies = panel.ui, panel.logic.strategies()
    for row, method in enumerate(panel.logic.methods()):
        ui.methodComboBox.currentIndex = row
        for other, strategy in enumerate(strategies):
            fields = {"dataset": str(balls), "loss": method.name, "strategy": strategy.name}
            try:
                TrainConfig.checked(fields)
                fits = True
            except UserError:
                fits = False
            assert can_be_chosen(ui.strategyComboBox, other) is fits, (method.name, strategy.name)
            toolTip = ui.strategyComboBox.itemData(other, qt_toolTip())
            assert (toolTip == strategy.description) is fits
    ui.methodComboBox.currentIndex = row_of(panel.logic.methods(), "marginal_ce")
    ui.strategyComboBox.currentIndex = row_of(strategies, "mean_teacher")
    assert ui.startButton.enabled
    ui.advancedGroupBox.collapsed = False
    ui.datasetPathLineEdit.blockSignals(True)
    ui.datasetPathLineEdit.currentPath = "/home/ada/newborns"
    screenshot(panel, "train-advanced")
    ui.methodComboBox.currentIndex = row_of(panel.logic.methods(), "iuc")
    assert not ui.startButton.enabled
    assert "Mean teacher needs a method that chooses one structure" in ui.startButton.toolTip


def test_a_model_to_start_from_fits_the_method_or_says_why_not(train, balls):
    """What the default model was trained by is read from its folder."""
    panel = train()
    panel.parameterNode.dataset = str(balls)
    ui, (card, *_others) = panel.ui, panel.logic.models()
    for head, fits in ((card.head, True), ({"labels", "leaves"} - {card.head}, False)):
        method = next(each for each in panel.logic.methods() if each.head in head)
        ui.methodComboBox.currentIndex = row_of(panel.logic.methods(), method.name)
        ui.strategyComboBox.currentIndex = row_of(panel.logic.strategies(), "plain")
        assert can_be_chosen(ui.initialModelComboBox, 1) is fits
        ui.initialModelComboBox.currentIndex = 1
        assert ui.startButton.enabled is fits
    assert "choose another method, or start from scratch" in ui.startButton.toolTip
    ui.initialModelComboBox.currentIndex = 0
    ui.methodComboBox.currentIndex = row_of(panel.logic.methods(), "iuc")
    ui.strategyComboBox.currentIndex = row_of(panel.logic.strategies(), "multi_model")
    assert ui.startButton.enabled
    assert not can_be_chosen(ui.initialModelComboBox, 1)


def test_a_strategy_says_that_it_needs_fully_labelled_scans(train):
    panel = train()
    for row, strategy in enumerate(panel.logic.strategies()):
        panel.ui.strategyComboBox.currentIndex = row
        told = "labelled fully" in panel.ui.strategyDescriptionLabel.text
        assert told is strategy.needs_full


def test_what_a_network_is_made_of_is_asked_for_when_the_training_starts(
    train, balls, packages, dialogs, waitFor
):
    packages.lack("transformers")
    panel = train()
    panel.parameterNode.dataset = str(balls)
    titles = [network.title for network in panel.logic.networks()]
    assert "transformers" not in panel.ui.networkDescriptionLabel.text
    panel.ui.networkComboBox.currentIndex = titles.index("SegFormer-B0")
    assert "Start training asks for what it needs: transformers" in (
        panel.ui.networkDescriptionLabel.text
    )
    dialogs.answer("Cancel", "Ok")
    panel.ui.startButton.click()
    assert "train the network SegFormer-B0" in dialogs.messages[-1].text
    assert "Nothing was installed" in panel.ui.startLabel.text
    assert not panel.busy
    panel.ui.startButton.click()
    assert any("transformers" in each for each in packages.installed)
    assert "asks for what it needs" not in panel.ui.networkDescriptionLabel.text
    assert panel.busy
    panel.ui.cancelButton.click()


def test_every_extra_of_a_network_is_a_set_of_packages(logic):
    for network in logic.networks():
        if network.extra:
            assert logic.missingPackages(network.extra) == []


def test_a_check_is_cancelled_and_nothing_was_started(train, balls, standIn, dialogs):
    panel = train()
    standIn.show(panel.widget)
    assert not panel.ui.cancelButton.visible
    chooseQuickTraining(panel, balls, epochs=1)
    panel.ui.startButton.click()
    assert panel.ui.cancelButton.visible and panel.ui.cancelButton.toolTip
    panel.ui.cancelButton.click()
    assert not panel.busy and not panel.ui.cancelButton.visible
    assert "no training was started" in panel.ui.startLabel.text
    assert panel.ui.startButton.enabled
    assert not any(read_status(run).active for run in list_runs())
    assert not dialogs.messages


def test_a_training_from_a_model_has_its_network_and_preprocessing(train):
    from partialseg_trainer.models import default_model, read_info

    panel = train()
    panel.ui.initialModelComboBox.currentIndex = 1
    assert not panel.ui.networkDescriptionLabel.visible
    assert "model to start from" in panel.ui.networkComboBox.toolTip
    assert not panel.ui.networkComboBox.enabled
    settings = panel._form.settings("/data/newborns", "auto")
    info = read_info(default_model())
    assert Path(settings["initial_model"]) == default_model()
    assert settings["network"] == info.network.model_dump()
    assert settings["preprocessing"] == info.preprocessing.model_dump()


def test_a_first_training_starts_from_the_model_that_comes_along_where_the_scheme_fits(
    train, balls, tmp_path
):
    from partialseg_trainer.dataset import Dataset
    from partialseg_trainer.models import default_model

    newborns = Dataset.create(tmp_path / "scans", "dhcp9", "newborns").folder
    panel = train()
    start = panel.ui.initialModelComboBox
    for dataset, scratch in ((balls, True), (newborns, False), (balls, True)):
        panel.parameterNode.dataset = str(dataset)
        assert (start.currentIndex == 0) is scratch
    start.currentIndex = 1
    panel.parameterNode.dataset = str(newborns)
    settings = panel._form.settings(str(newborns), "auto")
    assert Path(settings["initial_model"]) == default_model()
    start.currentIndex = 0
    panel.parameterNode.dataset = ""
    panel.parameterNode.dataset = str(newborns)
    assert start.currentIndex == 0, "what the user has chosen stays"


def test_the_panel_says_how_scans_are_used_and_lets_it_be_changed(train):
    panel = train()
    assert "10 % of the scans, at least one, judge it" in panel.ui.splitLabel.text
    assert panel._form.settings("/data", "auto")["test_fraction"] == 0
    panel.ui.testSpinBox.value = 20
    assert "20 % are kept for a test" in panel.ui.splitLabel.text
    assert panel._form.settings("/data", "auto")["test_fraction"] == pytest.approx(0.2)


@pytest.fixture
def plottedRun(standIn, balls) -> RunFolder:
    """A run with the figures of two epochs, in the second of which one label was not found."""
    run = RunFolder.create(new_run_path("plotted"), {"dataset": str(balls)})
    run.metrics_file.write_text(
        "epoch,training_loss,validation_loss,validation_dice,dice_core,dice_shell,seconds\n"
        "0,0.5,0.6,0.2,0.1,0.3,1.0\n"
        "1,0.4,0.5,0.4,,0.4,1.0\n"
    )
    return run


def series(chartNode) -> dict[str, tuple[float, ...]]:
    """The values of each curve of a chart, by its name."""
    nodes = [
        chartNode.GetNthPlotSeriesNode(number)
        for number in range(chartNode.GetNumberOfPlotSeriesNodes())
    ]
    return {
        node.GetName(): tuple(
            slicer.util.arrayFromTableColumn(node.GetTableNode(), node.GetYColumnName())
        )
        for node in nodes
    }


def test_the_plots_show_losses_and_dice_of_each_label_in_its_colour(train, plottedRun):
    panel = train()
    panel.ui.plotLossesButton.click()
    panel.ui.plotDiceButton.click()
    losses, dice = slicer.util.getNodesByClass("vtkMRMLPlotChartNode")
    assert series(losses) == {"Training": (0.5, 0.4), "Validation": (0.6, 0.5)}
    assert list(series(dice)) == ["Mean of the labels", "core", "shell"]
    shell = dice.GetNthPlotSeriesNode(2)
    colour = SCHEME["shell"].colour
    assert shell.GetColor() == pytest.approx([0.8 * level / 255 for level in colour])
    epochs = slicer.util.arrayFromTableColumn(shell.GetTableNode(), shell.GetXColumnName())
    assert tuple(epochs) == (1, 2)
    application = slicer.modules.plots.logic().GetMRMLApplicationLogic()
    assert application.GetSelectionNode().GetActivePlotChartID() == dice.GetID()


def test_a_new_epoch_is_plotted_in_the_same_nodes(train, plottedRun):
    from PartialSegLib.training.plots import trainingChart, updateTrainingCharts

    chart = trainingChart(plottedRun, "dice")
    before = {node.GetID() for node in slicer.util.getNodesByClass("vtkMRMLNode")}
    with open(plottedRun.metrics_file, "a") as file:
        file.write("2,0.3,0.4,0.5,0.4,0.6,1.0\n")
    updateTrainingCharts(plottedRun)
    assert series(chart)["shell"] == (0.3, 0.4, 0.6)
    assert trainingChart(plottedRun, "dice") is chart
    assert {node.GetID() for node in slicer.util.getNodesByClass("vtkMRMLNode")} == before


@pytest.mark.parametrize("elsewhere", [False, True])
def test_a_shown_plot_follows_the_training_also_while_the_section_is_not_seen(
    train, smallRun, waitFor, elsewhere
):
    run = smallRun("until stopped")
    panel = train()
    waitFor(lambda: panel.ui.plotLossesButton.enabled)
    panel.ui.plotLossesButton.click()
    (table,) = slicer.util.getNodesByClass("vtkMRMLTableNode")
    plotted = table.GetNumberOfRows()
    if elsewhere:
        panel.ui.trainCollapsibleButton.collapsed = True
        panel.exit()
    waitFor(lambda: table.GetNumberOfRows() > plotted)
    request_stop(run)


def test_plots_are_not_saved_and_come_again_after_the_scene_was_closed(train, plottedRun, scene):
    panel = train()
    panel.ui.plotDiceButton.click()
    nodes = [
        node
        for kind in ("Table", "PlotSeries", "PlotChart")
        for node in slicer.util.getNodesByClass(f"vtkMRML{kind}Node")
    ]
    assert not any(node.GetSaveWithScene() for node in nodes)
    panel.setParameterNode(None)
    scene.Clear(False)
    panel.setParameterNode(panel.logic.getParameterNode())
    panel._readRuns()
    assert not slicer.util.getNodesByClass("vtkMRMLPlotChartNode")
    panel.ui.plotDiceButton.click()
    assert len(slicer.util.getNodesByClass("vtkMRMLPlotChartNode")) == 1


def test_of_many_labels_the_mean_and_the_three_worst_are_plotted(standIn, balls):
    """A legend of eleven entries covered the chart."""
    from PartialSegLib.training.plots import trainingChart, updateTrainingCharts

    run = RunFolder.create(new_run_path("many"), {"dataset": str(balls)})
    run.metrics_file.write_text(
        "epoch,validation_dice,dice_a,dice_b,dice_c,dice_d,dice_e\n0,0.5,0.9,0.1,,0.3,0.2\n"
    )
    chart = trainingChart(run, "dice")
    assert list(series(chart)) == ["Mean of the labels", "b", "d", "e"]
    with open(run.metrics_file, "a") as file:
        file.write("1,0.6,0.1,0.8,,0.3,0.2\n")
    updateTrainingCharts(run)
    assert list(series(chart)) == ["Mean of the labels", "a", "d", "e"]


def test_a_scene_that_was_saved_with_a_plot_is_opened_without_its_empty_view(
    panel, plottedRun, scene, tmp_path
):
    layout = slicer.app.layoutManager()
    before = layout.layout
    panel.sections[0].logic.showTrainingPlot(plottedRun, "dice")
    assert layout.layout != before
    scene.SetURL(str(tmp_path / "scene.mrml"))
    assert scene.Commit()
    scene.Clear(False)
    assert scene.Connect()
    assert layout.layout == before


def test_labels_are_plotted_by_name_when_the_dataset_is_gone(standIn, plottedRun, balls):
    from PartialSegLib.training.plots import trainingChart

    balls.rename(balls.with_name("away"))
    assert "shell" in series(trainingChart(plottedRun, "dice"))


def test_a_script_starts_watches_and_stops_a_training_without_the_panel(logic, smallRun, waitFor):
    run = smallRun("until stopped")
    assert logic.runs() == [run]
    waitFor(lambda: logic.runStatus(run).state is RunState.RUNNING)
    logic.stopTraining(run)
    waitFor(isOver(run))
    with pytest.raises(UserError, match="not at work"):
        logic.stopTraining(run, now=True)
    with pytest.raises(UserError, match="no model yet"):
        logic.useModel(run)
