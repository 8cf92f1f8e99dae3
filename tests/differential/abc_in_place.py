"""One measure of every tune of the three books edited in place, judged by characters and three readers.

Every tune with at least four whole measures gets other, random and legal, tokens in one of them. Only
that measure's characters may differ, and our reader, music21 and symusic must read the new notes and
all the old ones. The latter two judge where they read the source as we do. symusic plays repeats and
grace notes out, so it is given both texts without them; hornpipes' swing likewise.

    python -m tests.differential.abc_in_place
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from arvae_music.formats.abc import split_tunes
from arvae_music.formats.abc_edit import AbcSource, edited
from arvae_music.formats.abc_text import AbcText
from arvae_music.measures import Measure, measures, replace_measures
from arvae_music.melody import Melody
from arvae_music.tokens import HOLD, REST, Tokens
from tests.differential.abc_books import (
    BOOKS,
    BookTune,
    Reader,
    by_music21,
    by_us,
    says,
    texts_of,
    tunes_of,
)
from tests.differential.abc_rewrites import signs_of

_TRIES = 50
_SIXTEENTHS, _TRIPLETS = (0, 1, 3, 5), (0, 2, 4)
_NO_NOTES = ("ending", "grace", "quoted", "word", "letter", "comment")
_SYMUSIC_TICKS = 2  # it plays notes a tick late and short


@dataclass(frozen=True)
class Edit:
    """A book before and after, the tune's bars that were written anew, and what they should say."""

    source: AbcSource
    bars: tuple[int, ...]
    meant: Melody
    text: str

    @property
    def tune(self) -> str:
        """The tune's text after the edit."""
        return texts_of(self.text)[self.source.index]


def edit_of(tune: BookTune, generator: np.random.Generator) -> Edit | None:
    """One measure of a tune made another; None where it has fewer than four whole measures."""
    file = AbcText.decode(tune.path.read_bytes())
    place_in_book = split_tunes(file.text)[tune.index]
    voices = [(n, v) for n, v in place_in_book.placed_voices().items() if v.melody.notes]
    if not voices:
        return None
    name, voice = voices[0]
    source = AbcSource(file, place_in_book, tune.index, name, voice)
    rows = measures(source.melody)
    whole = [position for position, row in enumerate(rows) if row.tokens is not None]
    if len(whole) < 4:
        return None
    for _ in range(_TRIES):
        position = int(generator.choice(whole))
        with contextlib.suppress(ValueError):  # a tie is gone, or a note sounds over the join
            tokens = random_tokens(rows[position], generator)
            melody = replace_measures(source.melody, rows, {position: tokens})
            text = edited(source, melody).decode(file.encoding)
            return Edit(source, rows[position].bars, melody, text)
    raise AssertionError(tune.name)


def random_tokens(row: Measure, generator: np.random.Generator) -> Tokens:
    """Legal tokens with the measure's ties."""
    grid, old = row.grid, row.tokens
    assert grid is not None
    assert old is not None
    new = old.copy()
    new[: grid.ticks] = HOLD
    sounding = row.tie_in is not None
    places: Sequence[int] = range(6)
    for tick in range(grid.ticks):
        place = tick % 6
        if place == 0 and "8" not in grid.name:
            places = (_SIXTEENTHS, _TRIPLETS)[int(generator.integers(2))]
        fixed = tick == 0 and row.tie_in is None
        if place not in places or (tick == 0 and not fixed) or not (fixed or generator.random() < 0.5):
            continue
        new[tick] = REST if generator.random() < 0.1 and (sounding or fixed) else generator.integers(55, 89)
        sounding = new[tick] != REST
    if row.tie_out is not None:
        last = max((tick for tick in range(1, grid.ticks) if new[tick] != HOLD), default=6)
        new[last] = row.tie_out
    return new


def strangers(edit: Edit) -> str | None:
    """What differs outside the edited bars, or None.

    One sign may go: a `-` at the end of the bar before, which would tie where it was a slur.
    """
    places = sorted((edit.source.voice.places[bar] for bar in edit.bars), key=lambda place: place.start)
    old = edit.source.file.text
    edges = [0, *(edge for place in places for edge in (place.start, place.end)), len(old)]
    kept = [old[start:end] for start, end in zip(edges[::2], edges[1::2], strict=True)]
    if re.fullmatch("([^|]*?)".join(re.escape(part) for part in kept), edit.text, re.DOTALL):
        return None
    loose = [re.escape(re.sub(r"-(?=[^-A-Ga-g]*\Z)", "\0", part)) for part in kept]
    pattern = "([^|]*?)".join(re.sub(r"\\?\0", "-?", part) for part in loose)
    return "slur" if re.fullmatch(pattern, edit.text, re.DOTALL) else "other characters"


def by_symusic(text: str) -> list[tuple[int, int, int]] | None:
    """Onset, end and pitch of every note without repeats, in 480 to the quarter; None where it gives up."""
    import symusic

    with _silence():
        try:
            score: Any = symusic.Score.from_abc(plain(text))
        except Exception:  # whatever its parser raises
            return None
    notes = [note for track in score.tracks for note in track.notes]
    return sorted((note.time - 1, note.time + note.duration, note.pitch) for note in notes)


def plain(text: str) -> str:
    """A tune without what symusic plays out, and without signs that are no notes.

    Repeats, endings and grace notes go, and `R:`: in a hornpipe it plays broken rhythm two to one.
    """
    head, *body = signs_of(text)
    fields = re.sub(r"(?m)^(?![XMLK]:).*\n?", "", head.text)
    kept = ["|" if sign.kind == "bar" else sign.text for sign in body if sign.kind not in _NO_NOTES]
    return fields + "".join(kept)


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    """symusic's parser writes its warnings to the process's own outputs."""
    sys.stdout.flush()
    saved = [os.dup(number) for number in (1, 2)]
    with open(os.devnull, "wb") as nothing:
        for number in (1, 2):
            os.dup2(nothing.fileno(), number)
    try:
        yield
    finally:
        for number, old in zip((1, 2), saved, strict=True):
            os.dup2(old, number)
            os.close(old)


def same_as_symusic(melody: Melody, notes: list[tuple[int, int, int]] | None) -> bool:
    """Whether symusic reads a melody's notes, give or take its ticks."""
    ours = sorted((480 * note.onset, 480 * note.end, note.pitch) for note in melody.notes)
    return (
        notes is not None
        and len(ours) == len(notes)
        and all(
            abs(a - x) <= _SYMUSIC_TICKS and abs(b - y) <= _SYMUSIC_TICKS and p == q
            for (a, b, p), (x, y, q) in zip(ours, notes, strict=True)
        )
    )


def check(
    tunes: Iterable[BookTune], seed: int, music21: Reader | None = by_music21
) -> tuple[Counter[str], list[str]]:
    """Counts over some tunes, and every fault with its tune's name.

    `music21`: None leaves that reader out, which takes most of the time.
    """
    counts: Counter[str] = Counter()
    faults = []
    generator = np.random.default_rng(seed)
    for tune in tunes:
        counts["tunes"] += 1
        edit = edit_of(tune, generator)
        if edit is None:
            continue
        counts["edited"] += 1
        found = strangers(edit)
        counts["only the measure's characters"] += found is None
        counts["and a slur written as a tie"] += found == "slur"
        good = {"characters": found in (None, "slur"), "ours": _same(by_us(edit.tune), edit.meant)}
        if music21 is not None and _same(music21(tune.text), edit.source.voice.melody):
            good["music21"] = _same(music21(edit.tune), edit.meant)
        if same_as_symusic(edit.source.voice.melody, by_symusic(tune.text)):
            good["symusic"] = same_as_symusic(edit.meant, by_symusic(edit.tune))
        for reader, fine in good.items():
            counts[f"{reader}: judged"] += 1
            counts[f"{reader}: as meant"] += fine
            if not fine:
                faults.append(f"{tune.name} {reader}")
    return counts, faults


def _same(theirs: Melody | None, ours: Melody) -> bool:
    return theirs is not None and says(theirs) == says(ours)


def main() -> int:
    """Print the counts by book; 1 where there is a fault."""
    wrong = []
    for seed, (book, folder) in enumerate(BOOKS.items()):
        counts, faults = check(tunes_of(folder), seed)
        wrong += faults
        sys.stdout.write(f"{book}: " + ", ".join(f"{name} {count}" for name, count in counts.items()) + "\n")
    sys.stdout.write("\n".join(wrong) + "\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
