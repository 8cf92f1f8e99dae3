"""Make the MIDI examples from the ABC ones: `python data/examples/make.py`.

The same files come out each time. reel, polka and waltz are written as the toolkit writes MIDI, at the
tempo of their ABC; the others show what is found in the world.
"""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import mido

from arvae_music.formats import Tune, read
from arvae_music.melody import Melody

HERE = Path(__file__).resolve().parent
TICKS = 480
QUARTERS = {"reel": 200, "jig": 180, "polka": 120, "waltz": 150}
"""Quarter notes a minute, as the ABC has them (the jig: 120 dotted quarters)."""
REEL_TEMPO = mido.bpm2tempo(QUARTERS["reel"])
CHORDS = (*("Em", "Em", "Em", "D") * 2, *("D",) * 7, "Em")
"""A chord for each bar."""
PITCHES = {"Em": (40, (52, 55, 59)), "D": (38, (50, 54, 57))}
"""Bass note and chord by name."""

Event = tuple[int, mido.Message | mido.MetaMessage]


def main() -> None:
    """Write every MIDI example beside its ABC."""
    tunes = {name: read(HERE / f"{name}.abc").melody for name in ("reel", "jig", "polka", "waltz")}
    for name in ("reel", "polka", "waltz"):
        Tune(HERE / f"{name}.abc", tunes[name]).write(HERE / f"{name}.mid", force=True)
        set_tempo(HERE / f"{name}.mid", mido.bpm2tempo(QUARTERS[name]))
    save("jig", [[*head("6/8", "G", mido.bpm2tempo(QUARTERS["jig"])), *notes(tunes["jig"])]])
    save("reel_late", [[*head("4/4", "Em", REEL_TEMPO), *notes(tunes["reel"], late=1)]])
    save("reel_accompanied", accompanied(tunes["reel"]))


def set_tempo(path: Path, tempo: int) -> None:
    """Write a file anew with its one tempo changed."""
    midi = mido.MidiFile(path)
    for track in midi.tracks:
        track[:] = [m.copy(tempo=tempo) if m.type == "set_tempo" else m for m in track]
    midi.save(path)


def head(meter: str, key: str, tempo: int) -> list[Event]:
    """What stands at the start of a file. No program marks a pickup here."""
    numerator, denominator = map(int, meter.split("/"))
    return [
        (0, mido.MetaMessage("time_signature", numerator=numerator, denominator=denominator)),
        (0, mido.MetaMessage("key_signature", key=key)),
        (0, mido.MetaMessage("set_tempo", tempo=tempo)),
    ]


def notes(
    melody: Melody, *, late: int = 0, sounding: Fraction = Fraction(1), channel: int = 0
) -> list[Event]:
    """The melody's events, each start so many ticks late, each note sounding a part of its length."""
    events: list[Event] = [(0, mido.MetaMessage("track_name", name=melody.title))]
    for index, note in enumerate(melody.notes):
        start = round(note.onset * TICKS) + late
        end = round((note.onset + note.duration * sounding) * TICKS)
        loud = 92 if note.onset % 2 == 0 else 70 + 5 * (index % 3)
        events.append((start, mido.Message("note_on", channel=channel, note=note.pitch, velocity=loud)))
        events.append((end, mido.Message("note_off", channel=channel, note=note.pitch, velocity=0)))
    return events


def accompanied(melody: Melody) -> list[list[Event]]:
    """A flute with guitar, bass and drum, and most of what else a MIDI file may hold."""
    conductor: list[Event] = [
        *head("4/4", "Em", REEL_TEMPO),
        (0, mido.MetaMessage("text", text="traditional; arranged for this example")),
        (0, mido.Message("sysex", data=(0x7E, 0x7F, 0x09, 0x01))),
        (0, mido.MetaMessage("marker", text="A")),
        (8 * 4 * TICKS, mido.MetaMessage("marker", text="B")),
        (8 * 4 * TICKS, mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(208))),
    ]
    return [conductor, flute(melody), guitar(), bass(), drum()]


def flute(melody: Melody) -> list[Event]:
    """The melody, a little detached, with words, a swell and a bend."""
    words = [
        (note.onset, word) for note, word in zip(melody.notes, ("Drow-", "sy ", "Mag-", "gie"), strict=False)
    ]
    return [
        *voice("Flute", 0, 73),
        *((round(onset * TICKS), mido.MetaMessage("lyrics", text=word)) for onset, word in words),
        *(
            (bar * 4 * TICKS, mido.Message("control_change", control=11, value=90 + 2 * bar))
            for bar in range(16)
        ),
        (28 * TICKS + 100, mido.Message("pitchwheel", pitch=-300)),
        (28 * TICKS + 140, mido.Message("pitchwheel", pitch=0)),
        *notes(melody, sounding=Fraction(9, 10))[1:],
    ]


def voice(name: str, channel: int, program: int) -> list[Event]:
    """The start of a track."""
    return [
        (0, mido.MetaMessage("track_name", name=name)),
        (0, mido.Message("program_change", channel=channel, program=program)),
        (0, mido.Message("control_change", channel=channel, control=7, value=100 - 10 * channel)),
        (0, mido.Message("control_change", channel=channel, control=10, value=64 + 8 * channel)),
    ]


def guitar() -> list[Event]:
    """A chord on the second and the fourth quarter."""
    events = voice("Guitar", 1, 25)
    for bar, chord in enumerate(CHORDS):
        for beat in (1, 3):
            for pitch in PITCHES[chord][1]:
                events += struck(1, pitch, 60, (4 * bar + beat) * TICKS, TICKS * 3 // 4)
    return events


def bass() -> list[Event]:
    """A note on the first and the third quarter."""
    events = voice("Bass", 2, 32)
    for bar, chord in enumerate(CHORDS):
        for beat in (0, 2):
            events += struck(2, PITCHES[chord][0], 76, (4 * bar + beat) * TICKS, TICKS)
    return events


def drum() -> list[Event]:
    """A tap on every quarter, on the drum channel."""
    events: list[Event] = [(0, mido.MetaMessage("track_name", name="Drum"))]
    for quarter in range(64):
        events += struck(9, 64 if quarter % 2 else 63, 50, quarter * TICKS, TICKS // 4)
    return events


def struck(channel: int, pitch: int, loud: int, start: int, length: int) -> list[Event]:
    """A note."""
    return [
        (start, mido.Message("note_on", channel=channel, note=pitch, velocity=loud)),
        (start + length, mido.Message("note_off", channel=channel, note=pitch, velocity=0)),
    ]


def save(name: str, tracks: list[list[Event]]) -> None:
    """Write a file, of type 0 where it has one track; at one time, ends stand before starts."""
    midi = mido.MidiFile(type=int(len(tracks) > 1), ticks_per_beat=TICKS)
    for events in tracks:
        ordered = sorted(
            events,
            key=lambda event: (event[0], 2 * (event[1].type == "note_on") - (event[1].type == "note_off")),
        )
        times = [tick for tick, _ in ordered]
        deltas = [after - before for before, after in zip([0, *times], times, strict=False)]
        midi.tracks.append(mido.MidiTrack(m.copy(time=d) for (_, m), d in zip(ordered, deltas, strict=True)))
    midi.save(HERE / f"{name}.mid")


if __name__ == "__main__":
    main()
