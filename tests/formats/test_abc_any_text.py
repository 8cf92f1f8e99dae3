"""Whatever stands in an ABC file, it is read; without an edit it comes back, and with one as it is meant."""

from __future__ import annotations

from collections.abc import Iterator

from hypothesis import example, given, settings
from hypothesis import strategies as st

from arvae_music.formats.abc import split_tunes
from arvae_music.formats.abc_edit import AbcSource, edited
from arvae_music.formats.abc_text import AbcText
from arvae_music.measures import measures, replace_measures
from arvae_music.tokens import HOLD, REST, Tokens

SIGNS = [
    *"ABCDEFGabcdefgzxZXyHTSuv~.", *"0123456789/", *"^_='',,", *'|:[]{}()<>-&!+"%\\`$*',
    " ", "\n", "\n\n", "|", "|", "(3", "(3:2:2", "(3:0:1", "[1", ":|", "|:", "(&", "&&", "&)", "^/", "~G3",
    "[K:D]", "[M:3/4]", "[L:1/16]", "[V:2]", "[K:octave=1]", "\nV:1 octave=-1\n", "\nw: a-b c_ * |\n",
    "\nm: ~n3 = n{o}n\n", "\nm: x = c8|\n", "\n%%begintext\n", "\n%%endtext\n", "\nI:linebreak !\n", '"Am"',
]  # fmt: skip


BODIES = st.lists(st.sampled_from(SIGNS), max_size=60).map("".join)


def sources(text: str) -> Iterator[AbcSource]:
    for index, tune in enumerate(split_tunes(text)):
        for name, voice in tune.placed_voices().items():
            yield AbcSource(AbcText.decode(text.encode()), tune, index, name, voice)


@settings(max_examples=300)
@given(BODIES, st.booleans())
@example("(3:0:3abc|", True)
@example("X0Z0|Z9999|a/0b//0|", True)
@example("m: n = n\n", False)
@example("w:\na|\nw:\n", True)
def test_any_text_is_read_and_given_back(body: str, headed: bool) -> None:
    text = f"X:1\nM:4/4\nL:1/8\nK:C\n{body}" if headed else body
    for source in sources(text):
        melody = source.melody
        assert len(source.voice.places) == len(melody.bars)
        assert all(0 <= place.start <= place.end <= len(text) for place in source.voice.places)
        assert edited(source, melody) == text.encode()
        again = source.read_again(melody)
        assert (again.notices, again.misread) == ((), {})


def other(tokens: Tokens, half: int) -> Tokens:
    """A rest, or a note and half a bar later another, in the place of a 4/4 measure without ties."""
    new = tokens.copy()
    new[:] = HOLD
    new[0] = (60, REST)[half % 2]
    if half > 1:
        new[12] = 65
    return new


@settings(max_examples=300)
@given(st.lists(BODIES, min_size=1, max_size=3), st.sampled_from([0, 1, 2, 3]))
@example(["(3:0:19ab|"], 0)
@example(["[K:C octave=1]d8|"], 1)
@example(["V:1\na8&\nV:2\nb8|\nV:1\n"], 2)
def test_an_edit_of_any_bar_is_read_as_meant_or_known_not_to_be(bodies: list[str], half: int) -> None:
    text = f"X:1\nM:4/4\nL:1/8\nK:C\n{'c8|'.join(['', *bodies, ''])}"
    for source in sources(text):
        rows = measures(source.melody)
        for position, row in enumerate(rows):
            tied = row.tie_in is not None or row.tie_out is not None or row.joined is not None
            if row.tokens is None or tied or row.meter != "4/4":
                continue
            melody = replace_measures(source.melody, rows, {position: other(row.tokens, half)})
            if not source.read_again(melody).misread:
                new = edited(source, melody).decode()
                again = split_tunes(new)[source.index].placed_voices()[source.name]
                assert again.sounding(again.melody).notes == melody.notes
