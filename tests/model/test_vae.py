"""The auto-encoder: shapes, padding, and measures that do not see one another."""

import pytest
import torch

from arvae_music.errors import ArvaeError
from arvae_music.model import MeasureVAE, ModelSettings
from tests.music import BEATS, grid_of

SETTINGS = ModelSettings(latent=6, embedding=8, encoder_width=10, decoder_width=12, event_width=8)
TICKS = [24, 18, 24, 12, 18, 24]  # by meter code


@pytest.fixture(scope="module")
def vae() -> MeasureVAE:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return MeasureVAE(SETTINGS).eval()


def random_ids(meters: torch.Tensor, seed: int) -> torch.Tensor:
    """Any tokens but PAD in the meter, PAD past it."""
    ids = torch.randint(1, 51, (len(meters), 24), generator=torch.Generator().manual_seed(seed))
    past = torch.arange(24) >= torch.tensor(TICKS)[meters][:, None]
    return ids.masked_fill(past, 0)


@pytest.mark.parametrize("batch", [1, 2, 7])
def test_shapes(vae: MeasureVAE, batch: int) -> None:
    meters = torch.arange(batch) % 6
    ids = random_ids(meters, 0)
    coded = vae(ids, meters, torch.Generator().manual_seed(0))
    assert coded.posterior.mean.shape == coded.posterior.log_std.shape == coded.z.shape == (batch, 6)
    assert coded.log_probabilities.shape == (batch, 24, 51)
    assert coded.log_probabilities.dtype == torch.float32


def test_padding_is_certain_past_the_meter_and_impossible_in_it(vae: MeasureVAE) -> None:
    meters = torch.arange(6)
    scores = vae.decoder(torch.randn(6, 6, generator=torch.Generator().manual_seed(1)), meters)
    for meter, ticks in enumerate(TICKS):
        assert (scores[meter, :ticks, 0] == -torch.inf).all()
        assert torch.isfinite(scores[meter, :ticks, 1:]).all()
        assert (scores[meter, ticks:, 0] == 0).all()
        assert (scores[meter, ticks:, 1:] == -torch.inf).all()
    torch.testing.assert_close(scores.exp().sum(dim=-1), torch.ones(6, 24))


def test_a_measure_is_coded_alike_alone_and_among_others(vae: MeasureVAE) -> None:
    meters = torch.tensor([0, 3, 1, 5, 2, 4, 3])
    ids = random_ids(meters, 2)
    together = vae.encoder(ids, meters)
    scores = vae.decoder(together.mean, meters)
    for i in range(len(meters)):
        one = slice(i, i + 1)
        alone = vae.encoder(ids[one], meters[one])
        torch.testing.assert_close(alone.mean, together.mean[one], atol=1e-5, rtol=1e-4)
        torch.testing.assert_close(alone.log_std, together.log_std[one], atol=1e-5, rtol=1e-4)
        decoded = vae.decoder(together.mean[one], meters[one])
        torch.testing.assert_close(decoded, scores[one], atol=1e-4, rtol=1e-4)


def test_every_token_of_the_measure_counts_and_none_past_it(vae: MeasureVAE) -> None:
    meters = torch.tensor([3])
    ids = random_ids(meters, 3)
    mean = vae.encoder(ids, meters).mean
    for tick in range(24):
        other = ids.clone()
        other[0, tick] = 5 if ids[0, tick] != 5 else 6
        same = torch.equal(vae.encoder(other, meters).mean, mean)
        assert same == (tick >= 12)


def test_the_meter_counts(vae: MeasureVAE) -> None:
    # 3/4 and 9/8 have the same ticks and other beats; 4/4 and 12/8, too.
    ids = random_ids(torch.tensor([1]), 4)
    codes = [grid_of(name).code for name in ("3/4", "9/8")]
    means = [vae.encoder(ids, torch.tensor([code])).mean for code in codes]
    assert not torch.allclose(means[0], means[1], atol=1e-4)
    z = torch.zeros(1, 6)
    scores = [vae.decoder(z, torch.tensor([grid_of(name).code])) for name in ("4/4", "12/8")]
    assert not torch.allclose(scores[0], scores[1], atol=1e-4)
    assert len(BEATS) == 6


def test_samples_come_from_the_posterior(vae: MeasureVAE) -> None:
    meters = torch.zeros(1, dtype=torch.long)
    posterior = vae.encoder(random_ids(meters, 5), meters)
    one, two = (posterior.sample(torch.Generator().manual_seed(7)) for _ in range(2))
    assert torch.equal(one, two)
    many = torch.cat([posterior.sample(torch.Generator().manual_seed(i)) for i in range(2000)])
    std = posterior.log_std.exp()[0]
    # The mean of 2000 draws lies within 4 of its standard errors.
    assert ((many.mean(dim=0) - posterior.mean[0]).abs() < 4 * std / 2000**0.5).all()
    torch.testing.assert_close(many.std(dim=0), std, rtol=0.1, atol=0)


def test_every_weight_learns(vae: MeasureVAE) -> None:
    meters = torch.arange(6)
    ids = random_ids(meters, 6)
    coded = vae(ids, meters, torch.Generator().manual_seed(0))
    loss = coded.z.square().sum() + coded.posterior.log_std.sum()
    loss = loss - coded.log_probabilities.gather(-1, ids[..., None])[ids > 0].sum()
    loss.backward()
    assert [name for name, weight in vae.named_parameters() if weight.grad is None] == []
    assert all(torch.isfinite(weight.grad).all() for weight in vae.parameters() if weight.grad is not None)
    vae.zero_grad()


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"latent": 3}, "4 attributes need a dimension each"),
        ({"latent": 0}, "latent is 0"),
        ({"embedding": 0}, "embedding is 0"),
        ({"decoder_width": 9000}, "decoder_width is 9000"),
        ({"lowest": 95, "highest": 48}, "rising order"),
        ({"lowest": -1}, "rising order"),
        ({"highest": 128}, "rising order"),
    ],
)
def test_settings_out_of_range(change: dict[str, int], complaint: str) -> None:
    with pytest.raises(ArvaeError, match=complaint) as caught:
        ModelSettings(**change)  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)
