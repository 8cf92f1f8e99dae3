"""Keys, by the circle of fifths as it stands in any primer."""

import pytest

from arvae_music.errors import UsageError
from arvae_music.tonality import MODES, parse_tonality, tonality_of


@pytest.mark.parametrize(
    ("text", "name", "tonic", "fifths", "scale"),
    [
        ("C", "C", 0, 0, (0, 2, 4, 5, 7, 9, 11)),
        ("D", "D", 2, 2, (2, 4, 6, 7, 9, 11, 1)),
        ("Em", "Em", 4, 1, (4, 6, 7, 9, 11, 0, 2)),
        ("E minor", "Em", 4, 1, (4, 6, 7, 9, 11, 0, 2)),
        ("Edor", "Edor", 4, 2, (4, 6, 7, 9, 11, 1, 2)),
        ("a Dorian", "Ador", 9, 1, (9, 11, 0, 2, 4, 6, 7)),
        ("Amix", "Amix", 9, 2, (9, 11, 1, 2, 4, 6, 7)),
        ("Bb", "Bb", 10, -2, (10, 0, 2, 3, 5, 7, 9)),
        ("F#m", "F#m", 6, 3, (6, 8, 9, 11, 1, 2, 4)),
        ("Glyd", "Glyd", 7, 2, (7, 9, 11, 1, 2, 4, 6)),
        ("Bphr", "Bphr", 11, 1, (11, 0, 2, 4, 6, 7, 9)),
        ("Bloc", "Bloc", 11, 0, (11, 0, 2, 4, 5, 7, 9)),
        ("Cb", "Cb", 11, -7, (11, 1, 3, 4, 6, 8, 10)),
        ("C#", "C#", 1, 7, (1, 3, 5, 6, 8, 10, 0)),
    ],
)
def test_a_key(text: str, name: str, tonic: int, fifths: int, scale: tuple[int, ...]) -> None:
    key = parse_tonality(text)
    assert (str(key), key.tonic, key.fifths, key.scale) == (name, tonic, fifths, scale)


def test_the_triad_is_tonic_third_and_fifth() -> None:
    assert parse_tonality("G").triad == (7, 11, 2)
    assert parse_tonality("Em").triad == (4, 7, 11)


@pytest.mark.parametrize("text", ["", "H", "D?", "DM", "E blues", "Dd", "1", "D,"])
def test_no_key(text: str) -> None:
    with pytest.raises(UsageError, match="is not a key: write it as D, Em"):
        parse_tonality(text)


@pytest.mark.parametrize(("text", "said"), [("G#", "G# has 8 sharps"), ("Fbm", "Fbm has 11 flats")])
def test_a_key_that_nobody_writes(text: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        parse_tonality(text)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("tonic", range(12))
def test_every_pitch_class_has_every_mode(tonic: int, mode: str) -> None:
    key = tonality_of(tonic, mode)
    assert (key.tonic, key.mode) == (tonic, mode)
    assert parse_tonality(str(key)) == key
    assert abs(key.fifths) <= 6


def test_a_pitch_class_is_spelled_as_usual() -> None:
    assert [str(tonality_of(tonic, "major")) for tonic in (1, 3, 6, 8, 10)] == ["Db", "Eb", "F#", "Ab", "Bb"]
