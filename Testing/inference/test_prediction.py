"""What a network is shown of a scan, and how several looks at a voxel become one answer."""

import numpy as np
import pytest
import torch

from partialseg_trainer.errors import UserError
from partialseg_trainer.inference.prediction import BATCH, count_steps, predict
from partialseg_trainer.inference.segment import segment
from partialseg_trainer.volumes import Volume
from partialseg_trainer.volumes.preprocessing import Preprocessing, from_slices, prepare
from small_models import SCHEME, decided_unet, model_of, noise_scan


class Voxelwise(torch.nn.Module):
    """Bright voxels of one of its channels, whatever lies round them, are the first leaf."""

    divisor = 4

    def __init__(self, channel: int = 0):
        super().__init__()
        self._channel = channel

    def forward(self, image):
        first = (image[:, self._channel : self._channel + 1] - 0.5) * 8
        return torch.cat([first] + [torch.zeros_like(first)] * (SCHEME.n_leaves - 1), 1)


@pytest.fixture(scope="module")
def scan() -> Volume:
    return noise_scan()


def predicted(scan: Volume, network, patch=None, **settings):
    """(L, X, Y, Z) probabilities, and the numbers of steps that were told on the way."""
    model = model_of(network, Preprocessing(spacing=2.0, **settings), patch)
    prepared = prepare(scan, model.info.preprocessing)
    told = []
    leaves = predict(prepared.slices, prepared.axis, [model], torch.device("cpu"), told.append)
    leaves = leaves(slice(0, len(prepared.slices)))
    assert min(told) > 0 and sum(told) == count_steps(
        prepared.slices.shape, prepared.axis, model.info
    )
    return np.stack([from_slices(leaf, prepared.axis) for leaf in leaves.float().numpy()])


def test_three_views_give_the_mean_of_the_views(scan):
    network = decided_unet()
    views = [predicted(scan, network, axis=axis) for axis in ("sagittal", "coronal", "axial")]
    assert np.abs(views[0] - views[1]).max() > 0.01
    mean = predicted(scan, network, axis="all")
    assert np.allclose(mean, np.mean(views, axis=0), atol=2e-3)
    assert np.allclose(mean.sum(axis=0), 1, atol=5e-3)


@pytest.mark.parametrize("neighbours", [1, 2])
@pytest.mark.parametrize("axis", ["sagittal", "coronal", "axial"])
def test_neighbours_are_the_slices_on_either_side_and_the_outermost_is_repeated(
    scan, axis, neighbours
):
    place = ("sagittal", "coronal", "axial").index(axis)
    alone = np.moveaxis(predicted(scan, Voxelwise(), axis=axis), 1 + place, 1)
    for channel in range(2 * neighbours + 1):
        beside = predicted(scan, Voxelwise(channel), axis=axis, neighbours=neighbours)
        shifted = np.arange(alone.shape[1]) + channel - neighbours
        expected = alone[:, shifted.clip(0, alone.shape[1] - 1)]
        assert np.array_equal(np.moveaxis(beside, 1 + place, 1), expected)


@pytest.mark.parametrize("patch", [(8, 8, 8), (4, 16, 8), (32, 32, 32)])
@pytest.mark.parametrize("axis", ["sagittal", "axial"])
def test_blocks_of_any_size_give_the_answer_of_slices_where_it_depends_on_voxels_alone(
    scan, axis, patch
):
    pytest.importorskip("monai")
    by_slice = predicted(scan, Voxelwise(), axis=axis)
    by_block = predicted(scan, Voxelwise(), patch=patch, axis=axis)
    assert np.allclose(by_block, by_slice, atol=2e-3)


def test_the_steps_of_all_views_are_announced(scan):
    seen = []
    model = model_of(Voxelwise(), Preprocessing(spacing=2.0, axis="all"))
    segment(scan, model, progress=lambda done, total: seen.append((done, total)))
    done, total = zip(*seen, strict=True)
    assert list(done) == sorted(set(done))
    assert set(total) == {done[-1]} == {13 + 18 + 11 + 1}


@pytest.mark.parametrize("axis", ["coronal", "all"])
@pytest.mark.parametrize("neighbours", [0, 1])
def test_parts_that_are_asked_for_in_order_are_those_of_the_whole(axis, neighbours):
    scan = noise_scan((12, 60, 24))
    preprocessing = Preprocessing(spacing=1.0, axis=axis, neighbours=neighbours)
    model = model_of(decided_unet(0, preprocessing.channels), preprocessing)
    prepared = prepare(scan, preprocessing)
    told = []
    asked = (prepared.slices, prepared.axis, [model], torch.device("cpu"))
    count = len(prepared.slices)
    complete = predict(*asked, told.append)(slice(0, count))
    steps, told = sum(told), []
    assert (
        steps == count_steps(prepared.slices.shape, prepared.axis, model.info) and count > 2 * BATCH
    )
    part_of = predict(*asked, told.append)
    # Some overlap, one is within another, and one lies beyond what follows the last.
    parts = [(0, 1), (0, 3), (2, 30), (5, 20), (5, 30), (count - 2, count)]
    for start, stop in parts:
        assert torch.equal(part_of(slice(start, stop)), complete[:, start:stop])
    assert sum(told) == steps


@pytest.mark.parametrize("axis", ["sagittal", "axial"])
def test_fast_looks_at_every_second_slice_and_finds_the_same_for_the_most_part(axis):
    ramp = np.add.outer(np.linspace(1, 2, 24), np.zeros((20, 22))) + np.linspace(0, 1, 22)
    smooth = Volume(ramp.astype(np.float32), np.diag([2.0, 2.0, 2.0, 1.0]))
    model = model_of(Voxelwise(), Preprocessing(spacing=2.0, axis=axis))
    steps = []

    def found(**options):
        told = []
        result = segment(smooth, model, progress=lambda *now: told.append(now), **options)
        steps.append(told[-1][1])
        return np.asarray(result.labelmap.dataobj)

    usual, fast = found(), found(fast=True)
    assert steps[0] - steps[1] == usual.shape[("sagittal", "coronal", "axial").index(axis)] // 2
    assert usual.shape == fast.shape and (usual == fast).mean() > 0.95


@pytest.mark.parametrize("shown", [{"axis": "all"}, {"neighbours": 1}])
def test_a_model_of_which_no_slice_can_be_left_out_is_not_fast(scan, shown):
    model = model_of(Voxelwise(), Preprocessing(spacing=2.0, **shown))
    with pytest.raises(UserError, match="leave out --fast"):
        segment(scan, model, fast=True)
