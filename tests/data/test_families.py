"""Variants of a tune, and splits that keep them together."""

import random

import numpy as np
import pytest
from arvae_music.data import Card
from arvae_music.data._build import build
from arvae_music.data._families import assign_splits, families, plain_title
from arvae_music.data._tune import packed
from hypothesis import given, settings
from hypothesis import strategies as st

from arvae_music.melody import Melody

from .conftest import MakeTune

CARD = Card("test", "Test", "by hand", "none")

# A reel of four bars, and others that share nothing with it or with each other.
REEL = "G2BG dGBG|ABcA eABc|dBGB cAFA|GBAF G2D2"
OTHERS = [
    "c4e4|g4c'4|a4f4|c8",
    "DFAd fdAF|^CEGB dBGE|DEFG ABcd|d2A2 F2D2",
    "e3d e3d|c3B c3B|A2e2 E2A2|A8",
]


def family_of(*melodies: Melody) -> tuple[int, ...]:
    return build(CARD, melodies).families


def test_tunes_that_share_nothing_are_apart(tune: MakeTune) -> None:
    assert family_of(tune(REEL, "Reel A"), *(tune(body, body) for body in OTHERS)) == (0, 1, 2, 3)


def test_the_same_title_is_one_family(tune: MakeTune) -> None:
    titles = ["The Rakes of Mallow", "RAKES OF MALLOW, THE", "Other", "Rakes of Mallow -- Reel"]
    melodies = [tune(body, title) for body, title in zip([REEL, *OTHERS], titles, strict=True)]
    assert family_of(*melodies) == (0, 0, 1, 0)


def test_the_same_notes_in_another_key_are_one_family(tune: MakeTune) -> None:
    reel = tune(REEL, "In G", key="G")
    assert family_of(reel, tune(OTHERS[0], "Other"), reel.transposed(-5)) == (0, 1, 0)


def test_repeated_notes_and_rhythm_do_not_hide_a_variant(tune: MakeTune) -> None:
    other = "GGBG d2GBG|A>BcA e>ABc|dBGB cAFA|GBAF G2DD"
    assert family_of(tune(REEL, "One"), tune(OTHERS[1], "Two"), tune(other, "Three")) == (0, 1, 0)


def test_enough_common_measures_make_a_family(tune: MakeTune) -> None:
    # Three of the reel's four bars among seven: three quarters of the shorter tune, in another order.
    first, second, third, _ = REEL.split("|")
    mixed = f"{third}|c4e4|{first}|E2E2 A2A2|F8|{second}|B,8"
    assert family_of(tune(REEL, "One"), tune(mixed, "Two")) == (0, 0)
    # One common bar is a commonplace.
    assert family_of(tune(REEL, "One"), tune(f"c4e4|{first}|f4a4|c8", "Two")) == (0, 1)


def test_families_are_transitive(tune: MakeTune) -> None:
    by_title = [tune(OTHERS[0], "Same"), tune(REEL, "Same")]
    assert family_of(*by_title, tune(OTHERS[1], "X"), tune(REEL, "Another Name")) == (0, 0, 1, 0)


@pytest.mark.parametrize(
    ("title", "plain"),
    [
        ("The Rakes of Mallow", "rakes of mallow"),
        ("Rakes of Mallow, The", "rakes of mallow"),
        ("42d Highland Regiment -- Strathspey", "42d highland regiment"),
        ("Für Elise (2nd version)", "fur elise"),
        ("Soldier's Joy. 2nd Setting", "soldiers joy"),
        ("Minuet", ""),
        ("Quick Step.", ""),
        ("Jig No. 3", ""),
        ("", ""),
    ],
)
def test_plain_titles(title: str, plain: str) -> None:
    assert plain_title(title) == plain


def test_untitled_tunes_are_no_family(tune: MakeTune) -> None:
    assert family_of(*(tune(body, "Minuet") for body in OTHERS)) == (0, 1, 2)


def random_tunes(count: int, seed: int) -> list[Melody]:
    """Tunes of three to six bars of random notes."""
    from arvae_music.formats.abc import split_tunes

    chooser = random.Random(seed)
    tunes = []
    for number in range(count):
        bars = ["".join(chooser.choices("CDEFGABcdefgab", k=8)) for _ in range(chooser.randint(3, 6))]
        text = f"X:1\nT:T{number}\nM:4/4\nL:1/8\nK:C\n{'|'.join(bars)}\n"
        tunes.append(next(iter(split_tunes(text)[0].voices().values())))
    return tunes


def test_shares_are_80_10_10_whatever_the_order() -> None:
    tunes = random_tunes(200, seed=1)
    made = build(CARD, tunes)
    shares = np.bincount(made.split, minlength=3) / len(made)
    assert np.abs(shares - [0.8, 0.1, 0.1]).max() < 0.02
    by_title = {made.titles[t]: s for t, s in zip(made.tune.tolist(), made.split.tolist(), strict=True)}
    again = build(CARD, tunes[::-1])
    assert by_title == {
        again.titles[t]: s for t, s in zip(again.tune.tolist(), again.split.tolist(), strict=True)
    }


@settings(max_examples=20, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    variants=st.lists(st.tuples(st.integers(0, 19), st.integers(-7, 7)), max_size=15),
)
def test_no_family_lies_in_two_splits(seed: int, variants: list[tuple[int, int]]) -> None:
    tunes = random_tunes(20, seed)
    tunes += [tunes[which].transposed(by) for which, by in variants]
    made = build(CARD, tunes)
    split_of = dict(zip(made.tune.tolist(), made.split.tolist(), strict=True))
    of_family: dict[int, set[int]] = {}
    for number, split in split_of.items():
        of_family.setdefault(made.families[number], set()).add(split)
    assert all(len(splits) == 1 for splits in of_family.values())
    for copy, (which, _) in enumerate(variants, start=20):
        assert made.families[copy] == made.families[which]


@pytest.mark.parametrize(("count", "filled"), [(1, {0}), (2, {0, 1}), (3, {0, 1, 2}), (5, {0, 1, 2})])
def test_a_handful_of_tunes_fills_the_splits(count: int, filled: set[int]) -> None:
    tunes = [packed(tune, CARD.meters) for tune in random_tunes(count, seed=3)]
    split = assign_splits(tunes, list(range(count)))
    assert set(split.tolist()) == filled


def test_no_tunes_at_all() -> None:
    assert families([]) == []
    assert len(assign_splits([], [])) == 0
