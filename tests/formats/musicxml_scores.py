"""MusicXML written by hand, one line a note, and bars of it replaced."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction as Q
from pathlib import Path

from arvae_music.formats import Tune, read
from arvae_music.melody import Melody, Note

Bar = Sequence[tuple[Q | int, Q | int, str]]
"""Notes of a bar: onset and length in quarters from its start, and name."""

HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="no"?>\n'
DOCTYPE = (
    '<!DOCTYPE score-partwise PUBLIC "-//Recordare//DTD MusicXML 3.1 Partwise//EN"'
    ' "http://www.musicxml.org/dtds/partwise.dtd">\n'
)
STEPS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
SIGNS = {"#": 1, "b": -1, "": 0}

TRIPLET = (
    "<time-modification><actual-notes>3</actual-notes><normal-notes>2</normal-notes></time-modification>"
)


def attributes(time: str = "4/4", fifths: int = 0, divisions: int = 4) -> str:
    beats, unit = time.split("/")
    return (
        f"<attributes><divisions>{divisions}</divisions><key><fifths>{fifths}</fifths></key>"
        f"<time><beats>{beats}</beats><beat-type>{unit}</beat-type></time></attributes>\n"
    )


def note(
    name: str,
    length: int,
    kind: str = "",
    after: str = "",
    *,
    ties: str = "",
    before: str = "",
    voice: int = 1,
) -> str:
    """A note such as `C#5`, or `r`: `kind` is its type, `after` what follows that."""
    if name == "r":
        pitch = "<rest/>"
    else:
        alter = SIGNS[name[1:-1]]
        written = f"<alter>{alter}</alter>" if alter else ""
        pitch = f"<pitch><step>{name[0]}</step>{written}<octave>{name[-1]}</octave></pitch>"
    tie = "".join(f'<tie type="{one}"/>' for one in ties.split())
    tied = "".join(f'<tied type="{one}"/>' for one in ties.split())
    notations = f"<notations>{tied}</notations>" if tied else ""
    drawn = f"<type>{kind}</type>" if kind else ""
    return (
        f"<note>{before}{pitch}<duration>{length}</duration>{tie}<voice>{voice}</voice>{drawn}{after}"
        f"{notations}</note>\n"
    )


def score(*parts: Sequence[str], title: str = "Hand") -> str:
    """A score of parts, each a list of the insides of measures."""
    names = "".join(
        f'<score-part id="P{i}"><part-name>Part {i}</part-name></score-part>\n'
        for i in range(1, len(parts) + 1)
    )
    bodies = ""
    for i, bars in enumerate(parts, 1):
        inside = "".join(f'<measure number="{k}">\n{bar}</measure>\n' for k, bar in enumerate(bars, 1))
        bodies += f'<part id="P{i}">\n{inside}</part>\n'
    work = f"<work><work-title>{title}</work-title></work>\n"
    return (
        f'{HEAD}{DOCTYPE}<score-partwise version="3.1">\n{work}<part-list>\n{names}</part-list>\n'
        f"{bodies}</score-partwise>\n"
    )


def midi(name: str) -> int:
    return 12 * (int(name[-1]) + 1) + STEPS[name[0]] + SIGNS[name[1:-1]]


def tune_of(folder: Path, text: str, part: int | None = None, name: str = "tune.musicxml") -> Tune:
    path = folder / name
    path.write_bytes(text.encode())
    return read(path, part=part)


def with_bar(melody: Melody, index: int, notes: Bar) -> Melody:
    """The melody with other notes in a bar."""
    bar = melody.bars[index]
    kept = [one for one in melody.notes if not bar.start <= one.onset < bar.end]
    return melody.with_notes(
        [*kept, *(Note(bar.start + Q(start), Q(length), midi(name)) for start, length, name in notes)]
    )


def rewritten(tune: Tune, melody: Melody, name: str = "out.musicxml") -> str:
    """The text of the file that the tune is written to with another melody."""
    path = tune.path.with_name(name)
    tune.replace(melody).write(path, force=True)
    assert read(path, part=None if tune.path.name != "duet.musicxml" else 1).melody == melody
    return path.read_bytes().decode()


def changed(folder: Path, bar: str, notes: Bar, first: str = "") -> str:
    """What becomes of a bar when its notes are others; a whole bar of C5 stands before and behind."""
    around = note("C5", 16, "whole")
    bars = [(first or attributes()) + around, bar, around]
    text = score(bars)
    tune = tune_of(folder, text)
    new = rewritten(tune, with_bar(tune.melody, 1, notes))
    start = text.index('<measure number="2">\n') + len('<measure number="2">\n')
    after = text[start + len(bar) :]
    assert new.startswith(text[:start])
    assert new.endswith(after)
    return new[start : -len(after)]
