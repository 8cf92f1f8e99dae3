"""Training on images: the loop, the objective and the files of every run."""

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import arvae_music
from arvae_music.errors import ArvaeError, UsageError
from arvae_music.images.checkpoint import ImageCheckpoint, load_image_checkpoint, save_image_checkpoint
from arvae_music.images.networks import CodedImages, ImageVAE
from arvae_music.images.report import report_on_images
from arvae_music.images.run import train_images
from arvae_music.images.settings import ImageModelSettings, ImageSettings, image_settings, settings_for
from arvae_music.images.task import ImageTask
from arvae_music.images.traverse import Walk, _expected, walk, walk_animation, walk_chart
from arvae_music.model.calibration import Calibration
from arvae_music.model.encoder import Posterior
from arvae_music.training.checkpoint import load_checkpoint
from tests.fakes import tiny_vae
from tests.images.small import Bars
from tests.training.small import Silent

MODEL = ImageModelSettings(28, ("length", "height"), 4)
SMALL = ImageSettings(
    epochs=2, batch_size=16, threads=1, device="cpu", precision="32-true", model=MODEL, linearity=2.0
)


class Known(nn.Module):
    """A stand-in that codes images as they are told to it."""

    def __init__(self, coded: CodedImages) -> None:
        super().__init__()
        self.coded, self.seen, self.swapped = coded, torch.zeros(0), False

    def forward(self, images: Tensor, noise: Tensor, *, swapped: bool) -> CodedImages:
        self.seen, self.swapped = images, swapped
        return self.coded


def test_the_loss_by_hand() -> None:
    data = Bars()
    task = ImageTask(data, replace(SMALL, beta=0.5, gamma=3.0, delta=1.0))
    rows = torch.tensor([0, 1])
    first, second = data.values(data.splits.train[rows.numpy()])[:, :2]
    known = data.values(data.splits.train)[:, :2]
    wanted = (np.stack([first, second]) - known.mean(axis=0)) / known.std(axis=0)
    # KL of N(1, 1) from N(0, 1) is 1/2 in each of four dimensions. Even odds cost ln 2 a pixel.
    z = torch.zeros(2, 4)
    z[:, :2] = torch.from_numpy(wanted) + 1.0
    module = Known(CodedImages(Posterior(torch.ones(2, 4), torch.zeros(2, 4)), z, torch.zeros(2, 1, 28, 28)))
    terms = task.losses(module, rows, torch.Generator().manual_seed(0))
    np.testing.assert_array_equal(module.seen.numpy(), data.images(data.splits.train[:2]))
    assert float(terms["reconstruction"]) == pytest.approx(784 * math.log(2), rel=1e-5)
    assert float(terms["divergence"]) == pytest.approx(2.0)
    assert float(terms["linearity"]) == pytest.approx(2.0, rel=1e-4)  # 1 away in both
    gaps = wanted[0] - wanted[1]
    # Two of the four pairs of two images are of different ones.
    order = sum(abs(math.tanh(gap) - np.sign(gap)) for gap in gaps.tolist()) / 2
    assert float(terms["attribute_order"]) == pytest.approx(order, rel=1e-4)
    total = 784 * math.log(2) + 0.5 * 2.0 + 3.0 * order + 2.0 * 2.0
    assert float(terms["loss"]) == pytest.approx(total, rel=1e-5)


def test_siblings_are_neighbours() -> None:
    data, count = Bars(), 6
    known = CodedImages(
        Posterior(torch.zeros(count, 4), torch.zeros(count, 4)),
        torch.zeros(count, 4),
        torch.zeros(count, 1, 28, 28),
    )
    module = Known(known)
    rows = torch.arange(5)
    task = ImageTask(data, replace(SMALL, swapped=1.0))
    task.done = 1.0
    task.losses(module, rows, torch.Generator().manual_seed(0))
    assert module.swapped
    # Of five images the first three, each with one of the same colour after it: colour does not show, and the
    # others are in their own order.
    wanted = data.images(data.splits.train[:3])
    np.testing.assert_array_equal(module.seen[::2].numpy(), wanted)
    assert (module.seen[1::2].numpy() != wanted).any()


def test_siblings_come_ever_more_often() -> None:
    task = ImageTask(Bars(), replace(SMALL, swapped=0.8))
    shares = []
    for done in (0.0, 0.5, 1.0):
        task.done = done
        drawn = [task._swaps(torch.Generator().manual_seed(seed)) for seed in range(400)]
        shares.append(sum(drawn) / len(drawn))
    # A share of 400 draws strays from its mean by 0.025.
    assert shares == pytest.approx([0.0, 0.4, 0.8], abs=0.08)


def test_settings_for_a_data_set() -> None:
    data = Bars()
    usual = settings_for(data)
    assert usual.model == ImageModelSettings(28, ("length", "height"), 16)  # colours have no order
    assert usual.swapped == 1.0
    assert settings_for(data, "paper").swapped == 0.0
    forced = settings_for(data, attributes=["colour", "colour"], latent=3, gamma=2.0)
    assert (forced.model, forced.gamma) == (ImageModelSettings(28, ("colour",), 3), 2.0)
    assert forced.swapped == 0.0  # it is not known which bars differ in colour alone
    with pytest.raises(UsageError, match=r"--swapped is 0\.5: it is not known which images of bars differ"):
        settings_for(data, attributes=["colour"], swapped=0.5)
    with pytest.raises(UsageError, match="--swapped is 2"):
        settings_for(data, swapped=2.0)


def test_a_run_with_siblings_needs_no_other_files(tmp_path: Path) -> None:
    train_images(Bars(), replace(SMALL, swapped=0.5), tmp_path / "run", Silent())
    assert ImageSettings.from_json(load_image_checkpoint(tmp_path / "run").card["training"]).swapped == 0.5


def test_an_epoch_of_some_images_draws_from_all() -> None:
    task = ImageTask(Bars(), replace(SMALL, images=32))
    assert (task.rows, ImageTask(Bars(), SMALL).rows) == (32, 120)
    assert ImageTask(Bars(), replace(SMALL, images=5000)).rows == 120
    chosen = np.concatenate([
        task._chosen(torch.arange(16), torch.Generator().manual_seed(seed)) for seed in range(40)
    ])  # fmt: skip
    assert set(chosen) <= set(Bars().splits.train.tolist())
    assert len(set(chosen)) > 100
    again = task._chosen(torch.arange(16), torch.Generator().manual_seed(0))
    np.testing.assert_array_equal(chosen[:16], again)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("images") / "run"
    train_images(Bars(), SMALL, folder, Silent(), command="arvae-music images train bars")
    return folder


class Stopped(Exception):
    pass


def test_a_run_goes_on_to_the_bit(whole: Path, tmp_path: Path) -> None:
    def stop(task: str, figures: dict[str, float]) -> None:
        raise Stopped

    listener = Silent()
    listener.on_epoch = stop
    with pytest.raises(Stopped):
        train_images(Bars(), SMALL, tmp_path / "run", listener)
    train_images(Bars(), SMALL, tmp_path / "run", Silent(), resume=True)
    runs = tmp_path / "run", whole
    mine, theirs = (load_image_checkpoint(folder / "last.safetensors") for folder in runs)
    for name, weight in mine.vae.state_dict().items():
        assert torch.equal(weight, theirs.vae.state_dict()[name]), name
    lines = [[json.loads(line) for line in (f / "metrics.jsonl").open()] for f in runs]
    clock = {"seconds", "measures_per_second"}
    assert [{n: v for n, v in line.items() if n not in clock} for line in lines[0]] == [
        {n: v for n, v in line.items() if n not in clock} for line in lines[1]
    ]


def test_another_run_is_not_gone_on_with(whole: Path) -> None:
    with pytest.raises(UsageError, match="--gamma 10"):
        train_images(Bars(), replace(SMALL, gamma=1.0), whole, Silent(), resume=True)
    with pytest.raises(UsageError, match="another corpus than bars"):
        train_images(Bars(300), SMALL, whole, Silent(), resume=True)
    with pytest.raises(UsageError, match="--resume"):
        train_images(Bars(), SMALL, whole, Silent())


def test_the_card(whole: Path) -> None:
    checkpoint = load_image_checkpoint(whole)
    card = checkpoint.card
    assert checkpoint.dataset == "bars"
    assert card["command"] == "arvae-music images train bars"
    assert card["data"] == {"name": "bars", "source": "made up", "images": 240}
    assert ImageSettings.from_json(card["training"]) == SMALL
    lines = checkpoint.calibration.lines["images"]
    assert list(lines) == ["length", "height"]
    assert lines["length"].values == pytest.approx((6, 12, 18))


BUNDLED = Path(arvae_music.__file__).parent / "pretrained"


def test_models_of_music_and_of_images_are_told_apart(whole: Path) -> None:
    from arvae_music.control.model import bundled

    with pytest.raises(ArvaeError, match="it is a model of images, and one of melodies is needed"):
        load_checkpoint(whole / "best.safetensors")
    with pytest.raises(ArvaeError, match="it is a model of melodies, and one of images is needed"):
        load_image_checkpoint(BUNDLED / "folk.safetensors")
    with pytest.raises(ArvaeError, match="no such checkpoint"):
        load_image_checkpoint(whole / "none.safetensors")
    assert bundled()
    assert tiny_vae() is not None


def perfect(data: Bars) -> ImageCheckpoint:
    """A model whose first dimensions are the attributes, whatever else it does."""
    vae = ImageVAE(MODEL).eval()

    def encode(images: Tensor) -> Posterior:
        length = images.amax(dim=(1, 2)).sum(dim=1)
        height = images.amax(dim=(1, 3)).argmax(dim=1).float()
        noise = torch.randn(len(images), 2, generator=torch.Generator().manual_seed(1))
        mean = torch.cat([torch.stack([length / 6, height / 6], dim=1), noise], dim=1)
        return Posterior(mean, torch.full_like(mean, -6.0))

    vae.encode = encode  # type: ignore[method-assign]
    return ImageCheckpoint(vae, MODEL, Calibration({}), {"data": {"name": data.name}})


def test_a_perfect_encoder_has_the_best_metrics() -> None:
    data = Bars(960)
    report = report_on_images(perfect(data), data, "test")
    assert report.mean["count"] == 240
    assert report.mean["interpretability"] == pytest.approx(1.0, abs=1e-6)
    assert report.mean["spearman_of_ceiling"] == pytest.approx(1.0, abs=1e-3)
    assert report.sampled["interpretability"] > 0.99
    assert report.ceiling["interpretability"] == pytest.approx(1.0, abs=1e-3)
    assert report.latent["dimensions"] == 4
    assert report.mean["attributes"].keys() == {"length", "height"}


def test_what_cannot_be_measured() -> None:
    with pytest.raises(UsageError, match="--split is 'all'"):
        report_on_images(perfect(Bars()), Bars(), "all")
    with pytest.raises(ArvaeError, match="the test split of bars has 30 images: metrics need 50"):
        report_on_images(perfect(Bars()), Bars(120), "test")
    sprites = replace(perfect(Bars()), settings=ImageModelSettings(64, ("length",), 4))
    with pytest.raises(UsageError, match="the model is of 64 x 64 pixels, and bars has 28 x 28"):
        report_on_images(sprites, Bars())


def test_a_walk_moves_one_dimension_at_a_time() -> None:
    data = Bars()
    checkpoint = perfect(data)

    def decode(z: Tensor) -> Tensor:  # the latents themselves, as an image's first pixels
        out = torch.full((len(z), 1, 28, 28), -20.0)
        out[:, 0, 0, :4] = z
        return out

    checkpoint.vae.decode = decode  # type: ignore[method-assign]
    moved = walk(checkpoint, data, count=3, steps=5)
    assert moved.images.shape == (3, 2, 5, 28, 28)
    z = np.log(moved.images[..., 0, :4] / (1 - moved.images[..., 0, :4]))
    for k in range(2):
        np.testing.assert_allclose(z[:, k, :, k], moved.places[:, k], atol=1e-3)
        others = np.delete(z[:, k], k, axis=-1)
        np.testing.assert_allclose(others, np.broadcast_to(others[:, :1], others.shape), atol=1e-4)
    assert (np.diff(moved.places, axis=2) > 0).all()
    # Length is 6, 12 or 18 pixels, here in sixths: from 1 to 3.
    np.testing.assert_allclose(moved.places[:, 0], [[1, 1.5, 2, 2.5, 3]] * 3)


def test_a_walk_goes_little_further_than_the_other_attributes_allow() -> None:
    generator = np.random.default_rng(0)
    one = generator.normal(size=2_000)
    crowd = np.stack([one, one + 0.1 * generator.normal(size=2_000)], axis=1)
    expected, apart = _expected(crowd, np.array([[2.0, 2.0], [-1.0, 0.0]]))
    # The second is the first and noise of a tenth; the first nearly the second.
    np.testing.assert_allclose(expected[:, 1], [2.0, -1.0], atol=0.02)
    np.testing.assert_allclose(expected[:, 0], [2 / 1.01, 0.0], atol=0.02)
    np.testing.assert_allclose(apart.std(axis=0), [0.1, 0.1], rtol=0.06)


@pytest.mark.parametrize(("attributes", "bands"), [(1, 1), (3, 1), (4, 2), (6, 2)])
def test_a_picture_has_at_most_three_attributes_side_by_side(attributes: int, bands: int) -> None:
    pytest.importorskip("matplotlib")
    names = tuple(f"name_{k}" for k in range(attributes))
    places = np.stack([np.linspace(-np.arange(1.0, attributes + 1), 2, 5, axis=1)] * 2)
    sources, images = (np.zeros(size, np.float32) for size in ((2, 4, 4), (2, attributes, 5, 4, 4)))
    figure = walk_chart(Walk(names, sources, places, images))
    # Two images: each has five pictures for each attribute, and stands in front of each band.
    assert len(figure.axes) == 2 * (5 * attributes + bands)
    titles = [axes.get_title() for axes in figure.axes if axes.get_title()]
    assert titles.count("image") == bands
    assert [title for title in titles if title.startswith("name")] == [f"name {k}" for k in range(attributes)]
    assert "z = \N{MINUS SIGN}1.0" in titles


def test_an_animation_goes_there_and_back(whole: Path) -> None:
    image = pytest.importorskip("PIL.Image")
    from io import BytesIO

    content = walk_animation(load_image_checkpoint(whole), Bars(), count=3)
    with image.open(BytesIO(content)) as opened:
        assert opened.format == "GIF"
        assert opened.n_frames == 12 + 10
        # Three images down and two attributes across, 2 pixels apart, twice as large.
        assert opened.size == (2 * 2 * 30, 2 * 3 * 30)


def test_presets() -> None:
    paper = image_settings("sprites", "paper", MODEL)
    assert (paper.epochs, paper.learning_rate, paper.schedule) == (100, 1e-4, "constant")
    assert (paper.beta, paper.gamma, paper.delta, paper.linearity, paper.images) == (1, 10, 1, 0, 0)
    assert image_settings("digits", "beta-vae", MODEL, beta=4.0).gamma == 0
    assert image_settings("digits", "beta-vae", MODEL, beta=4.0).beta == 4
    with pytest.raises(UsageError, match="--preset is 'best'"):
        image_settings("sprites", "best", MODEL)
    with pytest.raises(UsageError, match="--gamma is -1"):
        image_settings("sprites", "default", MODEL, gamma=-1)


def test_an_attribute_that_is_none() -> None:
    with pytest.raises(UsageError, match="no attribute 'weight': take some of length, height, colour"):
        ImageTask(Bars(), replace(SMALL, model=replace(MODEL, attributes=("weight",))))


def test_a_checkpoint_is_what_was_saved(tmp_path: Path) -> None:
    vae = ImageVAE(MODEL)
    path = tmp_path / "one.safetensors"
    save_image_checkpoint(path, ImageCheckpoint(vae, MODEL, Calibration({}), {"note": "ä"}))
    found = load_image_checkpoint(path)
    assert found.settings == MODEL
    assert found.card == {"note": "ä"}
    for name, weight in vae.state_dict().items():
        torch.testing.assert_close(found.vae.state_dict()[name], weight, rtol=1e-3, atol=1e-4)
