"""The networks of the paper: a decoder whose ticks see the token before, and an encoder of all ticks."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from arvae_music.errors import ArvaeError
from arvae_music.model import FeedbackDecoder, MeasureVAE, ModelSettings
from tests.fakes import METERS, TINY, tiny_vae
from tests.model.test_vae import IDS, mixed_batch
from tests.music import BEATS, grid_of

FEEDBACK = replace(TINY, reading=0, encoder="ticks", decoder="feedback", layers=2)
FLAT = replace(FEEDBACK, decoder="flat")
BOTH = pytest.mark.parametrize("settings", [FEEDBACK, FLAT], ids=["feedback", "flat"])


def decoder_of(vae: MeasureVAE) -> FeedbackDecoder:
    assert isinstance(vae.decoder, FeedbackDecoder)
    return vae.decoder


def codes(meter: str, count: int) -> Tensor:
    return torch.full((count,), grid_of(meter).code)


def latents(count: int, seed: int = 0) -> Tensor:
    return 3 * torch.randn(count, 6, generator=torch.Generator().manual_seed(seed))


def some_ids(count: int, seed: int = 0) -> Tensor:
    """Ids of notes in every tick."""
    return torch.randint(3, IDS, (count, 24), generator=torch.Generator().manual_seed(seed))


@BOTH
def test_shapes(settings: ModelSettings) -> None:
    vae = tiny_vae(settings=settings)
    coded = vae(*mixed_batch(each=1))
    assert coded.posterior.mean.shape == coded.posterior.log_std.shape == coded.z.shape == (6, 6)
    assert coded.log_probabilities.shape == (6, 24, IDS)


@BOTH
@pytest.mark.parametrize("forced", [False, True])
@pytest.mark.parametrize("meter", METERS)
def test_pad_is_certain_past_the_meter_and_impossible_in_it(
    settings: ModelSettings, forced: bool, meter: str
) -> None:
    decoder = decoder_of(tiny_vae(settings=settings))
    own = 6 * BEATS[meter][1]
    probabilities = decoder(latents(7), codes(meter, 7), some_ids(7) if forced else None).exp()
    assert (probabilities[:, :own, 0] == 0).all()
    assert (probabilities[:, own:, 0] == 1).all()
    assert (probabilities[:, own:, 1:] == 0).all()
    assert torch.allclose(probabilities.sum(dim=-1), torch.ones(7, 24), atol=1e-5)
    assert (probabilities[:, :own, 1:] > 0).all()


@BOTH
@pytest.mark.parametrize("tick", [0, 4, 5, 6, 17, 22])
def test_a_token_is_seen_by_the_ticks_after_it_alone(settings: ModelSettings, tick: int) -> None:
    decoder = decoder_of(tiny_vae(settings=settings))
    ids = some_ids(3)
    other = ids.clone()
    other[:, tick] = 3 + (ids[:, tick] - 3 + 20) % 48
    z, meters = latents(3), codes("4/4", 3)
    mine, theirs = (decoder(z, meters, fed).exp() for fed in (ids, other))
    assert torch.allclose(mine[:, : tick + 1], theirs[:, : tick + 1], atol=1e-7)
    assert ((mine[:, tick + 1] - theirs[:, tick + 1]).abs().amax(dim=-1) > 1e-5).all()
    # Tick layers begin anew with each beat, whose first tick is told the last token before it.
    later = 24 if settings.decoder == "flat" else 6 * ((tick + 1) // 6) + 6
    changed = (mine - theirs).abs().amax(dim=(0, 2)) > 1e-7
    assert changed[tick + 1 : later].all()
    assert not changed[later:].any()


@BOTH
def test_the_last_token_is_seen_by_nobody(settings: ModelSettings) -> None:
    decoder = decoder_of(tiny_vae(settings=settings))
    ids = some_ids(2)
    other = ids.clone()
    other[:, 23] = 1
    decoded = [decoder(latents(2), codes("2/4", 2), fed) for fed in (ids, other)]
    assert torch.equal(*decoded)


@BOTH
def test_decoding_feeds_the_most_probable_tokens(settings: ModelSettings) -> None:
    # What is decoded freely is what is decoded where its own most probable tokens are forced; and as
    # those are the fixed point of forcing, it does not depend on how the loop over ticks is written.
    decoder = decoder_of(tiny_vae(settings=settings))
    z, meters = latents(9), codes("4/4", 9)
    free = decoder(z, meters)
    again = decoder(z, meters, free.argmax(dim=-1))
    assert torch.allclose(free.exp(), again.exp(), atol=1e-6)
    other = decoder(z, meters, some_ids(9))
    assert (free.exp() - other.exp()).abs().max() > 1e-4


@BOTH
def test_in_training_the_same_is_decoded_and_its_gradient_is_that_of_what_is_fed(
    settings: ModelSettings,
) -> None:
    vae = tiny_vae(settings=settings).requires_grad_(True)
    decoder = decoder_of(vae)
    z, meters = latents(5), codes("4/4", 5)
    wanted = some_ids(5, seed=1)
    free = decoder(z, meters)
    gradients = []
    for fed in (None, free.argmax(dim=-1)):
        decoder.train()
        decoder.zero_grad()
        trained = decoder(z, meters, fed)
        assert torch.allclose(trained.exp(), free.exp(), atol=1e-6)
        trained.gather(-1, wanted[..., None]).sum().backward()
        gradients.append([w.grad.clone() for w in decoder.parameters() if w.grad is not None])
    assert gradients[0]
    assert all(torch.equal(a, b) for a, b in zip(*gradients, strict=True))


@BOTH
def test_the_true_tokens_are_fed_where_they_are_forced_and_never_in_evaluation(
    settings: ModelSettings,
) -> None:
    vae = tiny_vae(settings=settings)
    decoder = decoder_of(vae)
    ids, meters = mixed_batch()
    noise = latents(len(ids), 0)
    coded = {forced: vae(ids, meters, noise, forced=forced) for forced in (False, True)}
    assert torch.equal(coded[False].z, coded[True].z)
    assert torch.equal(coded[True].log_probabilities, decoder(coded[True].z, meters, ids))
    assert torch.equal(coded[False].log_probabilities, decoder(coded[False].z, meters))
    assert not torch.equal(coded[False].log_probabilities, coded[True].log_probabilities)


@BOTH
def test_a_measure_is_coded_alike_alone_and_among_other_meters(settings: ModelSettings) -> None:
    vae = tiny_vae(settings=settings)
    ids, meters = mixed_batch()
    posterior = vae.encoder(ids, meters)
    decoded = vae.decoder(posterior.mean, meters).exp()
    for i in range(len(ids)):
        alone = vae.encoder(ids[i : i + 1], meters[i : i + 1])
        assert torch.allclose(alone.mean[0], posterior.mean[i], atol=1e-5)
        assert torch.allclose(alone.log_std[0], posterior.log_std[i], atol=1e-5)
        again = vae.decoder(alone.mean, meters[i : i + 1]).exp()
        assert torch.allclose(again[0], decoded[i], atol=1e-5)


def test_the_encoder_reads_every_tick_of_the_meter_and_none_past_it() -> None:
    vae = tiny_vae(settings=FEEDBACK)
    for meter in METERS:
        own, meters = 6 * BEATS[meter][1], codes(meter, 1)
        ids = some_ids(1, seed=5)
        mean = vae.encoder(ids, meters).mean
        for tick in range(24):
            other = ids.clone()
            other[:, tick] = 1
            same = torch.equal(vae.encoder(other, meters).mean, mean)
            assert same == (tick >= own), (meter, tick)


def test_both_hear_the_meter() -> None:
    vae = tiny_vae(settings=FEEDBACK)
    ids = some_ids(2)
    mean = vae.encoder(ids, codes("4/4", 2)).mean
    assert (vae.encoder(ids, codes("2/4", 2)).mean - mean).abs().max() > 1e-3
    decoded = [vae.decoder(mean, codes(meter, 2)).exp() for meter in ("4/4", "2/4")]
    assert (decoded[0] - decoded[1]).abs().max() > 1e-4


def test_the_sizes_of_the_paper_by_hand() -> None:
    settings = ModelSettings(
        embedding=10,
        encoder_width=128,
        decoder_width=128,
        reading=0,
        encoder="ticks",
        decoder="feedback",
        layers=2,
    )
    vae = MeasureVAE(settings)
    meter = (3 + 5) * 10  # three kinds of beats, none to four of them
    first = 3 * 128 * (10 + 128 + 2)
    second = 3 * 128 * (2 * 128 + 128 + 2)
    encoder = IDS * 10 + meter + 2 * (first + second) + (256 + 10 + 1) * 64
    assert sum(p.numel() for p in vae.encoder.parameters()) == encoder
    # Both layers of one way: three gates see the input, the state, and two biases.
    above = 3 * 128 * (128 + 128 + 2)
    beats = 3 * 128 * (1 + 128 + 2) + above + (42 + 1) * 256 + (128 + 1) * 256
    ticks = 3 * 128 * (10 + 128 + 128 + 2) + above
    decoder = IDS * 10 + meter + beats + ticks + (128 + 1) * IDS
    assert sum(p.numel() for p in vae.decoder.parameters()) == decoder


@pytest.mark.parametrize(
    ("wrong", "line"),
    [
        ({"decoder": "telepathic"}, "decoder is 'telepathic': take one of independent, feedback, flat"),
        ({"decoder": ["feedback"]}, "decoder is"),
        ({"encoder": ""}, "encoder is '': take one of beats, ticks"),
        ({"encoder": None}, "encoder is None"),
        ({"layers": 2}, "layers is 2: with encoder beats and decoder independent it must be 1"),
        ({"layers": 0, "decoder": "flat", "reading": 0}, "layers is 0: .* from 1 to 8"),
        ({"layers": 9, "encoder": "ticks"}, "layers is 9"),
        ({"layers": 1.0}, "layers is 1.0"),
        ({"layers": True, "encoder": "ticks"}, "layers is True"),
        ({"layers": "2", "encoder": "ticks"}, "layers is 2"),
        ({"decoder": "feedback"}, "reading is 64: only an independent decoder"),
    ],
)
def test_an_architecture_that_is_none_is_refused(wrong: dict[str, object], line: str) -> None:
    with pytest.raises(ArvaeError, match=line):
        ModelSettings(**wrong)  # type: ignore[arg-type]
