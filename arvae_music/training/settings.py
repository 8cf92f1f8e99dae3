"""What decides how a model is trained."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

from arvae_music.errors import UsageError
from arvae_music.meter import GRID_BY_NAME
from arvae_music.model.settings import ModelSettings

PRESETS = ("default", "paper", "paper-flat", "beta-vae", "ar-vae", "normal")
"""Names of the ways to train; `presets.py` says what they are."""


@dataclass(frozen=True)
class TrainingSettings:
    """Everything that `train` can be told; saved in the run folder and in the checkpoint.

    Attributes:
        preset: the one whose settings were the defaults.
        meters: names of the meters whose measures are learned from; all, if there are none.
        epochs: passes over the training measures.
        event_epochs: passes for the event language model, which is trained first.
        listening_epochs: passes over measures and edited copies of them with which a new decoder is then
            trained for the auto-encoder's encoder, so that it listens to the regularized dimensions,
            at the cost of some ticks; 0 leaves it out.
        copies: edited copies of each measure.
        clean: share of the measures that are to come back as they are then; the others are to become
            their copies.
        following: weight of the term by which decoded swaps are held to the values asked for then.
        prior_epochs: passes for the prior over the measures of a tune, which is trained last; 0 leaves
            it out.
        batch_size: measures per step.
        schedule: `one-cycle` (Smith & Topin 2019), or `constant` for the auto-encoder; what is trained
            beside it keeps the usual rates.
        learning_rate: peak of the one-cycle rate, or the constant rate.
        weight_decay: of AdamW; 0 makes it Adam.
        beta: weight of the KL divergence.
        final_beta: weight that it has in the end; in the second half of the epochs it goes there from
            `beta` in equal ratios. What the latent space is like is decided early; less noise in the end
            lets sampled z give more back.
        gamma: weight of the attribute term.
        delta: sharpness of the attribute term.
        linearity: weight of the term that makes each regularized dimension its attribute in standard
            deviations of the meter; 0 leaves only its order to the attribute term, as in the paper.
        normality: weight of the term that makes each regularized dimension its attribute made normal.
        teacher_forcing: share of the steps in which a decoder with feedback is fed the true tokens.
        transpose: every measure is moved at random by up to so many semitones, each time anew.
        start: name or place of the model whose weights it begins with; empty where they are random.
        seed: of everything random.
        threads: CPU threads; 0 leaves the choice to torch.
        device: `auto`, `cpu` or `cuda`.
        devices: how many of them.
        precision: `auto`, `32-true` or `bf16-mixed`.
        model: sizes of the networks.
    """

    preset: str = "default"
    meters: tuple[str, ...] = ()
    epochs: int = 36
    event_epochs: int = 12
    listening_epochs: int = 20
    copies: int = 2
    clean: float = 0.5
    following: float = 0.25
    prior_epochs: int = 30
    batch_size: int = 128
    schedule: str = "one-cycle"
    learning_rate: float = 3e-3
    weight_decay: float = 0.01
    beta: float = 0.001
    final_beta: float = 0.0001
    gamma: float = 0.2
    delta: float = 10.0
    linearity: float = 1.0
    normality: float = 0.0
    teacher_forcing: float = 0.5
    transpose: int = 6
    start: str = ""
    seed: int = 0
    threads: int = 0
    device: str = "auto"
    devices: int = 1
    precision: str = "auto"
    model: ModelSettings = field(default_factory=ModelSettings)

    def __post_init__(self) -> None:
        check_choice("preset", self.preset, PRESETS)
        for name in self.meters:
            check_choice("meter", name, tuple(GRID_BY_NAME))
        check_range("epochs", self.epochs, 1, 100_000)
        check_range("event_epochs", self.event_epochs, 1, 100_000)
        check_range("listening_epochs", self.listening_epochs, 0, 100_000)
        check_range("copies", self.copies, 1, 1000)
        check_range("clean", self.clean, 0.0, 1.0)
        check_range("following", self.following, 0.0, 1e3)
        check_range("prior_epochs", self.prior_epochs, 0, 100_000)
        check_range("weight_decay", self.weight_decay, 0.0, 10.0)
        check_range("beta", self.beta, 0.0, 1e3)
        check_range("final_beta", self.final_beta, 0.0, 1e3)
        check_range("gamma", self.gamma, 0.0, 1e3)
        check_range("delta", self.delta, 0.0, 1e3)
        check_range("linearity", self.linearity, 0.0, 1e3)
        check_range("normality", self.normality, 0.0, 1e3)
        check_range("teacher_forcing", self.teacher_forcing, 0.0, 1.0)
        check_range("transpose", self.transpose, 0, 24)
        check_pace_and_place(self)
        if self.listening_epochs and self.model.feeds_back:
            raise UsageError(
                f"--listening-epochs is {self.listening_epochs}: the decoder of --preset {self.preset} sees "
                "its own tokens, and is not trained to listen: take 0"
            )

    def as_json(self) -> dict[str, Any]:
        """A dictionary that JSON can hold; `from_json` reads it back."""
        return asdict(self)

    @classmethod
    def from_json(cls, saved: dict[str, Any]) -> TrainingSettings:
        """Read what `as_json` gave."""
        model = dict(saved["model"])
        model["attributes"] = tuple(model["attributes"])
        meters = tuple(saved.get("meters", ()))
        return cls(**{**saved, "meters": meters, "model": ModelSettings(**model)})


def _flag(name: str) -> str:
    return "--" + name.replace("_", "-")


class Place(Protocol):
    """What settings say of where a run computes."""

    @property
    def threads(self) -> int:
        """CPU threads; 0 leaves the choice to torch."""

    @property
    def device(self) -> str:
        """`auto`, `cpu` or `cuda`."""

    @property
    def devices(self) -> int:
        """How many of them."""

    @property
    def precision(self) -> str:
        """`auto`, `32-true` or `bf16-mixed`."""


class PaceAndPlace(Place, Protocol):
    """What settings of every kind of run say: how fast it learns, and where."""

    @property
    def batch_size(self) -> int:
        """Rows per step."""

    @property
    def schedule(self) -> str:
        """`one-cycle` or `constant`."""

    @property
    def learning_rate(self) -> float:
        """Peak of the one-cycle rate, or the constant rate."""

    @property
    def seed(self) -> int:
        """Of everything random."""


def check_pace_and_place(settings: PaceAndPlace) -> None:
    """Refuse what no kind of run can have.

    Raises:
        UsageError: a setting is out of range.
    """
    check_range("batch_size", settings.batch_size, 2, 1 << 20)
    check_range("learning_rate", settings.learning_rate, 1e-8, 1.0)
    check_range("seed", settings.seed, 0, 2**31 - 1)
    check_range("threads", settings.threads, 0, 1024)
    check_range("devices", settings.devices, 1, 1024)
    check_choice("device", settings.device, ("auto", "cpu", "cuda"))
    check_choice("precision", settings.precision, ("auto", "32-true", "bf16-mixed"))
    check_choice("schedule", settings.schedule, ("one-cycle", "constant"))


def check_range(name: str, value: float, lowest: float, highest: float) -> None:
    """Refuse a number that is out of range.

    Raises:
        UsageError: it is; the option of that name is told.
    """
    if not lowest <= value <= highest:
        raise UsageError(f"{_flag(name)} is {value}: it must be from {lowest} to {highest}")


def check_choice(name: str, value: str, choices: tuple[str, ...]) -> None:
    """Refuse a word that is none of some.

    Raises:
        UsageError: it is none; the option of that name is told.
    """
    if value not in choices:
        raise UsageError(f"{_flag(name)} is '{value}': take one of {', '.join(choices)}")
