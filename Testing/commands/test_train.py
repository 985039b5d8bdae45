"""`partialseg train`: settings from a file and options, refusals, and a whole small training."""

import json
import shutil

import pytest

from partialseg_trainer.commands import watching
from partialseg_trainer.dataset import Dataset
from partialseg_trainer.runs import RunFolder, RunState, RunStatus, read_status

SMALL = (
    *("--epochs", 1, "--width", 2, "--patch", 32, 32, "--spacing", 4, "--batch-size", 4),
    *("--slices-per-epoch", 8, "--device", "cpu"),
)


def settings(partialseg, *words):
    result = partialseg("train", *words, "--print-config")
    assert result.code == 0, result.err
    return json.loads(result.out)


class TestSettings:
    def test_what_nobody_sets_has_its_default(self, partialseg):
        from partialseg_trainer.training import TrainConfig

        default = TrainConfig(dataset="d").model_dump(mode="json")
        assert settings(partialseg, "--dataset", "d") == default

    def test_options_override_the_file(self, partialseg, tmp_path):
        file = tmp_path / "settings.json"
        file.write_text(json.dumps({"dataset": "d", "epochs": 7, "network": {"depth": 4}}))
        words = ("--config", file, "--width", 8, "--patch", 64, 96, "--compile", "--epochs", 9)
        found = settings(partialseg, *words)
        assert found["network"] == {"name": "unet", "width": 8, "depth": 4}
        assert (found["dataset"], found["epochs"]) == ("d", 9)
        assert (found["patch"], found["compile"]) == ([64, 96], True)

    def test_any_setting_has_a_way_in(self, partialseg):
        words = ("--set", "augmentation.head=0.3", "--set", "name=mine")
        found = settings(partialseg, "--dataset", "d", *words)
        assert (found["augmentation"]["head"], found["name"]) == (0.3, "mine")

    def test_a_network_is_chosen_by_its_name_and_shown_what_is_asked_for(self, partialseg):
        words = ("--dataset", "d", "--network", "segformer", "--neighbours", 2, "--axis", "all")
        found = settings(partialseg, *words)
        assert found["network"] == {"name": "segformer", "width": 32, "depth": 4}
        assert found["preprocessing"] == {"spacing": 1.2, "axis": "all", "neighbours": 2}
        blocks = settings(partialseg, "--dataset", "d", "--network", "dynunet")
        assert (blocks["patch"], blocks["batch_size"]) == ([64, 64, 64], 2)

    def test_the_model_is_called_as_the_run_unless_named(self, partialseg):
        words = ("--dataset", "d", "--run", "runs/first")
        assert settings(partialseg, *words)["name"] == "first"
        assert settings(partialseg, *words, "--name", "mine")["name"] == "mine"


class TestSeveralDevices:
    def test_their_number_is_a_setting_or_all_there_are(self, partialseg):
        for given, expected in (("2", 2), ("auto", "auto")):
            found = settings(partialseg, "--dataset", "d", "--devices", given)
            assert found["devices"] == expected

    def test_a_run_can_be_prepared_for_torchrun_to_train(self, partialseg, dataset, tmp_path):
        words = ("--dataset", dataset, "--run", tmp_path / "run", *SMALL, "--prepare")
        result = partialseg("train", *words)
        assert result.code == 0 and str(tmp_path / "run") in result.out
        assert "torchrun" in result.err
        assert read_status(RunFolder(tmp_path / "run")).state is RunState.QUEUED


class TestRefusals:
    """Code 2, what is wrong is named, and no run folder is left."""

    def refused(self, partialseg, tmp_path, *words):
        result = partialseg("train", *words, "--run", tmp_path / "run")
        assert result.code == 2 and not result.out
        assert not (tmp_path / "run").exists()
        return result

    @pytest.mark.parametrize(
        ("words", "named"),
        [
            (("--loss", "magic"), "iuc"),
            (("--epochs", 0), "epochs"),
            (("--learning-rate", -1), "learning_rate"),
            (("--patch", 30, 30), "multiples of 16"),
            (("--device", "tpu"), "cuda"),
            (("--device", "cuda:99"), "cuda:99"),
            (("--set", "augmentation.nose=1"), "augmentation.nose"),
            (("--set", "epochs.much=1"), "epochs"),
            (("--initial-model", "none"), "none"),
        ],
    )
    def test_a_wrong_setting(self, partialseg, dataset, tmp_path, words, named):
        result = self.refused(partialseg, tmp_path, "--dataset", dataset, *words)
        assert named in result.sentence

    @pytest.mark.parametrize("words", [("--axis", "up"), ("--set", "epochs"), ("--sampling", "x")])
    def test_wrong_usage(self, partialseg, dataset, tmp_path, words):
        result = self.refused(partialseg, tmp_path, "--dataset", dataset, *words)
        assert words[1] in result.err

    def test_a_wrong_settings_file_is_named(self, partialseg, dataset, tmp_path):
        file = tmp_path / "settings.json"
        for content in ('{"epochs": "many"}', "[]", "{"):
            file.write_text(content)
            words = ("--dataset", dataset, "--config", file)
            assert str(file) in self.refused(partialseg, tmp_path, *words).sentence

    def test_no_dataset(self, partialseg, tmp_path):
        assert "--dataset" in self.refused(partialseg, tmp_path).sentence
        sentence = self.refused(partialseg, tmp_path, "--dataset", tmp_path).sentence
        assert str(tmp_path) in sentence

    def test_an_empty_dataset(self, partialseg, tmp_path):
        Dataset.create(tmp_path / "empty", "brainstem", "empty")
        words = ("--dataset", tmp_path / "empty")
        assert "no cases" in self.refused(partialseg, tmp_path, *words).sentence

    @pytest.mark.parametrize("loss", ["iuc", "supervised"])
    def test_no_fully_labelled_scan(self, partialseg, pairs, tmp_path, loss):
        places = ("--images", pairs / "images", "--labels", pairs / "labels")
        hiding = ("--scheme", "brainstem", "--hide", "midbrain,pons,medulla")
        partialseg("import", *places, *hiding, "--output", tmp_path / "partial")
        words = ("--dataset", tmp_path / "partial", "--loss", loss)
        sentence = self.refused(partialseg, tmp_path, *words).sentence
        assert "no fully labelled scan" in sentence and "label one scan fully" in sentence

    def test_a_model_of_another_scheme(self, partialseg, model, dataset, tmp_path):
        copied = shutil.copytree(model, tmp_path / "model")
        info = json.loads((copied / "model.json").read_text())
        info["scheme"]["labels"][0]["children"][0]["name"] = "forebrain"
        (copied / "model.json").write_text(json.dumps(info))
        network = ("--width", 2, "--set", "network.depth=3")
        words = ("--dataset", dataset, "--initial-model", copied, *network)
        assert str(copied) in self.refused(partialseg, tmp_path, *words).sentence

    def test_a_run_folder_in_use(self, partialseg, dataset, tmp_path):
        (tmp_path / "run").mkdir()
        (tmp_path / "run" / "mine.txt").write_text("mine")
        result = partialseg("train", "--dataset", dataset, "--run", tmp_path / "run")
        assert result.code == 2 and "already exists" in result.sentence
        assert [path.name for path in (tmp_path / "run").iterdir()] == ["mine.txt"]


def test_a_training_is_watched_to_its_end_and_its_model_segments(
    partialseg, dataset, scan, tmp_path
):
    run = tmp_path / "run"
    result = partialseg("train", "--dataset", dataset, "--run", run, "--loss", "iuc", *SMALL)
    assert result.code == 0, result.err
    assert f"The model is in {run / 'model'}" in result.out
    # Whoever watches looks twice a second, and may miss all but the beginning of so short a one.
    assert not result.err.startswith("Next:")
    words = ("segment", scan, "-o", tmp_path / "seg.nii.gz", "--model", run)
    assert partialseg(*words).code == 0


def test_every_epoch_is_a_line_where_there_is_no_terminal(capsys):
    show = watching._lines()
    for epoch, left in ((0, None), (0, 300.0), (0, 290.0), (1, 150.0)):
        told = {"stage": "training", "epoch": epoch, "epochs": 2, "eta_seconds": left}
        show(RunStatus(state=RunState.RUNNING, **told))
    assert capsys.readouterr().err.splitlines() == [
        "training, epoch 0/2",
        "training, epoch 0/2, 5 min left",
        "training, epoch 1/2, 2 min left",
    ]


def test_a_training_that_fails_ends_with_its_sentence_and_code_1(partialseg, dataset, tmp_path):
    image = Dataset.open(dataset).cases[0].image_path
    image.write_bytes(image.read_bytes()[:500])
    fractions = ("--set", "test_fraction=0")
    words = ("--dataset", dataset, "--run", tmp_path / "run", *SMALL, *fractions)
    result = partialseg("train", *words)
    assert result.code == 1
    assert result.sentence == f"Error: {read_status(RunFolder(tmp_path / 'run')).message}"
    assert image.name in result.sentence


def test_a_detached_training_is_left_to_itself(partialseg, dataset, tmp_path):
    words = ("--dataset", dataset, "--run", tmp_path / "run", "--detach", "--json")
    result = partialseg("train", *words, *SMALL)
    assert result.code == 0
    assert json.loads(result.out)["state"] == "queued"
    ended = partialseg("runs", "watch", tmp_path / "run", "--json")
    assert ended.code == 0 and json.loads(ended.out)["state"] == "finished"


class TestResume:
    def test_a_run_that_is_not_there_begins_and_one_that_is_goes_on(
        self, partialseg, dataset, tmp_path, monkeypatch
    ):
        went = []
        monkeypatch.setattr(
            "partialseg_trainer.commands.train.go",
            lambda run, *, resuming, **_: went.append((run.path, resuming)),
        )
        words = ("--dataset", dataset, "--run", tmp_path / "run", *SMALL, "--resume")
        for _ in range(2):
            result = partialseg("train", *words)
            assert result.code == 0, result.err
        assert partialseg("train", "--run", tmp_path / "run", "--resume").code == 0
        assert went == [(tmp_path / "run", resuming) for resuming in (False, True, True)]
        result = partialseg("train", *words, "--learning-rate", 0.5)
        assert result.code == 2 and "has learning_rate 0.004, but 0.5 is asked for" in result.err

    def test_it_needs_the_run(self, partialseg, dataset):
        result = partialseg("train", "--dataset", dataset, "--resume")
        assert result.code == 2 and "name it with --run" in result.err
