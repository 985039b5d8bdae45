"""Blocks blend into one volume, and as many are shown as was announced."""

import pytest
import torch

pytest.importorskip("monai")
from partialseg_trainer.networks.windows import count_windows, over_windows

SHAPES = [(8, 8, 8), (5, 8, 9), (20, 9, 8), (17, 3, 30), (12, 16, 13)]


@pytest.mark.parametrize("shape", SHAPES)
def test_what_says_the_same_everywhere_says_so_at_borders_too(shape):
    image = torch.rand(2, 1, *shape)
    result = over_windows(image, (8, 8, 8), lambda block: torch.cat([block, 1 - block], 1))
    assert torch.allclose(result, torch.cat([image, 1 - image], 1), atol=1e-5)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("window", [(8, 8, 8), (4, 8, 6)])
def test_the_blocks_are_as_many_as_announced(shape, window):
    seen = []
    over_windows(torch.zeros(1, 1, *shape), window, lambda block: seen.append(block) or block)
    assert {tuple(block.shape) for block in seen} == {(1, 1, *window)}
    assert len(seen) == count_windows(shape, window)
