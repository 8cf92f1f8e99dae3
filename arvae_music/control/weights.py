"""How the parts of a score are weighed against each other."""

from __future__ import annotations

from dataclasses import dataclass, replace

from arvae_music.errors import UsageError

USUAL_STRENGTH = 0.5


@dataclass(frozen=True)
class ScoreWeights:
    """How the three parts are weighed, each in nats.

    Attributes:
        decoder: of the decoder's log-probability at the moved z.
        events: of the event language model's log-probability.
        source: for each tick whose token is not the source's.
        pitch: for each tick where the source starts a note and another pitch starts now.
        stay: for each standard deviation that an attribute moves without being asked for.
        floor: log-probabilities of the decoder below it count as it: a decoder that is certain of
            the source would else forbid what the request needs.
    """

    decoder: float = 0.25
    events: float = 1.0
    source: float = 3.5
    pitch: float = 2.5
    stay: float = 2.0
    floor: float = -8.0

    @classmethod
    def at(cls, strength: float) -> ScoreWeights:
        """The usual weights at a strength from 0 (as near to the source as possible) to 1 (free).

        0.5 gives the usual ones. See `with_strength`.

        Raises:
            UsageError: the strength is not between 0 and 1.
        """
        return cls().with_strength(strength)

    def with_strength(self, strength: float) -> ScoreWeights:
        """These weights with `source`, `pitch` and `stay` times 5 (1 - strength) / (1 + 3 strength).

        At 0.5 they stay as they are; at 1 nothing but the decoder at the moved z ties the result to
        the source; at 0 they are five times as large. Larger ones keep no more ticks: with them the beam
        of the search holds near beginnings that end far away, and complexity requests lose both closeness
        and style.

        Raises:
            UsageError: the strength is not between 0 and 1.
        """
        if not 0 <= strength <= 1:
            raise UsageError(
                f"strength {strength:g}: give a number from 0 (as near to the source as possible) to 1 (free)"
            )
        factor = 5 * (1 - strength) / (1 + 3 * strength)
        return replace(self, source=self.source * factor, pitch=self.pitch * factor, stay=self.stay * factor)
