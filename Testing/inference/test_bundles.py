"""A model as a MONAI bundle: MONAI reads it, checks it, and finds in a scan what we find."""

import sys

import nibabel
import numpy as np
import pytest
import torch

from partialseg_trainer.files import read_json
from partialseg_trainer.inference import segment
from partialseg_trainer.inference.export import export_model
from partialseg_trainer.labels import LabelScheme
from partialseg_trainer.networks import build_network
from partialseg_trainer.synthesis import make_phantom
from partialseg_trainer.volumes import Volume, to_nibabel
from partialseg_trainer.volumes.preprocessing import Preprocessing
from small_models import decided_unet, model_of

bundles = pytest.importorskip("monai.bundle", reason="needs the extra '3d', which brings MONAI")
pytest.importorskip("ignite", reason="MONAI runs bundles with pytorch-ignite")


@pytest.fixture
def imported_from():
    """Each bundle has a package of the same name."""
    before = list(sys.path)
    yield
    sys.path[:] = before
    for name in [name for name in sys.modules if name.split(".")[0] == "scripts"]:
        del sys.modules[name]


def oblique(volume):
    """The same scan as other scanners write it: another order and direction of axes, tilted."""
    data = np.ascontiguousarray(volume.data.transpose(2, 0, 1)[::-1])
    turn = np.zeros((4, 4))
    turn[[2, 0, 1, 3], [0, 1, 2, 3]] = 1
    turn[2, 0], turn[2, 3] = -1, data.shape[0] - 1
    tilt = np.eye(4)
    tilt[:2, :2] = [[np.cos(0.2), -np.sin(0.2)], [np.sin(0.2), np.cos(0.2)]]
    return Volume(data, tilt @ volume.affine @ turn)


def slices_with_neighbours():
    return model_of(
        decided_unet(in_channels=3), Preprocessing(spacing=5, axis="coronal", neighbours=1)
    )


def three_directions():
    """Of nine tissues, of which two are one piece."""
    scheme = LabelScheme.load("dhcp9")
    torch.manual_seed(0)
    network = build_network("unet", 1, scheme.n_leaves, width=4, depth=2)
    network.head.weight.data *= 50
    return model_of(network, Preprocessing(spacing=3, axis="all"), scheme=scheme)


def blocks():
    torch.manual_seed(0)
    network = build_network("dynunet", 1, LabelScheme.load("brainstem").n_leaves, width=4, depth=3)
    return model_of(network, Preprocessing(spacing=5, axis="axial"), patch=(12, 16, 20))


@pytest.mark.parametrize("make", [slices_with_neighbours, three_directions, blocks])
def test_a_bundle_finds_what_we_find(make, tmp_path, imported_from):
    model = make()
    bundle = export_model(model, "monai-bundle", tmp_path / "bundle")
    configs = bundle / "configs"
    scan = oblique(make_phantom(1, spacing=3, weeks=28).image)
    (tmp_path / "scans").mkdir()
    nibabel.save(to_nibabel(scan), tmp_path / "scans" / "one.nii.gz")
    workflow = bundles.ConfigWorkflow(
        str(configs / "inference.json"),
        workflow_type="inference",
        logging_file=False,
        dataset_dir=str(tmp_path / "scans"),
        output_dir=str(tmp_path / "out"),
        bundle_root=str(bundle),
        device="$torch.device('cpu')",
    )
    workflow.initialize()
    workflow.run()
    assert not workflow.check_properties(), "all that MONAI's programs ask a bundle for is there"
    (written,) = (tmp_path / "out").iterdir()
    found, ours = nibabel.load(written), segment(scan, model, device="cpu").labelmap
    assert np.allclose(found.affine, ours.affine, atol=1e-4)
    labels, expected = np.asarray(found.dataobj), np.asarray(ours.dataobj)
    assert len(np.unique(expected)) > 2
    # Ours rounds probabilities to half precision.
    assert (labels == expected).mean() > 0.999
    bundles.verify_net_in_out(
        "network_def",
        meta_file=str(configs / "metadata.json"),
        config_file=str(configs / "inference.json"),
        device="cpu",
        bundle_root=str(bundle),
    )


def test_a_bundle_takes_along_what_it_needs_and_tells_of_it(tmp_path):
    model = slices_with_neighbours()
    bundle = export_model(model, "monai-bundle", tmp_path / "bundle")
    for file in (bundle / "scripts").rglob("*.py"):
        assert "partialseg_trainer" not in file.read_text()
    told = read_json(bundle / "configs" / "metadata.json")["network_data_format"]
    assert told["inputs"]["image"]["num_channels"] == 3
    assert list(told["outputs"]["pred"]["channel_def"].values()) == list(model.scheme.leaf_names)
    readme = (bundle / "docs" / "README.md").read_text()
    for step in read_json(bundle / "configs" / "inference.json")["preprocessing"]["transforms"]:
        own = step["_target_"].startswith("scripts.")
        assert (f"`{step['_target_'].rsplit('.')[-1]}`" in readme) == own
