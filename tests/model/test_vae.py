"""The auto-encoder: shapes, PAD, and that a measure's company in the batch does not matter."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from arvae_music.errors import ArvaeError
from arvae_music.model import MeasureVAE, ModelSettings, Posterior, Vocabulary, layers
from arvae_music.model.decoder import Decoder
from arvae_music.model.encoder import Encoder
from arvae_music.model.layers import filled_up
from tests.fakes import METERS, TINY, random_measure, tiny_vae
from tests.music import BEATS, grid_of

IDS = 3 + 48
"""PAD, HOLD, REST, and the pitches 48 to 95."""


def mixed_batch(seed: int = 0, each: int = 3) -> tuple[Tensor, Tensor]:
    """Token ids and meter codes of measures of every meter, shuffled."""
    generator = np.random.default_rng(seed)
    names = [name for name in METERS for _ in range(each)]
    generator.shuffle(names)
    tokens = np.stack([random_measure(name, generator) for name in names])
    codes = torch.tensor([grid_of(name).code for name in names])
    return torch.from_numpy(Vocabulary().ids(tokens)), codes


def test_shapes_with_the_sizes_that_are_trained() -> None:
    vae = MeasureVAE(ModelSettings())
    ids, meters = mixed_batch(each=1)
    coded = vae(ids, meters)
    assert coded.posterior.mean.shape == coded.posterior.log_std.shape == coded.z.shape == (6, 32)
    assert coded.log_probabilities.shape == (6, 24, IDS)


@pytest.mark.parametrize("meter", METERS)
def test_pad_is_certain_past_the_meter_and_impossible_in_it(meter: str) -> None:
    vae = tiny_vae()
    own = 6 * BEATS[meter][1]
    z = 5 * torch.randn(7, 6, generator=torch.Generator().manual_seed(0))  # far out, too
    probabilities = vae.decoder(z, torch.full((7,), grid_of(meter).code)).exp()
    assert (probabilities[:, :own, 0] == 0).all()
    assert (probabilities[:, own:, 0] == 1).all()
    assert (probabilities[:, own:, 1:] == 0).all()
    assert torch.allclose(probabilities.sum(dim=-1), torch.ones(7, 24), atol=1e-5)
    assert (probabilities[:, :own, 1:] > 0).all()


def test_a_measure_is_coded_alike_alone_and_among_other_meters() -> None:
    vae = tiny_vae()
    ids, meters = mixed_batch()
    posterior = vae.encoder(ids, meters)
    decoded = vae.decoder(posterior.mean, meters).exp()
    for i in range(len(ids)):
        alone = vae.encoder(ids[i : i + 1], meters[i : i + 1])
        assert torch.allclose(alone.mean[0], posterior.mean[i], atol=1e-5)
        assert torch.allclose(alone.log_std[0], posterior.log_std[i], atol=1e-5)
        again = vae.decoder(alone.mean, meters[i : i + 1]).exp()
        assert torch.allclose(again[0], decoded[i], atol=1e-5)


def test_beats_are_read_as_the_recurrent_layer_reads_each_of_them() -> None:
    encoder = tiny_vae().encoder
    assert isinstance(encoder, Encoder)
    ids, meters = mixed_batch()
    ids = torch.cat([ids, ids.flip(0)])  # every beat comes twice, and is read once
    own = encoder.meter.own_beats(meters)
    own = torch.cat([own, own.flip(0)])
    beats = ids.view(-1, 6)
    _, last = encoder.ticks(encoder.token(beats))
    expected = torch.where(own.view(-1, 1), torch.cat([last[0], last[1]], dim=1), 0.0)
    read = encoder._read_beats(ids, own)
    torch.testing.assert_close(read.view(len(beats), -1), expected, rtol=0, atol=1e-6)


def test_ticks_are_written_as_the_recurrent_layer_writes_each_of_them() -> None:
    decoder = tiny_vae().decoder
    assert isinstance(decoder, Decoder)
    beats = torch.randn(5, decoder.ticks.hidden_size, generator=torch.Generator().manual_seed(0))
    inputs = [torch.cat([beats, place.expand(5, -1)], dim=1) for place in decoder.tick_place.weight]
    states, _ = decoder.ticks(torch.stack(inputs, dim=1))
    expected = decoder.output(states)
    torch.testing.assert_close(decoder._logits(beats).transpose(0, 1), expected, rtol=0, atol=1e-6)


def test_the_model_hears_tokens_and_meter() -> None:
    # Else the test above would hold for a model that ignores what it is given.
    vae = tiny_vae()
    ids, meters = mixed_batch()
    whole = meters == grid_of("4/4").code
    ids, meters = ids[whole], meters[whole]
    mean = vae.encoder(ids, meters).mean
    assert (mean[0] - mean[1]).abs().max() > 1e-3
    other = torch.full_like(meters, grid_of("2/4").code)  # four beats, of another kind
    assert (vae.encoder(ids, other).mean - mean).abs().max() > 1e-3
    assert (vae.decoder(mean, other).exp() - vae.decoder(mean, meters).exp()).abs().max() > 1e-3


def test_a_beat_past_the_meter_is_not_read() -> None:
    vae = tiny_vae()
    generator = np.random.default_rng(5)
    ids = torch.from_numpy(Vocabulary().ids(random_measure("6/8", generator)))[None]
    noisy = ids.clone()
    noisy[:, 12:] = 9
    meter = torch.tensor([grid_of("6/8").code])
    assert torch.equal(vae.encoder(noisy, meter).mean, vae.encoder(ids, meter).mean)


def test_a_draw_of_z_is_mean_and_noise_from_the_generator() -> None:
    mean = torch.tensor([[1.0, -2.0]]).repeat(20_000, 1)
    posterior = Posterior(mean, torch.tensor([0.5, 3.0]).log().expand_as(mean))
    drawn = posterior.sample(torch.Generator().manual_seed(3))
    assert torch.equal(drawn, posterior.sample(torch.Generator().manual_seed(3)))
    assert not torch.equal(drawn, posterior.sample(torch.Generator().manual_seed(4)))
    # Standard errors of 20,000 draws: std / 141 for the mean, std / 200 for the deviation; five of each.
    assert drawn[:, 0].mean() == pytest.approx(1.0, abs=5 * 0.5 / 141)
    assert drawn[:, 1].mean() == pytest.approx(-2.0, abs=5 * 3.0 / 141)
    assert drawn[:, 0].std() == pytest.approx(0.5, abs=5 * 0.5 / 200)
    assert drawn[:, 1].std() == pytest.approx(3.0, abs=5 * 3.0 / 200)


def test_the_spread_of_the_posterior_stays_within_bounds() -> None:
    vae = tiny_vae()
    with torch.no_grad():
        vae.encoder.posterior.weight.mul_(1e4)
    log_std = vae.encoder(*mixed_batch()).log_std
    assert log_std[:, 4:].min() == -8
    assert log_std.max() == 4
    # 0.02 for the four regularized dimensions, so that nothing but the attribute fits into them.
    assert log_std[:, :4].min() == pytest.approx(math.log(0.02))


def test_a_blur_of_nothing_leaves_the_regularized_dimensions_as_sharp_as_the_others() -> None:
    vae = MeasureVAE(replace(TINY, blur=0.0))
    with torch.no_grad():
        vae.encoder.posterior.weight.mul_(1e4)
    assert vae.encoder(*mixed_batch()).log_std[:, :4].min() == -8


def drafting(token: int) -> tuple[MeasureVAE, Tensor]:
    """A model whose draft is `token` at every tick, and how the encoder places such a 4/4 measure."""
    vae = tiny_vae()
    assert vae.draft is not None
    with torch.no_grad():
        vae.draft.output.weight.zero_()
        vae.draft.output.bias.zero_()
        vae.draft.output.bias[token] = 5.0
    return vae, vae.encoder(torch.full((1, 24), token), torch.zeros(1, dtype=torch.long)).mean


def test_a_draft_stands_where_it_is_what_z_asks_for_and_nowhere_else() -> None:
    vae, place = drafting(7)
    meters = torch.zeros(10, dtype=torch.long)
    z = place.repeat(10, 1) + torch.randn(10, 6, generator=torch.Generator().manual_seed(1))
    z[:, :4] = place[:, :4]  # what the other dimensions are does not matter
    for row, dimension in enumerate((0, 1, 2, 3)):
        z[2 * row, dimension] += 0.09
        z[2 * row + 1, dimension] -= 0.11
    decoded = vae.decode(z, meters)
    near = torch.tensor([True, False] * 4 + [True, True])
    assert (decoded[near].argmax(dim=-1) == 7).all()
    assert vae.draft is not None
    assert torch.equal(decoded[near], vae.draft(z, meters)[near])
    assert torch.equal(decoded[~near], vae.decoder(z, meters)[~near])
    assert not torch.equal(decoded[~near], vae.draft(z, meters)[~near])


def test_without_a_draft_the_decoder_alone_decodes() -> None:
    vae = MeasureVAE(replace(TINY, draft=False))
    ids, meters = mixed_batch()
    z = vae.encoder(ids, meters).mean
    assert torch.equal(vae.decode(z, meters), vae.decoder(z, meters))


def test_a_draft_is_not_trained() -> None:
    vae = tiny_vae().train()
    ids, meters = mixed_batch()
    vae.encoder.requires_grad_(True)
    vae.decoder.requires_grad_(True)
    coded = vae(ids, meters)
    coded.log_probabilities[coded.log_probabilities.isfinite()].sum().backward()
    assert vae.draft is not None
    assert all(weight.grad is None for weight in vae.draft.parameters())
    assert vae.decoder.output.weight.grad is not None


@pytest.mark.parametrize(
    ("wrong", "line"),
    [
        ({"latent": 3}, "latent is 3: 4 attributes"),
        ({"latent": 0}, "latent is 0"),
        ({"decoder_width": 9000}, "decoder_width is 9000"),
        ({"lowest": 95, "highest": 48}, "95 and 48"),
        ({"highest": 128}, "48 and 128"),
        ({"blur": 1.5}, "blur is 1.5"),
        ({"blur": float("nan")}, "blur is nan"),
    ],
)
def test_sizes_out_of_range_are_refused(wrong: dict[str, float], line: str) -> None:
    with pytest.raises(ArvaeError, match=line):
        ModelSettings(**wrong)  # type: ignore[arg-type]


def test_tiny_is_tiny() -> None:
    assert sum(p.numel() for p in MeasureVAE(TINY).parameters()) < 30_000


def test_rows_are_filled_up_in_low_precision_alone() -> None:
    rows = torch.arange(65 * 2).view(65, 2)
    assert filled_up(rows) is rows
    with torch.autocast("cpu", torch.bfloat16):
        full = filled_up(rows)
        assert filled_up(full) is full
        assert filled_up(rows[:0]).shape == (0, 2)
    assert full.shape == (128, 2)
    assert torch.equal(full[:65], rows)
    assert (full[65:] == rows[0]).all()


def test_filling_up_changes_no_result_and_no_gradient(monkeypatch: pytest.MonkeyPatch) -> None:
    ids, meters = mixed_batch()
    content = ids.roll(1, dims=0).where(meters[:, None] == meters.roll(1)[:, None], ids)
    assert 0 < (content != ids).any(dim=1).sum() < len(ids)
    found = []
    for full in (1, 64):  # a multiple of one is not filled up
        monkeypatch.setattr(layers, "_FULL", full)
        vae = tiny_vae().requires_grad_()
        with torch.autocast("cpu", torch.bfloat16):
            coded = vae(ids, meters, torch.zeros(len(ids), 6), content=content)
        nats = -coded.log_probabilities.gather(-1, ids[..., None]).mean()
        nats.backward()
        found.append([coded.posterior.mean, nats, *(p.grad for p in vae.parameters() if p.grad is not None)])
    plain, filled = found
    assert len(plain) > 20
    for one, other in zip(plain, filled, strict=True):
        assert torch.allclose(one, other, atol=2e-3, rtol=2e-2)
