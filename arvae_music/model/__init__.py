"""The networks: integers in, tensors out. They know no file and no corpus."""

from arvae_music.model.decoder import Decoder
from arvae_music.model.encoder import Encoder, Posterior
from arvae_music.model.events import (
    EventModel,
    EventSteps,
    event_tensors,
    events_of,
    most_events,
    nats_and_notes,
)
from arvae_music.model.feedback import FeedbackDecoder
from arvae_music.model.settings import ModelSettings
from arvae_music.model.tick_encoder import TickEncoder
from arvae_music.model.vae import Coded, MeasureVAE
from arvae_music.model.vocabulary import Vocabulary

__all__ = [
    "Coded",
    "Decoder",
    "Encoder",
    "EventModel",
    "EventSteps",
    "FeedbackDecoder",
    "MeasureVAE",
    "ModelSettings",
    "Posterior",
    "TickEncoder",
    "Vocabulary",
    "event_tensors",
    "events_of",
    "most_events",
    "nats_and_notes",
]
