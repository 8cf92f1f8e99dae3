"""Make the MIDI files beside this, of the tunes in data/examples: `python tests/formats/found/make.py`.

Needs abc2midi (Debian package abcmidi) and MuseScore (musescore3) on the path, and music21. README.md
says which versions made the files that are here.
"""

from __future__ import annotations

import os
import random
import subprocess
import tempfile
from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path
from typing import Any

import mido
from music21 import converter

from arvae_music.formats import read
from arvae_music.melody import Melody

HERE = Path(__file__).resolve().parent
EXAMPLES = HERE.parents[2] / "data" / "examples"
Event = tuple[int, mido.Message | mido.MetaMessage]


def main() -> None:
    """Write every file."""
    tunes = {name: read(EXAMPLES / f"{name}.abc").melody for name in ("reel", "jig", "polka", "waltz")}
    by_programs()
    rng = random.Random(1)
    reel, jig = tunes["reel"], tunes["jig"]
    save("reel_recorded", 1, 480, [meter("4/4"), played(reel, 480, spread=20, rng=rng)])
    save("jig_recorded", 0, 96, [[*meter("6/8"), *played(jig, 96, spread=30, rng=rng)]])
    save("polka_legato", 1, 15360, [meter("2/4"), played(tunes["polka"], 15360, held=25, rng=rng)])
    drone = [event for bar in reel.bars for event in struck(1, 40, round(bar.start * 960), 900)]
    tempi = [
        (round(bar.start * 960), mido.MetaMessage("set_tempo", tempo=300_000 + 9_000 * bar.number))
        for bar in reel.bars
    ]
    save("reel_two_channels", 0, 960, [[*meter("4/4"), *tempi, *played(reel, 960, rng=rng), *drone]])
    save(
        "two_tunes",
        2,
        480,
        [[*meter("4/4"), *played(reel, 480, rng=rng)], [*meter("6/8"), *played(jig, 480, rng=rng)]],
    )
    end = reel.bars[-1].end
    after = [(tick + round(end * 480), message) for tick, message in meter("6/8")]
    whole = jig.with_notes(note for note in jig.notes if note.onset >= jig.bars[1].start)
    both = [*played(reel, 480, rng=rng), *played(whole, 480, start=end - jig.bars[1].start, rng=rng)]
    save("reel_and_jig", 1, 480, [[*meter("4/4"), *after], [e for e in both if e[1].type != "track_name"]])


def by_programs() -> None:
    """What abc2midi, MuseScore and music21 write."""
    subprocess.run(["abc2midi", EXAMPLES / "jig.abc", "-o", HERE / "jig_abc2midi.mid"], check=True)
    with tempfile.TemporaryDirectory() as folder:
        score = Path(folder) / "waltz.musicxml"
        read(EXAMPLES / "waltz.abc").write(score)
        hidden = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "XDG_RUNTIME_DIR": folder}
        subprocess.run(["mscore3", "-o", HERE / "waltz_musescore.mid", score], check=True, env=hidden)
    score_of_polka: Any = converter.parse(EXAMPLES / "polka.abc")
    score_of_polka.write("midi", HERE / "polka_music21.mid")


def meter(name: str) -> list[Event]:
    """A meter at the start, as a DAW writes it: nothing marks a pickup."""
    over, under = map(int, name.split("/"))
    return [(0, mido.MetaMessage("time_signature", numerator=over, denominator=under))]


def played(
    melody: Melody,
    ppq: int,
    *,
    rng: random.Random,
    spread: float = 0,
    held: float = 0,
    start: Fraction = Fraction(0),
) -> list[Event]:
    """A player's notes at 120 quarters a minute, ended by starts of velocity 0.

    Starts and ends lie up to `spread` ms off, ends `held` ms late.
    """
    per_ms = 120 * ppq / 60_000
    events: list[Event] = [(0, mido.MetaMessage("track_name", name=melody.title))]
    ends: dict[int, int] = {}
    for note in melody.notes:
        on, off = (
            round((start + time) * ppq + rng.uniform(-spread, spread) * per_ms)
            for time in (note.onset, note.end)
        )
        on = max(on, ends.get(note.pitch, 0))
        repeated = any(other.onset == note.end and other.pitch == note.pitch for other in melody.notes)
        off = max(off + (0 if repeated else round(held * per_ms)), on + 1)
        ends[note.pitch] = off
        events.append((on, mido.Message("note_on", note=note.pitch, velocity=rng.randint(60, 100))))
        events.append((off, mido.Message("note_on", note=note.pitch, velocity=0)))
    return events


def struck(channel: int, pitch: int, start: int, length: int) -> list[Event]:
    """A note of another channel."""
    return [
        (start, mido.Message("note_on", channel=channel, note=pitch, velocity=50)),
        (start + length, mido.Message("note_on", channel=channel, note=pitch, velocity=0)),
    ]


def save(name: str, kind: int, ppq: int, tracks: Iterable[list[Event]]) -> None:
    """Write a file (mido uses running status); at one time, ends stand before starts."""
    midi = mido.MidiFile(type=kind, ticks_per_beat=ppq)
    for events in tracks:
        track, now = mido.MidiTrack(), 0
        for tick, message in sorted(events, key=lambda e: (e[0], not e[1].is_meta, _starts(e[1]))):
            track.append(message.copy(time=tick - now))
            now = tick
        midi.tracks.append(track)
    midi.save(HERE / f"{name}.mid")


def _starts(message: mido.Message | mido.MetaMessage) -> bool:
    return bool(message.type == "note_on" and message.velocity)


if __name__ == "__main__":
    main()
