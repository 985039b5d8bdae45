"""Augmentation moves labels with the image, invents no label, and is decided by its generator."""

import math

import pytest
import torch
from torch.nn import functional

from partialseg_trainer.training import Augmentation
from partialseg_trainer.training.material.augmentation import augment

NOTHING = Augmentation(
    flip=False, rotation=0, scale=0, shear=0, displacement=0, tone=0, bias=0, noise=0, blur=0
)


def batch(size=(48, 64)):
    """A bright box (code 2) in grey tissue (code 1) on black (code 3)."""
    codes = torch.full((6, *size), 3, dtype=torch.uint8)
    codes[:, 8:40, 10:50] = 1
    codes[:, 14:24, 16:40] = 2
    image = torch.tensor([0.0, 0.4, 0.8, 0.0])[codes.long()][:, None]
    return image, codes


def run(settings, seed=0, **size):
    return augment(*batch(**size), settings, torch.Generator().manual_seed(seed))


def test_with_everything_off_nothing_changes():
    image, codes = batch()
    changed, labels = run(NOTHING)
    assert torch.allclose(changed, image, atol=1e-5)
    assert torch.equal(labels, codes)


def test_the_generator_decides_everything():
    for first, second in zip(run(Augmentation(), 1), run(Augmentation(), 1), strict=True):
        assert torch.equal(first, second)
    assert not torch.equal(run(Augmentation(), 1)[0], run(Augmentation(), 2)[0])


@pytest.mark.parametrize("size", [(48, 64), (64, 48)])
def test_labels_move_with_the_image(size):
    geometric = NOTHING.model_copy(
        update={"flip": True, "rotation": 30, "scale": 0.2, "shear": 0.1, "displacement": 3}
    )
    image, codes = run(geometric, size=size)
    inside = codes > 0
    expected = torch.tensor([0.0, 0.4, 0.8, 0.0])[codes.long()][:, None]
    wrong = (image - expected).abs()[inside[:, None]] > 0.25
    assert wrong.float().mean() < 0.03  # only voxels at edges, where intensities are mixed


def test_a_rotation_keeps_angles_and_areas():
    turned = NOTHING.model_copy(update={"rotation": 45.0})
    _, codes = run(turned)
    area = (codes == 2).sum((1, 2)).float()
    assert torch.allclose(area, torch.full_like(area, 240.0), rtol=0.08)


def test_what_comes_in_from_outside_is_unknown_and_no_code_is_invented():
    shrunk = NOTHING.model_copy(update={"rotation": 40.0, "scale": 0.3})
    codes = run(shrunk)[1]
    assert codes.dtype == torch.uint8
    assert set(codes.unique().tolist()) == {0, 1, 2, 3}


def test_intensities_change_but_stay_in_range_and_labels_stay():
    toned = NOTHING.model_copy(update={"tone": 0.3, "bias": 0.5, "noise": 0.2, "blur": 1.0})
    image, codes = run(toned)
    assert torch.equal(codes, batch()[1])
    assert image.min() >= 0
    assert image.max() <= 1
    assert (image - batch()[0]).abs().mean() > 0.02


def test_an_inversion_makes_bright_dark_and_leaves_the_background():
    image, codes = batch()
    inverted, labels = run(NOTHING.model_copy(update={"inversion": 1.0}))
    assert torch.equal(labels, codes)
    assert torch.allclose(inverted[image > 0], 1.05 - image[image > 0], atol=1e-5)
    assert (inverted[image == 0] == 0).all()


def test_a_head_is_painted_around_a_masked_brain_and_never_over_it():
    image, codes = batch()
    around, labels = run(NOTHING.model_copy(update={"head": 1.0}))
    brain = image > 0
    assert torch.equal(labels, codes)
    assert torch.allclose(around[brain], image[brain], atol=1e-5)
    assert (around[~brain] > 0.05).float().mean() > 0.1


def test_wide_codes_keep_their_values():
    image, codes = batch()
    wide = codes.int() + 70_000
    labels = augment(image, wide, NOTHING, torch.Generator().manual_seed(0))[1]
    assert torch.equal(labels, wide)


def stack(*shifts):
    """A batch whose slices are `batch()`, each brighter by a shift."""
    image, codes = batch()
    return torch.cat([image * 0.5 + shift for shift in shifts], 1), codes


GEOMETRIC = NOTHING.model_copy(
    update={"flip": True, "rotation": 30, "scale": 0.2, "shear": 0.1, "displacement": 3}
)


def test_the_slices_of_a_stack_are_deformed_alike():
    image, codes = stack(0.0, 0.2, 0.5)
    changed, labels = augment(image, codes, GEOMETRIC, torch.Generator().manual_seed(0))
    inside = (labels > 0)[:, None]
    for channel, shift in enumerate((0.0, 0.2, 0.5)):
        difference = changed[:, channel : channel + 1] - changed[:, :1]
        wrong = (difference - shift).abs()[inside] > 0.05
        assert wrong.float().mean() < 0.03  # only at the border, where the outside is black


def test_a_stack_of_one_slice_is_a_slice():
    image, codes = batch()
    several = augment(image, codes[:, None], Augmentation(), torch.Generator().manual_seed(3))
    alone = augment(image, codes, Augmentation(), torch.Generator().manual_seed(3))
    assert torch.equal(several[0], alone[0]) and torch.equal(several[1][:, 0], alone[1])


def test_the_codes_of_a_block_move_with_its_slices():
    image, codes = batch()
    images, blocks = torch.cat([image, image.flip(1)], 1), torch.stack([codes, codes], 1)
    changed, labels = augment(images, blocks, GEOMETRIC, torch.Generator().manual_seed(0))
    assert changed.shape == labels.shape == images.shape
    assert torch.equal(labels[:, 0], labels[:, 1])


def test_a_mirrored_sagittal_stack_is_turned_round_and_its_slices_stay_as_they_are():
    mirror = NOTHING.model_copy(update={"flip": True})
    image, codes = stack(0.0, 0.2, 0.5)
    blocks = codes[:, None].repeat(1, 3, 1, 1)
    blocks[:, 2] = 3
    sagittal = torch.tensor([True] * 3 + [False] * 3)
    generator = torch.Generator().manual_seed(1)
    changed, labels = augment(image, blocks, mirror, generator, sagittal)
    turned = 0
    for item in range(6):
        ways = {"as it was": (), "turned": (0,) if sagittal[item] else (1,)}
        found = [
            way
            for way, axes in ways.items()
            if torch.allclose(changed[item], image[item].flip(axes), atol=1e-5)
            and torch.equal(labels[item], blocks[item].flip(axes))
        ]
        assert len(found) == 1
        turned += found == ["turned"]
    assert 0 < turned < 6


def test_the_deformation_is_the_one_that_torch_has_for_affine_grids_and_bicubic_fields():
    image, codes = batch()
    image = image + 0.1 * torch.rand(image.shape, generator=torch.Generator().manual_seed(5))
    (items, _, height, width), generator = image.shape, torch.Generator().manual_seed(7)

    def uniform(low, high):
        return low + (high - low) * torch.rand(items, generator=generator)

    angle = uniform(-30, 30) * math.pi / 180
    scale, stretch, shear = 1 + uniform(-0.2, 0.2), 1 + uniform(-0.1, 0.1), uniform(-0.1, 0.1)
    flip = torch.where(uniform(0, 1) < 0.5, -1.0, 1.0)
    cos, sin, aspect = angle.cos() / scale, angle.sin() / scale, height / width
    affine = torch.zeros(items, 2, 3)
    affine[:, 0, 0], affine[:, 0, 1] = cos * stretch, (shear - sin) * aspect * flip
    affine[:, 1, 0], affine[:, 1, 1] = sin / aspect * stretch, cos * flip
    points = torch.randn(items, 2, height // 32 + 2, width // 32 + 2, generator=generator) * 3
    shift = functional.interpolate(points, (height, width), mode="bicubic", align_corners=True)
    shift = shift.movedim(1, -1) * torch.tensor([2 / width, 2 / height])
    grid = functional.affine_grid(affine, list(image.shape), align_corners=False) + shift
    expected = functional.grid_sample(image, grid, align_corners=False).clamp(0, 1)
    nearest = functional.grid_sample(
        codes[:, None].float(), grid, mode="nearest", align_corners=False
    )

    changed, labels = augment(image, codes, GEOMETRIC, torch.Generator().manual_seed(7))
    assert torch.allclose(changed, expected, atol=1e-4)
    assert (labels != nearest[:, 0]).float().mean() < 1e-3  # half-way between two voxels


def test_what_is_given_stays_as_it_is():
    image, codes = batch()
    settings = Augmentation(head=1.0, blur=1.0)
    augment(image, codes, settings, torch.Generator().manual_seed(0))
    assert torch.equal(image, batch()[0]) and torch.equal(codes, batch()[1])
