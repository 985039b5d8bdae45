"""An experiment's file says what it wants, or is refused in one sentence."""

import copy

import pytest

from partialseg_trainer.errors import UserError
from partialseg_trainer.experiments import Experiment, expand, preset_names, read_experiment
from partialseg_trainer.experiments.settings import checked_settings, subjects_of


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        (("full",), ["two"], r"full.0.*number of subjects, such as 2, or a share.*found 'two'"),
        (("full",), ["0 %"], "above 0"),
        (("full",), [0], "1 or more"),
        (("draw",), 3, "draw: There is no such field"),
        (("methods",), {}, "methods"),
        (("methods", "iuc"), {"loss": "magic"}, "method 'iuc'.*no loss 'magic'"),
        (("methods", "iuc"), {"los": "iuc"}, "method 'iuc'.*los: There is no such field"),
        (("methods", "iuc"), {"seed": 3}, "seed is set by the grid"),
        (("methods", "IUC"), {"loss": "iuc"}, "'iuc' and 'IUC' would have one folder"),
        (("settings", "epochs"), 0, "epochs"),
        (("methods", "m"), {"of": "huc"}, "'m' is of 'huc', which is no method above it"),
        (("methods", "m"), {"of": "iuc", "full": [2]}, "'m' is of 'iuc', which has no 2 full"),
        (("methods", "m"), {"of": "iuc", "steps": 9}, "'steps' belongs to a training.*of 'iuc'"),
        (("methods", "m"), {"of": "iuc", "loss": "huc"}, "'loss' belongs to a training"),
        (("reference",), "huc", "'huc' is no method; choose one of iuc, marginal"),
        (("partial",), [{"keep": ["a"], "hide": ["b"]}], "either the labels to keep or those"),
        (("partial",), [{"hide": ["pons"], "subjects": 1}], "each entry but the last"),
        (("data",), {"folder": "d", "phantoms": {"subjects": 4}}, "not both"),
        (("split",), {"validation": ["05"], "test": ["05"]}, "05 is to validate and to test"),
        (("data",), {"phantoms": {"subjects": 10**9}}, "data.phantoms.subjects.*MAX_SUBJECTS"),
        (("draws",), 10**9, "the grid has.*MAX_TRAININGS"),
        (("methods", "iuc"), {"ensemble": 10**9}, "the grid has.*MAX_TRAININGS"),
        (("methods", "iuc"), {"copies": 10**9}, "methods.iuc.copies.*MAX_SUBJECTS"),
        (("slurm",), {"partition": "gpu"}, "slurm.partition: There is no such field"),
    ],
)
def test_a_wrong_entry_is_refused_by_name(content, path, value, words):
    wrong = copy.deepcopy(content)
    place = wrong
    for name in path[:-1]:
        place = place[name]
    place[path[-1]] = value
    with pytest.raises(UserError, match=words) as error:
        checked_settings(wrong, "grid.yaml")
    assert "grid.yaml" in str(error.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("methods: [", "grid.yaml is not valid YAML.*line"),
        ("- a list", "holds no settings"),
        ("", "holds no settings"),
    ],
)
def test_a_file_that_is_no_yaml_of_settings_is_refused(tmp_path, text, words):
    (tmp_path / "grid.yaml").write_text(text)
    with pytest.raises(UserError, match=words):
        read_experiment(tmp_path / "grid.yaml")


def test_a_file_that_is_not_there_is_answered_with_the_presets():
    presets = "atlas, atlas-blocks, elsewhere, paper, phantoms"
    with pytest.raises(UserError, match=f"does not exist.*{presets}"):
        read_experiment("paprika")


def test_a_folder_in_a_file_is_relative_to_the_file(tmp_path, content):
    import yaml

    (tmp_path / "grids").mkdir()
    content["data"]["folder"] = "../scans"
    (tmp_path / "grids" / "grid.yaml").write_text(yaml.safe_dump(content))
    found = read_experiment(tmp_path / "grids" / "grid.yaml").data.folder
    assert found.resolve() == tmp_path / "scans"


@pytest.mark.parametrize("name", preset_names())
def test_every_preset_is_valid(name):
    test = "scans" if name == "elsewhere" else None
    settings = read_experiment(name, None if name == "phantoms" else "scans", test)
    assert len(expand(settings, [152])) > 10


def test_the_paper_trains_as_often_as_the_paper():
    cells = expand(read_experiment("paper", "dhcp"), [152])
    unet = [cell for cell in cells if "SegFormer" not in cell.method]
    counts = {name: sum(cell.method == name for cell in unet) for name in {c.method for c in unet}}
    assert counts == {
        **{"supervised": 16, "semi_supervised": 15, "iuc": 15},
        **{"huc": 10, "weight": 10, "wnorm": 10},
    }
    assert {cell.amount: cell.full for cell in cells} == {
        "2 %": 3,
        "5 %": 8,
        "10 %": 15,
        "100 %": 152,
    }


def test_a_preset_without_scans_asks_for_them():
    with pytest.raises(UserError, match="--data"):
        read_experiment("atlas")
    with pytest.raises(UserError, match="leave --data out"):
        read_experiment("phantoms", "scans")


@pytest.mark.parametrize(
    ("amount", "training", "expected"), [("2", 50, 2), ("2 %", 152, 3), ("1 %", 10, 1)]
)
def test_a_share_is_rounded_and_never_nothing(amount, training, expected):
    assert subjects_of(amount, training) == expected


def test_steps_become_epochs_of_whole_batches(settings):
    config = settings.train_config("iuc", "d", 0)
    assert config.slices_per_epoch == 2 * 4
    assert config.epochs == 2


class TestTheGrid:
    def test_has_a_cell_for_each_method_amount_draw_and_seed(self, content):
        content |= {"full": [1, "67 %", "100 %"], "draws": 2, "seeds": [0, 5]}
        cells = expand(checked_settings(content, "grid.yaml"), [3])
        # Where all three are full, a second draw would be the first once more.
        assert len(cells) == 2 * (2 + 2 + 1) * 2
        assert len({cell.place for cell in cells}) == len(cells)
        assert {cell.training_seed for cell in cells} == {0, 1, 5000, 5001}
        assert [cell.draw for cell in cells] == sorted(cell.draw for cell in cells)

    def test_a_method_may_have_amounts_of_its_own(self, content):
        content["methods"]["iuc"]["full"] = [2]
        cells = expand(checked_settings(content, "grid.yaml"), [3])
        assert [(cell.method, cell.amount) for cell in cells] == [("marginal", "1"), ("iuc", "2")]

    def test_more_full_subjects_than_there_are_is_refused(self, content):
        content["full"] = [4]
        with pytest.raises(UserError, match="wants 4 fully labelled subjects, but only 3"):
            expand(checked_settings(content, "grid.yaml"), [3])


class TestTheDraws:
    def grid(self, content, folder, **changes):
        return Experiment.create(folder, checked_settings({**content, **changes}, "grid.yaml"))

    def test_a_smaller_amount_is_part_of_a_larger_one(self, tmp_path, content):
        grid = self.grid(content, tmp_path / "out", full=[1, 2], draws=2)
        for draw in (0, 1):
            one, two = (
                {s for s, labels in grid.hidden(cell).items() if not labels} - {"04"}
                for cell in grid.cells
                if cell.method == "iuc" and cell.draw == draw
            )
            assert len(one) == 1
            assert one < two

    def test_test_subjects_are_never_seen_and_validation_is_full(self, tmp_path, content):
        grid = self.grid(content, tmp_path / "out")
        dataset = grid.dataset(grid.cells[0])
        assert set(dataset.subjects) == {"01", "02", "03", "04"}
        full = {case.subject for case in dataset.cases if case.info.fully_known}
        assert "04" in full
        assert len(full) == 2

    def test_partial_scans_may_differ_in_what_they_lack(self, tmp_path, content):
        kinds = [{"hide": ["pons", "medulla"], "subjects": 1}, {"keep": ["brainstem"]}]
        grid = self.grid(content, tmp_path / "out", partial=kinds)
        hidden = sorted(labels for labels in grid.hidden(grid.cells[0]).values() if labels)
        assert hidden == [("midbrain", "pons", "medulla"), ("pons", "medulla")]

    def test_of_several_splits_each_draw_takes_the_next(self, tmp_path, content):
        splits = [{"validation": [], "test": ["05", "06"]}, {"validation": ["06"], "test": ["01"]}]
        grid = self.grid(content, tmp_path / "out", split=splits, draws=3, full=["100 %"])
        cells = [cell for cell in grid.cells if cell.method == "iuc"]
        # All are full, so a third draw would be the first once more.
        assert [(cell.draw, cell.full) for cell in cells] == [(0, 4), (1, 4)]
        tested = [[case.subject for case in grid.test_cases(cell)] for cell in cells]
        assert tested == [["05", "06"], ["01"]]
        assert "01" not in grid.hidden(cells[1])

    def test_the_users_dataset_stays_as_it_is(self, tmp_path, content, scans):
        before = {path: path.read_bytes() for path in scans.rglob("*") if path.is_file()}
        grid = self.grid(content, tmp_path / "out")
        grid.dataset(grid.cells[0])
        after = {path: path.read_bytes() for path in scans.rglob("*") if path.is_file()}
        assert after == before

    def test_other_scans_in_the_same_folder_are_refused(self, tmp_path, content):
        self.grid(content, tmp_path / "out").save()
        with pytest.raises(UserError, match="experiment on other scans"):
            self.grid(content, tmp_path / "out", partial=[{"keep": ["brainstem"]}])

    def test_a_folder_with_other_things_in_it_is_refused(self, tmp_path, content):
        (tmp_path / "notes.txt").touch()
        with pytest.raises(UserError, match="holds no experiment"):
            self.grid(content, tmp_path)

    def test_a_subject_that_is_not_there_is_refused(self, tmp_path, content):
        split = {"validation": ["04"], "test": ["99"]}
        with pytest.raises(UserError, match="names the subjects 99"):
            self.grid(content, tmp_path / "out", split=split)

    def test_partly_labelled_scans_are_refused(self, tmp_path, content):
        grid = self.grid(content, tmp_path / "out")
        partial = grid.dataset(grid.cells[0]).folder
        split = {"validation": ["04"], "test": ["01"]}
        with pytest.raises(UserError, match="labelled only in part"):
            self.grid(content, tmp_path / "other", data={"folder": str(partial)}, split=split)
