"""Read scores with this package's own readers, and music21's scores where a corpus is read through it.

music21 reads ABC too, but drops notes under a fermata (`Hc2`), evens out broken rhythms next to a
tie, slur or grace note (`d>-c`), counts grace notes into triplets and passes over inline fields;
old tune books are full of these.
"""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from arvae_music.errors import ArvaeError
from arvae_music.formats.abc import AbcTune, split_tunes
from arvae_music.formats.abc_edit import AbcSource
from arvae_music.formats.abc_key import name_of_fifths
from arvae_music.formats.abc_text import load_text, read_text
from arvae_music.formats.abc_voice import numbered
from arvae_music.formats.limits import MOST_CHARACTERS, MOST_IN_MEASURE, MOST_LISTED, refuse_endless
from arvae_music.formats.musicxml import read_musicxml
from arvae_music.formats.tune import Tune
from arvae_music.melody import Bar, Melody, Note
from arvae_music.meter import Meter

if TYPE_CHECKING:
    from music21.stream import Measure, Part, Score


def read_score(path: Path, *, part: int | str | None = None, tune: int | str | None = None) -> Tune:
    """Read one voice of an ABC or MusicXML file.

    Args:
        path: the file; its extension says the format.
        part: number (from 1) or name of the voice, where several have notes.
        tune: what stands after the tune's `X:` in an ABC book.

    Raises:
        ArvaeError: the file cannot be read, or it cannot be told which tune or part is meant.
    """
    if path.suffix.lower() == ".abc":
        return _read_abc(path, part, tune)
    if tune is not None:
        raise ArvaeError(f"{path} is not a book of tunes: leave out --tune")
    return read_musicxml(path, part=part)


def _read_abc(path: Path, part: int | str | None, wanted: int | str | None) -> Tune:
    file = load_text(path)
    if not file.text.strip():
        raise ArvaeError(f"{path} is empty: it has no tune")
    if "\0" in file.text:
        raise ArvaeError(f"{path} is no text, and so no ABC: is its extension right?")
    tunes = split_tunes(file.text)
    index = _chosen_tune(path, tunes, wanted)
    if not tunes[index].has_key:
        raise ArvaeError(
            f"{path} has no K: line in tune X:{tunes[index].number}: notes are read behind one (K:C)"
        )
    voices = tunes[index].placed_voices()
    melody = choose_voice(path, [(name, voice.melody) for name, voice in voices.items()], part)
    name = next(name for name, voice in voices.items() if voice.melody is melody)
    for bar, place in zip(melody.bars, voices[name].places, strict=True):
        if len(place.items) > MOST_IN_MEASURE or place.end - place.start > MOST_CHARACTERS:
            raise ArvaeError(
                f"{path} has more in measure {bar.number} than any music has: the file seems damaged"
            )
    source = AbcSource(file, tunes[index], index, name, voices[name])
    notices = source.notices
    if source.lyrics:
        from arvae_music.formats.abc_sung import left_over

        notices += tuple(left_over(source))
    return Tune(path, source.melody, source, notices)


def read_all(path: Path) -> list[Melody]:
    """Every tune of an ABC book that has notes, of each its first voice with notes.

    Raises:
        ArvaeError: the file cannot be read, or has no notes.
    """
    melodies: list[Melody] = []
    for tune in split_tunes(read_text(path)):
        melodies.extend(list(tune.voices().values())[:1])
    if not melodies:
        raise ArvaeError(f"{path} has no tune with notes")
    return melodies


def _chosen_tune(path: Path, tunes: list[AbcTune], wanted: int | str | None) -> int:
    """Index of the tune that is asked for, or of the only one."""
    if not tunes:
        raise ArvaeError(f"{path} has no tune: an ABC tune begins with X: and its notes follow K:")
    if wanted is None:
        if len(tunes) > 1:
            raise ArvaeError(
                f"{path} has {len(tunes)} tunes ({_numbers(tunes)}): choose one with --tune NUMBER"
            )
        return 0
    for index, tune in enumerate(tunes):
        if str(tune.number) == str(wanted).strip():
            return index
    raise ArvaeError(f"{path} has no tune {wanted}: it has {_numbers(tunes)}")


def _numbers(tunes: list[AbcTune]) -> str:
    names = [f"X:{tune.number}" for tune in tunes]
    return ", ".join(names) if len(names) <= 6 else f"{names[0]} to {names[-1]}"


def choose_voice(path: Path, voices: list[tuple[str, Melody]], part: int | str | None) -> Melody:
    """The voice that is asked for, else the only one with notes.

    Args:
        path: for messages.
        voices: name and melody of every voice, in the score's order.
        part: number (from 1) or name.

    Raises:
        ArvaeError: no voice has notes, or it cannot be told which one is meant.
    """
    sounding = [(number, *voice) for number, voice in enumerate(voices, 1) if voice[1].notes]
    if not sounding:
        raise ArvaeError(f"{path} has no notes")
    listed = "; ".join(_voice_line(*voice) for voice in sounding[:MOST_LISTED])
    listed += " …" if len(sounding) > MOST_LISTED else ""
    if part is None:
        if len(sounding) > 1:
            raise ArvaeError(f"{path} has several parts with notes: choose one with --part ({listed})")
        return _not_endless(path, sounding[0][2])
    wanted = str(part).strip()
    chosen = [melody for _, name, melody in sounding if name.lower() == wanted.lower()]
    if not chosen:
        chosen = [melody for number, _, melody in sounding if str(number) == wanted]
    if len(chosen) != 1:
        which = "several parts" if chosen else "no part with notes"
        raise ArvaeError(f"{path} has {which} named '{part}': it has {listed}")
    return _not_endless(path, chosen[0])


def _not_endless(path: Path, melody: Melody) -> Melody:
    """The melody, if it is not larger than any music."""
    refuse_endless(path, melody.bars, melody.notes)
    return melody


def _voice_line(number: int, name: str, melody: Melody) -> str:
    pitches = [note.pitch for note in melody.notes]
    notes = "1 note" if len(pitches) == 1 else f"{len(pitches)} notes"
    return f"{number} '{name}': {notes}, pitches {min(pitches)} to {max(pitches)}"


def parse_musicxml(path: Path) -> Score:
    """The score in a MusicXML file.

    Raises:
        ArvaeError: the file is missing, is not MusicXML or is broken.
    """
    from music21 import converter, stream

    if not path.is_file():
        raise ArvaeError(f"{path} does not exist or is not a file")
    try:
        score = converter.parseFile(path, format="musicxml", forceSource=True, storePickle=False)
    except Exception as error:  # music21 lets through whatever its parsers raise
        cause = str(error).strip().splitlines() or [type(error).__name__]
        raise ArvaeError(f"{path} cannot be read as MusicXML: {cause[0][:200]}") from None
    if not isinstance(score, stream.Score):
        raise ArvaeError(f"{path} cannot be read as MusicXML: it holds no score")
    return score


def voices_of(score: Score) -> dict[str, Melody]:
    """Every part's melody by its name; parts of the same name are numbered."""
    title = title_of(score)
    voices: dict[str, Melody] = {}
    for number, part in enumerate(score.parts, 1):
        name = str(part.partName or part.id or f"part {number}")
        unique = name if name not in voices else f"{name} ({number})"
        voices[unique] = melody_from_stream(part, title)
    return voices


def title_of(score: Score) -> str:
    """The score's title, or an empty text."""
    metadata = score.metadata
    return str(metadata.bestTitle or "").strip() if metadata is not None else ""


def melody_from_stream(part: Part, title: str = "") -> Melody:
    """The notes and notated bars of one part.

    A bar is as long as what is written in it, whatever its meter says; offsets that music21 pads
    are not trusted. Ties are merged, grace notes and percussion left out, chords kept.
    """
    from music21 import key, stream

    reader = _PartReader()
    for measure in part.getElementsByClass(stream.Measure):
        reader.take(measure)
    found = part.recurse().getElementsByClass(key.KeySignature).first()
    name = name_of_fifths(found.sharps or 0, getattr(found, "mode", None)) if found else None
    return Melody(tuple(sorted(reader.notes)), tuple(numbered(reader.bars)), title, name)


class _PartReader:
    """Counts time over the measures of a part."""

    def __init__(self) -> None:
        self.notes: list[Note] = []
        self.bars: list[Bar] = []
        self._now = Fraction(0)
        self._meter: Meter | None = None
        self._tied: dict[int, int] = {}  # pitch -> index in notes

    def take(self, measure: Measure) -> None:
        from music21 import chord, harmony, note

        signature = measure.timeSignature
        if signature is not None:
            self._meter = Meter(signature.numerator, signature.denominator)
        elements = [
            (_exact(element.getOffsetInHierarchy(measure)), element)
            for element in measure.recurse().notesAndRests
            if not element.duration.isGrace and not isinstance(element, harmony.Harmony)
        ]
        for offset, element in sorted(elements, key=lambda pair: pair[0]):
            sounds = element.notes if isinstance(element, chord.Chord) else (element,)
            for sound in sounds:
                if isinstance(sound, note.Note):
                    self._note(self._now + offset, sound, _exact(element.duration.quarterLength))
        length = max((o + _exact(e.duration.quarterLength) for o, e in elements), default=Fraction(0))
        self._end_bar(length)

    def _note(self, onset: Fraction, sound: Any, duration: Fraction) -> None:
        pitch = int(sound.pitch.midi)
        kind = sound.tie.type if sound.tie is not None else None
        index = self._tied.pop(pitch, None)
        goes_on = kind in ("stop", "continue") and index is not None and self.notes[index].end == onset
        if goes_on and index is not None:
            before = self.notes[index]
            self.notes[index] = Note(before.onset, before.duration + duration, pitch)
        else:
            index = len(self.notes)
            self.notes.append(Note(onset, duration, pitch))
        if kind in ("start", "continue"):
            self._tied[pitch] = index

    def _end_bar(self, length: Fraction) -> None:
        meter = self._meter or Meter(4, 4)
        length = length or meter.length  # a bar with nothing written in it
        problem = None if self._meter else "no meter is given"
        self.bars.append(Bar(0, self._now, length, meter, problem))
        self._now += length


def _exact(time: Any) -> Fraction:
    """music21's times are floats where they are dyadic and fractions elsewhere: both are exact."""
    return Fraction(time)
