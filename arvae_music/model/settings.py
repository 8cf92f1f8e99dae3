"""What decides the shape of a model."""

from __future__ import annotations

from dataclasses import dataclass

from arvae_music.errors import ArvaeError

ENCODERS = ("beats", "ticks")
DECODERS = ("independent", "feedback", "flat")


@dataclass(frozen=True)
class ModelSettings:
    """Sizes of the networks; saved in the checkpoint.

    Attributes:
        lowest, highest: pitches of the vocabulary, MIDI numbers.
        attributes: names of the regularized attributes, in the order of their latent dimensions.
        latent: latent dimensions; the first `len(attributes)` are regularized.
        embedding: width of the embeddings of tokens, places and meters.
        encoder_width: width of each direction of the encoder's recurrent layers.
        decoder_width: width of the decoder's beat layer and of each direction of its tick layer.
        event_width: width of the event language model.
        reading: width of what a listening decoder reads in the regularized dimensions besides their
            values (see `Reader`), or 0 for nothing.
        prior_width: width of the prior over the measures of a tune.
        blur: least standard deviation of the posterior in a regularized dimension, so that an encoder
            cannot hide more than the attribute in its small digits; attributes have a standard deviation
            of about 1 there.
        encoder: `beats` reads the beats in parallel and then their sequence (`Encoder`), `ticks` all
            ticks in one sequence (`TickEncoder`).
        decoder: `independent` gives each tick's token independently of the others given z (`Decoder`);
            `feedback` and `flat` feed each tick the token before it (`FeedbackDecoder`), with a beat layer
            or without.
        draft: whether a decoder that reads has a plain one beside it, whose draft stands where it is what
            z asks for (`MeasureVAE.decode`).
        layers: recurrent layers of a `ticks` encoder and of a decoder with feedback; the others have one.
    """

    lowest: int = 48
    highest: int = 95
    attributes: tuple[str, ...] = ("rhythmic_complexity", "pitch_range", "note_density", "contour")
    latent: int = 32
    embedding: int = 64
    encoder_width: int = 160
    decoder_width: int = 256
    event_width: int = 160
    reading: int = 64
    prior_width: int = 256
    blur: float = 0.02
    encoder: str = "beats"
    decoder: str = "independent"
    draft: bool = True
    layers: int = 1

    def __post_init__(self) -> None:
        sizes = {
            name: getattr(self, name)
            for name in (
                "latent",
                "embedding",
                "encoder_width",
                "decoder_width",
                "event_width",
                "prior_width",
            )
        }
        for name, size in sizes.items():
            if not 1 <= size <= 8192:
                raise ArvaeError(f"model setting {name} is {size}: it must be from 1 to 8192")
        if not 0 <= self.reading <= 8192:
            raise ArvaeError(f"model setting reading is {self.reading}: it must be from 0 to 8192")
        if not 0.0 <= self.blur <= 1.0:
            raise ArvaeError(f"model setting blur is {self.blur}: it must be from 0 to 1")
        if not all(isinstance(name, str) for name in self.attributes):
            raise ArvaeError("model setting attributes holds what is no name")
        if len(self.attributes) > self.latent:
            raise ArvaeError(
                f"model setting latent is {self.latent}: "
                f"{len(self.attributes)} attributes need a dimension each"
            )
        if not 0 <= self.lowest < self.highest <= 127:
            raise ArvaeError(
                f"model settings lowest and highest are {self.lowest} and {self.highest}: "
                "they must be MIDI pitches in rising order"
            )
        self._check_architecture()

    def _check_architecture(self) -> None:
        for name, choices in (("encoder", ENCODERS), ("decoder", DECODERS)):
            value = getattr(self, name)
            if value not in choices:
                raise ArvaeError(f"model setting {name} is {value!r}: take one of {', '.join(choices)}")
        most = 1 if self.encoder == "beats" and not self.feeds_back else 8
        if type(self.layers) is not int or not 1 <= self.layers <= most:
            raise ArvaeError(
                f"model setting layers is {self.layers}: with encoder {self.encoder} and decoder "
                f"{self.decoder} it must be " + (f"from 1 to {most}" if most > 1 else "1")
            )
        if self.reading and self.feeds_back:
            raise ArvaeError(
                f"model setting reading is {self.reading}: only an independent decoder reads through waves"
            )

    @property
    def feeds_back(self) -> bool:
        """Whether the decoder's ticks see the tokens before them."""
        return self.decoder != "independent"
