"""The networks of images: their sizes are the published ones."""

import pytest
import torch

from arvae_music.errors import ArvaeError
from arvae_music.images.networks import ImageVAE
from arvae_music.images.settings import ImageModelSettings


@pytest.mark.parametrize(("side", "latent"), [(64, 10), (28, 16)])
def test_shapes(side: int, latent: int) -> None:
    vae = ImageVAE(ImageModelSettings(side, (), latent))
    images = torch.rand(3, 1, side, side)
    coded = vae(images)
    assert coded.posterior.mean.shape == coded.posterior.log_std.shape == coded.z.shape == (3, latent)
    assert coded.logits.shape == images.shape
    noise = torch.randn(3, latent)
    again = vae(images, noise)
    assert torch.equal(again.z, again.posterior.mean + noise * again.posterior.log_std.exp())
    assert torch.equal(again.logits, vae.decode(again.z))


def test_neighbours_swap_all_but_the_regularized() -> None:
    vae = ImageVAE(ImageModelSettings(28, ("a", "b"), 5))
    images, noise = torch.rand(4, 1, 28, 28), torch.randn(4, 5)
    plain, swapped = vae(images, noise), vae(images, noise, swapped=True)
    assert torch.equal(plain.z, swapped.z)
    given = torch.cat([plain.z[:, :2], plain.z[[1, 0, 3, 2], 2:]], dim=1)
    torch.testing.assert_close(swapped.logits, vae.decode(given))


def test_sizes_of_the_sprites_networks() -> None:
    # Convolutions of 4 x 4 halve 64 pixels four times, to 4: 64 * 4 * 4 = 1024.
    vae = ImageVAE(ImageModelSettings(64, (), 10))
    shapes = [tuple(weight.shape) for name, weight in vae.encoder.named_parameters() if "weight" in name]
    assert shapes == [(32, 1, 4, 4), (32, 32, 4, 4), (64, 32, 4, 4), (64, 64, 4, 4), (256, 1024), (20, 256)]


def test_sizes_of_the_digits_networks() -> None:
    # Convolutions of 4 x 4 from 1 to 64, 64 and 8 channels leave 28 - 3 * 3 = 19 pixels: 8 * 19 * 19 = 2888.
    vae = ImageVAE(ImageModelSettings(28, (), 16))
    shapes = [tuple(weight.shape) for name, weight in vae.encoder.named_parameters() if "weight" in name]
    assert shapes == [(64, 1, 4, 4), (64, 64, 4, 4), (8, 64, 4, 4), (256, 2888), (32, 256)]


def test_a_side_without_networks() -> None:
    with pytest.raises(ArvaeError, match="32 pixels wide: there are networks for 64 and for 28"):
        ImageModelSettings(32)
    with pytest.raises(ArvaeError, match="one for each of 3 attributes"):
        ImageModelSettings(28, ("a", "b", "c"), 2)
