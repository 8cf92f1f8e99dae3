"""MIDI files written by hand: events with their times in MIDI ticks from the start."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import mido
import pytest

Event = tuple[int, Any]
MakeMidi = Callable[..., Path]


def _track(events: Sequence[Event], end: int | None) -> Any:
    track = mido.MidiTrack()
    now = 0
    for tick, message in events:
        track.append(message.copy(time=tick - now))
        now = tick
    track.append(mido.MetaMessage("end_of_track", time=max((end or now) - now, 0)))
    return track


@pytest.fixture
def make_midi(tmp_path: Path) -> MakeMidi:
    """`make_midi(track, track, ..., ppq=480, kind=1, end=None)`: the path of a new file."""
    count = 0

    def make(*tracks: Sequence[Event], ppq: int = 480, kind: int = 1, end: int | None = None) -> Path:
        nonlocal count
        count += 1
        midi = mido.MidiFile(type=kind, ticks_per_beat=ppq)
        midi.tracks.extend(_track(sorted(events, key=lambda e: e[0]), end) for events in tracks)
        path = tmp_path / f"hand{count}.mid"
        midi.save(path)
        return path

    return make
