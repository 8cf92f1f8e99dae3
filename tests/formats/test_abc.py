"""The ABC reader: what is written, in exact time."""

from fractions import Fraction as Q

import pytest

from arvae_music.formats.abc import split_tunes
from arvae_music.formats.abc_key import name_of_fifths, parse_key
from arvae_music.measures import measures
from arvae_music.melody import Melody
from arvae_music.tokens import HOLD, PAD, REST


def tune(body: str, *, meter: str = "4/4", key: str = "C", unit: str = "1/8") -> Melody:
    """The only voice of a tune in eighths."""
    text = f"X:1\nT:Test\nM:{meter}\nL:{unit}\nK:{key}\n{body}\n"
    (voice,) = split_tunes(text)[0].voices().values()
    return voice


def notes(melody: Melody) -> list[tuple[Q, Q, int]]:
    return [(note.onset, note.duration, note.pitch) for note in melody.notes]


def lengths(melody: Melody) -> list[Q]:
    return [note.duration for note in melody.notes]


def pitches(melody: Melody) -> list[int]:
    return [note.pitch for note in melody.notes]


def bars(melody: Melody) -> list[tuple[int, Q, Q, str]]:
    return [(bar.number, bar.start, bar.length, str(bar.meter)) for bar in melody.bars]


def test_jig_with_pickup_and_two_endings() -> None:
    melody = tune("D|GAB c2d|[1 e3 d2:|[2 e3 g3|]", meter="6/8", key="G")
    assert bars(melody) == [
        (0, Q(0), Q(1, 2), "6/8"),
        (1, Q(1, 2), Q(3), "6/8"),
        (2, Q(7, 2), Q(5, 2), "6/8"),
        (3, Q(6), Q(3), "6/8"),
    ]
    assert pitches(melody) == [62, 67, 69, 71, 72, 74, 76, 74, 76, 79]
    rows = measures(melody)
    assert [(row.index, row.joined) for row in rows] == [(1, None), (2, 0), (3, None)]
    assert [row.tokens.tolist() for row in rows if row.tokens is not None] == [
        [67, HOLD, 69, HOLD, 71, HOLD, 72, HOLD, HOLD, HOLD, 74, HOLD] + [PAD] * 12,
        [76, HOLD, HOLD, HOLD, HOLD, HOLD, 74, HOLD, HOLD, HOLD, 62, HOLD] + [PAD] * 12,
        [76, HOLD, HOLD, HOLD, HOLD, HOLD, 79, HOLD, HOLD, HOLD, HOLD, HOLD] + [PAD] * 12,
    ]


def test_triplets_are_exact_and_share_a_measure_with_rests() -> None:
    melody = tune("(3ABc d2 z4|")
    assert notes(melody) == [
        (Q(0), Q(1, 3), 69),
        (Q(1, 3), Q(1, 3), 71),
        (Q(2, 3), Q(1, 3), 72),
        (Q(1), Q(1), 74),
    ]
    (row,) = measures(melody)
    assert row.tokens is not None
    # A quarter's ticks lie at 0, 1/4, 1/3, 1/2, 2/3, 3/4 of it.
    assert row.tokens.tolist() == [69, HOLD, 71, HOLD, 72, HOLD, 74, *[HOLD] * 5, REST, *[HOLD] * 11]


@pytest.mark.parametrize(
    ("body", "meter", "expected"),
    [
        ("(3:2:4ABcd", "4/4", [Q(1, 3)] * 4),
        ("(3::2AB c", "4/4", [Q(1, 3), Q(1, 3), Q(1, 2)]),
        ("(5ABcde", "4/4", [Q(1, 5)] * 5),  # five in the time of two
        ("(5ABcde", "6/8", [Q(3, 10)] * 5),  # five in the time of three
        ("(2AB", "6/8", [Q(3, 4)] * 2),
        ("(4ABcd", "6/8", [Q(3, 8)] * 4),
        ("((3A2Bc)d", "4/4", [Q(2, 3), Q(1, 3), Q(1, 3), Q(1, 2)]),
        ("(3{g}A{fg}Bc d", "4/4", [Q(1, 3), Q(1, 3), Q(1, 3), Q(1, 2)]),  # grace notes do not count
    ],
)
def test_tuplets(body: str, meter: str, expected: list[Q]) -> None:
    assert lengths(tune(body, meter=meter)) == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("A>B", [Q(3, 4), Q(1, 4)]),
        ("A<B", [Q(1, 4), Q(3, 4)]),
        ("A>>B", [Q(7, 8), Q(1, 8)]),
        ("A > B", [Q(3, 4), Q(1, 4)]),
        ("A>{c}B", [Q(3, 4), Q(1, 4)]),
        ("(cA)>(Bd)", [Q(1, 2), Q(3, 4), Q(1, 4), Q(1, 2)]),
        ("A>-B", [Q(3, 4), Q(1, 4)]),  # a dash between pitches is a slur
        ("A>-A", [Q(1)]),
        ('A>"D7".B', [Q(3, 4), Q(1, 4)]),
        ("A>B>c", [Q(3, 4), Q(3, 8), Q(1, 4)]),
        ("A2>B2", [Q(3, 2), Q(1, 2)]),
    ],
)
def test_broken_rhythm(body: str, expected: list[Q]) -> None:
    assert lengths(tune(body)) == expected


@pytest.mark.parametrize(
    ("length", "expected"),
    [("", Q(1, 2)), ("3", Q(3, 2)), ("/", Q(1, 4)), ("//", Q(1, 8)), ("/4", Q(1, 8)), ("3/2", Q(3, 4)),
     ("3/", Q(3, 4)), ("/0", Q(1, 2)),
     ("0", Q(1, 2)), ("0/2", Q(1, 4))],
)  # fmt: skip
def test_lengths(length: str, expected: Q) -> None:
    assert lengths(tune(f"A{length}")) == [expected]


@pytest.mark.parametrize(
    ("body", "key", "expected"),
    [
        ("C, C c c'", "C", [48, 60, 72, 84]),
        ("F f", "D", [66, 78]),
        ("^c c' c|c", "C", [73, 85, 73, 72]),  # to the bar's end, in every octave
        ("^f=f f|f", "G", [78, 77, 77, 78]),
        ("__B ^^F", "C", [69, 67]),
        ("{^c}d c", "C", [74, 73]),  # a grace note's accidental holds as well
        ("Hc2 ~d Te .f !trill!g +fermata+a ug vf", "C", [72, 74, 76, 77, 79, 81, 79, 77]),
        ('"Am"c "^up"d', "C", [72, 74]),
        ("c`d\\", "C", [72, 74]),
        ("c % d", "C", [72]),
    ],
)
def test_pitches(body: str, key: str, expected: list[int]) -> None:
    assert pitches(tune(body, key=key)) == expected


def test_a_tie_over_a_bar_line_is_one_note_and_keeps_its_accidental() -> None:
    melody = tune("z4 ^c4-|c2 c2 c4|")
    assert notes(melody) == [(Q(2), Q(3), 73), (Q(5), Q(1), 72), (Q(6), Q(2), 72)]
    first, second = measures(melody)
    assert (first.tie_out, second.tie_in) == (73, 73)
    assert second.tokens is not None
    assert second.tokens[0] == HOLD


def test_grace_notes_and_signs_take_no_time() -> None:
    melody = tune('{c}d2 {/fg}e2 "D.C."x Hx f4|')
    assert notes(melody) == [(Q(0), Q(1), 74), (Q(1), Q(1), 76), (Q(2), Q(2), 77)]


def test_rests() -> None:
    melody = tune("z2 A2 x4|Z2|B8|")
    assert notes(melody) == [(Q(1), Q(1), 69), (Q(12), Q(4), 71)]
    assert [bar.length for bar in melody.bars] == [4, 4, 4, 4]


@pytest.mark.parametrize("body", ["[ce]2 d2", "[c2e2] d2", "+ce+2 d2"])
def test_chords_keep_their_notes(body: str) -> None:
    assert notes(tune(body)) == [(Q(0), Q(1), 72), (Q(0), Q(1), 76), (Q(1), Q(1), 74)]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("A8|B8", [4, 4]),
        ("A8||B8|]", [4, 4]),
        ("|:A8:|:B8:|", [4, 4]),
        ("A8::B8:|", [4, 4]),
        ("A8:||:B8|1c8:|2d8|]", [4, 4, 4, 4]),
        ("A8 | [1 B8 :| [2 c8 [|]", [4, 4, 4]),
        ("A2 [1 B6 :|", [4]),  # an ending that begins in the middle of a bar ends no bar
        ("A4 :| B4 |", [2, 2]),
        ("A8 |\n| B8", [4, 4]),
    ],
)
def test_bar_lines(body: str, expected: list[int]) -> None:
    assert [bar.length for bar in tune(body).bars] == expected


def test_common_and_cut_time() -> None:
    for sign, meter in (("C", "4/4"), ("C|", "2/2")):
        melody = tune("A8|", meter=sign)
        assert str(melody.bars[0].meter) == meter
        (row,) = measures(melody)
        assert row.grid is not None
        assert row.grid.name == "4/4"


@pytest.mark.parametrize("change", ["[M:6/8]", "\nM:6/8\n", "[M:6/8] "])
def test_the_meter_changes_within_a_tune(change: str) -> None:
    melody = tune(f"A8|{change}B3 c3|d6|", meter="4/4")
    assert bars(melody) == [
        (1, Q(0), Q(4), "4/4"),
        (2, Q(4), Q(3), "6/8"),
        (3, Q(7), Q(3), "6/8"),
    ]


def test_the_unit_and_the_key_change_within_a_tune() -> None:
    melody = tune("F2 [L:1/16]F2 [K:D]F2\nK:C\nF2")
    assert notes(melody) == [
        (Q(0), Q(1), 65),
        (Q(1), Q(1, 2), 65),
        (Q(3, 2), Q(1, 2), 66),
        (Q(2), Q(1, 2), 65),
    ]


def test_free_meter_cannot_be_edited() -> None:
    (row,) = measures(tune("A8|", meter="none"))
    assert row.reason == "no meter is given"


def test_the_unit_goes_by_the_meter_where_no_field_gives_it() -> None:
    for meter, expected in (("2/4", Q(1, 4)), ("6/8", Q(1, 2))):
        (voice,) = split_tunes(f"X:1\nM:{meter}\nK:C\nA|")[0].voices().values()
        assert lengths(voice) == [expected]


def test_lines_that_look_like_fields() -> None:
    melody = tune("c4 G::\nG:|\nE::d4|")
    assert pitches(melody) == [72, 67, 67, 64, 74]


def test_an_empty_line_ends_a_tune() -> None:
    assert pitches(tune("c8|\n\nAn old fiddler's favourite.")) == [72]


def test_books_are_split_and_share_the_head() -> None:
    book = "M:3/4\nL:1/4\n\nX:7\nT:One\nK:D\nABc|\n\nX: 9\nT:Two\nT:Alias\nM:2/4\nK:Edor\nAB|"
    tunes = split_tunes(book)
    assert [one.number for one in tunes] == [7, 9]
    first, second = (next(iter(one.voices().values())) for one in tunes)
    assert (first.title, first.key, str(first.bars[0].meter)) == ("One", "D", "3/4")
    assert (second.title, second.key, str(second.bars[0].meter)) == ("Two", "Edor", "2/4")
    assert lengths(first) == [1, 1, 1]


def test_voices_are_apart() -> None:
    text = "X:1\nM:4/4\nL:1/4\nK:C\nV:1 name=high\nV:2\n[V:1] cdef|g4|\n[V:2] C4|G4|\n[V:1]a4|"
    voices = split_tunes(text)[0].voices()
    assert {name: pitches(voice) for name, voice in voices.items()} == {
        "1": [72, 74, 76, 77, 79, 81],
        "2": [60, 67],
    }


def test_an_overlay_is_heard_as_overlapping_notes() -> None:
    (row,) = measures(tune("c8 & E8|"))
    assert row.reason == "overlapping notes at beat 1"


@pytest.mark.parametrize(
    ("text", "name", "steps"),
    [
        ("G", "G", {"F": 1}),
        ("Am", "Am", {}),
        ("a minor", "Am", {}),
        ("EM", "Em", {"F": 1}),  # capitals do not count in a mode
        ("Edor", "Edor", {"F": 1, "C": 1}),
        ("D Mixolydian", "Dmix", {"F": 1}),
        ("Bb", "Bb", {"B": -1, "E": -1}),
        ("F#m", "F#m", {"F": 1, "C": 1, "G": 1}),
        ("Glyd", "Glyd", {"F": 1, "C": 1}),
        ("D clef=treble", "D", {"F": 1, "C": 1}),
        ("D =c", "D", {"F": 1}),
        ("D exp _e", "D", {"E": -1}),
        ("Hp", None, {"F": 1, "C": 1}),
        ("B flat minor", "Bbm", {"B": -1, "E": -1, "A": -1, "D": -1, "G": -1}),
        ("F sharp", "F#", {"F": 1, "C": 1, "G": 1, "D": 1, "A": 1, "E": 1}),
        ("bass", None, {}),  # a clef, no key of B or A
        ("alto-8", None, {}),
        ("baritone clef", None, {}),
        ("Am bass", "Am", {}),
        ("none", None, {}),
        ("", None, {}),
    ],
)
def test_keys(text: str, name: str | None, steps: dict[str, int]) -> None:
    key = parse_key(text)
    assert (key.name, key.steps) == (name, steps)


def test_a_clef_alone_keeps_the_key() -> None:
    assert pitches(tune("F4 [K:bass]F4|\nK:clef=treble\nF8|", key="D")) == [66, 66, 66]


HEAD = "X:1\nM:4/4\nL:1/8\n"


def only_voice(text: str) -> Melody:
    (voice,) = split_tunes(text)[0].voices().values()
    return voice


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ("K:C clef=bass", 60),  # a clef alone says how it looks
        ("K:C clef=treble-8", 48),
        ("K:C treble+8", 72),
        ("K:C octave=-1", 48),
        ("K:C bass octave=-1 transpose=2", 50),
        ("K:C transpose=-2", 58),
        ("V:1 octave=1\nK:C", 72),
        ("K:C\nV:1 octave=1", 72),
        ("K:C\n[V:T octave=1]", 72),
    ],
)
def test_octaves_and_transpositions_sound(fields: str, expected: int) -> None:
    assert pitches(only_voice(f"{HEAD}{fields}\nC8|\n")) == [expected]


def test_a_voice_has_the_octave_of_its_field_and_the_meter_before_all() -> None:
    text = f"{HEAD}V:a octave=-1\nV:b\nK:C\nM:3/4\nV:b\nC6|\nV:a\nC6|\n"
    voices = split_tunes(text)[0].voices()
    assert {name: pitches(voice) for name, voice in voices.items()} == {"b": [60], "a": [48]}
    assert {str(voice.bars[0].meter) for voice in voices.values()} == {"3/4"}


@pytest.mark.parametrize(
    ("directive", "expected"),
    [
        ("I:propagate-accidentals pitch", [73, 73, 85, 61]),
        ("%%propagate-accidentals octave", [73, 73, 84, 60]),
        ("%%propagate-accidentals not", [73, 72, 84, 60]),
    ],
)
def test_how_far_accidentals_hold(directive: str, expected: list[int]) -> None:
    assert pitches(only_voice(f"{HEAD}{directive}\nK:C\n^c2c2 c'2C2|\n")) == expected


def test_blocks_of_text_are_no_music() -> None:
    text = f"{HEAD}K:C\n%%begintext\nA bad cafe\n%%endtext\nc8|\n%%beginps\n%%begintext\nd8|\n"
    assert pitches(only_voice(text)) == [72, 74]  # the second block is never closed


@pytest.mark.parametrize(
    ("macro", "body", "expected"),
    [
        ("~G3 = G{A}G{F}G", "~G3 c5|", [67, 67, 67, 72]),
        ("~n3 = n/o/n/m/ n", "~G3 ~c'3 c2|", [67, 69, 67, 65, 67, 84, 86, 84, 83, 84, 72]),
        ("x7 = c8|d8", "x7|e8|", [72, 74, 76]),
        ("no macro", "c8|", [72]),
    ],
)
def test_macros_are_played(macro: str, body: str, expected: list[int]) -> None:
    assert pitches(only_voice(f"{HEAD}m: {macro}\nK:C\n{body}\n")) == expected
    assert pitches(only_voice(f"{HEAD}K:C\nm: {macro}\n{body}\n")) == expected
    assert pitches(only_voice(f"m: {macro}\n{HEAD}K:C\n{body}\n")) == expected


def test_exclamation_marks_may_be_line_breaks() -> None:
    text = "K:C\nc2!d2e2!f2|\n"
    assert pitches(only_voice(f"{HEAD}I:linebreak !\n{text}")) == [72, 74, 76, 77]
    assert pitches(only_voice(HEAD + text)) == [72, 77]  # a decoration of that name


def test_text_and_decorations_in_chords_are_no_notes() -> None:
    assert pitches(tune('["Am"CE]2 [!fermata!G]2 ["a"]|')) == [60, 64, 67]


@pytest.mark.parametrize(("unit", "expected"), [("1", 4), ("1/1", 4), ("1/16", Q(1, 4)), ("2/8", 1)])
def test_unit_notes(unit: str, expected: Q) -> None:
    assert lengths(tune("c|", unit=unit)) == [expected]


@pytest.mark.parametrize(
    ("fifths", "mode", "name"),
    [(0, "major", "C"), (2, None, "D"), (-2, "minor", "Gm"), (2, "dorian", "Edor"), (6, "major", "F#"),
     (-6, "major", "Gb"), (3, "minor", "F#m"), (1, "mixolydian", "Dmix"), (40, "major", None)],
)  # fmt: skip
def test_names_of_signatures(fifths: int, mode: str | None, name: str | None) -> None:
    assert name_of_fifths(fifths, mode) == name
