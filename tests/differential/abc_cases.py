"""Why music21 reads a bar of an old tune book otherwise: named cases, each with its proof.

A case is a rewriting of a tune's text that keeps its meaning by the ABC standard 2.1 and does without
one construct. Our reader must say the same before and after; where music21 says what we say once the
construct is gone, the construct was what it misread.
"""

from __future__ import annotations

from dataclasses import dataclass

from tests.differential.abc_rewrites import (
    LENGTH,
    PITCH,
    Change,
    broken_as_lengths,
    chords_untied,
    decoded,
    dots_behind_fields,
    endings_behind_lines,
    fields_alone,
    graces_before_tuplets,
    inline_on_lines,
    instead,
    one_voice,
    signs_of,
    signs_written_out,
    with_fractions,
    without,
    without_lone_accidentals,
    without_lone_broken,
    without_places,
)


@dataclass(frozen=True)
class Case:
    """A construct on which the two readers differ.

    Attributes:
        name: for the table.
        wrong: who misreads it: `music21`, or `neither` where the standard does not allow it.
        why: what the standard says (with the section of ABC 2.1) and what music21 does.
        change: the signs of a tune with the construct written otherwise.
        for_both: nothing else can be written for it: both readers are given the changed text.
    """

    name: str
    wrong: str
    why: str
    change: Change
    for_both: bool = False

    def rewrite(self, text: str) -> str:
        """The tune's text without the construct."""
        return "".join(sign.text for sign in self.change(signs_of(text)))


CASES = (
    Case(
        "prose in the header",
        "music21",
        "a header is made of fields (2.2.1); music21 plays the letters of other lines",
        fields_alone,
    ),
    Case(
        "voices",
        "music21",
        "V: in brackets changes the voice (7); music21 reads all voices as one",
        one_voice,
    ),
    Case(
        "quoted-printable",
        "neither",
        "=3D, =20 and = at a line's end are left over from mail and no ABC; both are given the decoded text",
        decoded,
        for_both=True,
    ),
    Case(
        "accidental without a note",
        "music21",
        "an accidental stands right before its note (4.2); music21 keeps a lone one for a later note",
        without_lone_accidentals,
    ),
    Case(
        "place for a sign",
        "neither",
        "x is an invisible rest (4.5); right behind a sign it is none to us, and nowhere to music21",
        without_places,
    ),
    Case(
        "fermata",
        "music21",
        "H is a fermata on what follows (4.14); music21 drops the note or rest with it",
        without("letter", matching="H"),
    ),
    Case(
        "other letter",
        "music21",
        "letters such as S, T and ~ decorate the note behind them (4.14); music21 forgets its accidental",
        without("letter", matching="[^.uv]"),
    ),
    Case(
        "broken rhythm",
        "music21",
        "> and < work on the notes beside them (4.4); music21 evens them out where a tie, slur, dot, bow, "
        "grace note or text stands between",
        broken_as_lengths,
    ),
    Case(
        "broken rhythm of one note",
        "neither",
        "> and < stand between two notes (4.4); we lengthen the last note of a tune, music21 does not",
        without_lone_broken,
        for_both=True,
    ),
    Case(
        "annotation",
        "music21",
        "text in quotes takes no time and changes no note (4.18, 4.19); music21 drops a note under '\">\"'",
        without("quoted"),
    ),
    Case(
        "grace in tuplet",
        "music21",
        "grace notes have no time of their own (4.12); music21 counts them among the notes of a tuplet",
        lambda signs: list(graces_before_tuplets(signs)),
    ),
    Case(
        "grace notes",
        "music21",
        "grace notes have no time of their own (4.12); music21 ties them to the note behind",
        without("grace", matching=r"\A[^_=^]*\Z"),
    ),
    Case(
        "inline field",
        "music21",
        "[L:], [M:] and [K:] work as on a line of their own (3.2); music21 takes them for chords",
        inline_on_lines,
    ),
    Case(
        "field in the body",
        "music21",
        "a field does not end a bar (3.2); music21 ends one there, and loses one right behind a bar line",
        dots_behind_fields,
    ),
    Case(
        "note before ::",
        "music21",
        "a field stands at the start of a line (3.2); music21 takes G:: for a field and drops the note",
        instead("bar", "::", ":||:"),
    ),
    Case(
        "chord in plus signs",
        "music21",
        "+EA+ is the old way to write [EA] (10, outdated syntax); music21 plays the notes one after another",
        instead("plus", r"\+(.*)\+", r"[\1]"),
    ),
    Case(
        "bracket without a chord",
        "neither",
        "[ opens a chord, field or ending (4.17); we pass over another, music21 reads a chord up to ]",
        lambda signs: [sign for sign in signs if sign != ("other", "[")],
    ),
    Case(
        "unison",
        "neither",
        "[AA] is two strings on one pitch (4.17); it is one note to us and two to music21",
        instead("chord", rf"\[({PITCH}{LENGTH})\1\]", r"\1"),
    ),
    Case(
        "Z within a bar",
        "neither",
        "Z is a rest of whole bars (4.5); beside notes it is a plain rest to us, and nothing to music21",
        instead("rest", "Z", "z"),
    ),
    Case(
        "invisible rest",
        "music21",
        "x is a rest that is not printed (4.5); music21 drops it",
        instead("rest", "x", "z"),
    ),
    Case(
        "ending within a bar",
        "music21",
        "[1 does not end a bar (4.9); music21 takes it for a bar line",
        endings_behind_lines,
    ),
    Case(
        "3//",
        "music21",
        "each / halves (4.3); music21 reads one where a number stands before two",
        with_fractions,
    ),
    Case(
        "accidental held",
        "music21",
        "an accidental holds to the bar's end (4.2); music21 forgets it in chords and behind a dot",
        signs_written_out,
    ),
    Case(
        "tied chord",
        "music21",
        "[CE]-[CE] is tied (4.11); music21 ties no chords; both are given the text without",
        chords_untied,
        for_both=True,
    ),
)
"""Every known difference, in the order in which they are tried."""
