"""A packed model arrives as it was, and an archive that is anything else is refused."""

import hashlib
import shutil
import stat
import zipfile

import pytest

from partialseg_trainer.errors import UserError
from partialseg_trainer.files import write_json
from partialseg_trainer.models import install_model, pack_model, read_info, user_models
from partialseg_trainer.networks.model import load_model


@pytest.fixture(autouse=True)
def home(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))


def files_of(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def sums_of(contents):
    lines = [f"{hashlib.sha256(content).hexdigest()}  {name}" for name, content in contents.items()]
    return "\n".join(lines).encode()


def archive_of(path, contents, sums=None):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in {"SHA256SUMS": sums or sums_of(contents), **contents}.items():
            archive.writestr(name, content)
    return path


def test_a_packed_model_arrives_as_it_was_and_replaces_none(model, tmp_path):
    packed = pack_model(model, tmp_path / "model.zip")
    again = pack_model(model, tmp_path / "again.zip")
    assert packed.read_bytes() == again.read_bytes()
    with pytest.raises(UserError, match="already exists"):
        pack_model(model, packed)
    folder = install_model(packed, load_model)
    assert folder == user_models() / "small" and files_of(folder) == files_of(model)
    assert install_model(packed, load_model) == folder

    (folder / "weights.safetensors").write_bytes(b"mine")
    (folder / "model.json").write_text("{}")
    assert install_model(packed, load_model).name == "small-2"
    assert (folder / "weights.safetensors").read_bytes() == b"mine"


def test_a_name_that_no_folder_could_have_is_cut(model, tmp_path):
    source = shutil.copytree(model, tmp_path / "source")
    info = read_info(source).model_copy(update={"name": "../" + "ü" * 300})
    write_json(source / "model.json", info.model_dump())
    assert install_model(source, load_model).parent == user_models()


def test_of_a_folder_nothing_but_the_model_is_taken(model, tmp_path):
    source = shutil.copytree(model, tmp_path / "source")
    (source / "notes.txt").write_text("not to be copied")
    assert files_of(install_model(source, load_model)) == files_of(model)


class TestRefusals:
    def refused(self, source, words):
        with pytest.raises(UserError, match=words):
            install_model(source, load_model)
        assert not user_models().exists() or not list(user_models().iterdir())

    @pytest.mark.parametrize("name", ["../escaped.txt", "/tmp/escaped.txt", "code.py", "a/b.json"])
    def test_a_file_that_is_no_part_of_a_model(self, model, tmp_path, name):
        hostile = archive_of(tmp_path / "x.zip", {**files_of(model), name: b"x"})
        self.refused(hostile, "no part of a model")
        assert not list(tmp_path.glob("**/escaped.txt"))

    def test_a_part_that_was_changed_or_is_not_vouched_for(self, model, tmp_path):
        files = files_of(model)
        changed = {**files, "MODEL_CARD.md": b"other"}
        self.refused(archive_of(tmp_path / "x.zip", changed, sums_of(files)), "another checksum")
        without = sums_of({name: files[name] for name in files if name != "model.json"})
        self.refused(archive_of(tmp_path / "y.zip", files, without), "model.json has another")

    def test_a_pickle_for_weights(self, model, tmp_path):
        files = {**files_of(model), "weights.safetensors": b"\x80\x04cos\nsystem\n."}
        hostile = archive_of(tmp_path / "x.zip", files)
        self.refused(hostile, "x.zip/weights.safetensors is not a valid safetensors file")

    def test_a_link_for_a_part(self, model, tmp_path):
        files = {**files_of(model), "MODEL_CARD.md": b"/etc/passwd"}
        hostile = tmp_path / "x.zip"
        with zipfile.ZipFile(hostile, "w") as archive:
            for name, content in {"SHA256SUMS": sums_of(files), **files}.items():
                entry = zipfile.ZipInfo(name)
                kind = stat.S_IFLNK if name == "MODEL_CARD.md" else stat.S_IFREG
                entry.external_attr = (kind | 0o644) << 16
                archive.writestr(entry, content)
        self.refused(hostile, "MODEL_CARD.md as a link")

    def test_far_more_than_a_model_takes(self, model, tmp_path, monkeypatch):
        monkeypatch.setenv("PARTIALSEG_MAX_MODEL_GB", "0.001")
        files = {**files_of(model), "preview.png": bytes(2_000_000)}
        bomb = archive_of(tmp_path / "x.zip", files)
        assert bomb.stat().st_size < 100_000
        self.refused(bomb, "PARTIALSEG_MAX_MODEL_GB")
        monkeypatch.setenv("PARTIALSEG_MAX_TEXT_MB", "0.0001")
        self.refused(archive_of(tmp_path / "y.zip", files_of(model)), "PARTIALSEG_MAX_TEXT_MB")

    def test_two_files_of_one_name(self, model, tmp_path):
        twice = archive_of(tmp_path / "x.zip", files_of(model))
        with zipfile.ZipFile(twice, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("model.json", b"{}")
        self.refused(twice, "more than once")

    def test_what_is_no_archive_is_cut_short_or_lacks_something(self, model, tmp_path):
        (tmp_path / "text.zip").write_text("no archive")
        self.refused(tmp_path / "text.zip", "no archive of a model")
        packed = pack_model(model, tmp_path / "model.zip").read_bytes()
        (tmp_path / "cut.zip").write_bytes(packed[: len(packed) // 2])
        self.refused(tmp_path / "cut.zip", "no archive of a model")
        files = files_of(model)
        del files["weights.safetensors"]
        self.refused(archive_of(tmp_path / "x.zip", files), "has no weights.safetensors")
        self.refused(tmp_path / "nowhere.zip", "does not exist")
