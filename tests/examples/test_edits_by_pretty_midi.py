"""Edits of the examples, recounted from the output files with pretty_midi and plain arithmetic alone.

Nothing of arvae_music takes part in the recount: bar lines are stated here by hand, pretty_midi reads
the notes, and the weights are restated from the table of the design.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pretty_midi
import pytest
from arvae_music.cli.app import app
from typer.testing import CliRunner

EXAMPLES = Path(__file__).parents[2] / "data" / "examples"

REEL = [(4 * i, 4 * i + 4) for i in range(16)]
POLKA = [(2 * i, 2 * i + 2) for i in range(32)]
JIG = [(0, 0.5), *((0.5 + 3 * i, 3.5 + 3 * i) for i in range(15)), (45.5, 48)]
WALTZ = [
    (0, 1), *((1 + 3 * i, 4 + 3 * i) for i in range(7)), (22, 24),
    (24, 25), *((25 + 3 * i, 28 + 3 * i) for i in range(7)), (46, 48),
]  # fmt: skip
"""Bar lines in quarter notes from the start."""


class Example(NamedTuple):
    """An example: its bar lines, which bars make a measure (by place), its meter and part."""

    bars: Sequence[tuple[float, float]]
    measures: Sequence[Sequence[int]]
    meter: str
    part: str | None = None
    instrument: int = 0


def each(bars: Sequence[tuple[float, float]]) -> list[list[int]]:
    return [[i] for i in range(len(bars))]


CASES = {
    "reel": Example(REEL, each(REEL), "4/4"),
    "reel_late": Example(REEL, each(REEL), "4/4"),
    "reel_accompanied": Example(REEL, each(REEL), "4/4", part="Flute"),
    "polka": Example(POLKA, each(POLKA), "2/4"),
    "jig": Example(JIG, [*([i] for i in range(1, 16)), [16, 0]], "6/8"),
    "waltz": Example(
        WALTZ, [*([i] for i in range(1, 8)), [8, 0], *([i] for i in range(10, 17)), [17, 9]], "3/4"
    ),
}

# Place in the beat -> weight in hundredths. Beats of 4/4 and 3/4 are quarters, of 2/4 eighths.
SIMPLE = {0.25: 100, 1 / 3: 200, 0.5: 50, 2 / 3: 200, 0.75: 100}
DOTTED = {1 / 6: 100, 1 / 3: 50, 0.5: 100, 2 / 3: 50, 5 / 6: 100}
METERS = {  # length of a beat, weights of the beats, weights inside
    "4/4": (1.0, [20, 67, 25, 67], SIMPLE),
    "3/4": (1.0, [20, 67, 67], SIMPLE),
    "2/4": (0.5, [20, 67, 25, 67], SIMPLE),
    "6/8": (1.5, [20, 67], DOTTED),
}


class Counted(NamedTuple):
    note_density: int
    pitch_range: int
    contour: int
    rhythmic_complexity: float


def weight(place: float, meter: str) -> int:
    length, beats, inside = METERS[meter]
    beat, rest = divmod(place / length + 1e-6, 1)
    if rest < 0.02:
        return beats[int(beat)]
    return next(w for fraction, w in inside.items() if abs(fraction - rest) < 0.02)


def counted(path: Path, example: Example) -> list[Counted]:
    """Attributes of every measure by pretty_midi's notes."""
    midi = pretty_midi.PrettyMIDI(str(path))
    instrument = next(
        i for i in midi.instruments if not i.is_drum and (example.part is None or i.name == example.part)
    )
    onsets = sorted((midi.time_to_tick(n.start) / midi.resolution, n.pitch) for n in instrument.notes)
    out = []
    for bars in example.measures:
        inside: list[tuple[float, int]] = []
        offset = 0.0
        for start, end in (example.bars[bar] for bar in bars):
            # 0.01 of a quarter: reel_late starts every note one tick of 480 late
            inside += [(q - start + offset, p) for q, p in onsets if start - 0.01 <= q < end - 0.01]
            offset += end - start
        pitches = [pitch for _, pitch in inside]
        _, beats, weights = METERS[example.meter]
        total = sum(beats) + len(beats) * sum(weights.values())
        out.append(
            Counted(
                note_density=len(inside),
                pitch_range=max(pitches) - min(pitches) if pitches else 0,
                contour=pitches[-1] - pitches[0] if pitches else 0,
                rhythmic_complexity=sum(weight(place, example.meter) for place, _ in inside) / total,
            )
        )
    return out


REQUESTS = [
    ["density", "+2"],
    ["density", "-1"],
    ["density", "7"],
    ["density", "+1.5sd"],
    ["range", "+2"],
    ["range", "9"],
    ["range", "-1sd"],
    ["contour", "-3"],
    ["contour", "=-5"],
    ["contour", "+1sd"],
    ["complexity", "+0.05"],
    ["complexity", "0.2"],
    ["complexity", "-0.5sd"],
    ["density", "+1", "range", "+2"],
    ["density", "-1", "contour", "+3"],
    ["complexity", "+0.05", "contour", "-3"],
    ["density", "+2", "complexity", "+0.1"],
    ["range", "8", "contour", "=-2"],
    ["range", "+3", "complexity", "+0.05"],
]


@pytest.mark.parametrize("words", REQUESTS, ids=" ".join)
@pytest.mark.parametrize("name", CASES)
def test_output_has_what_the_report_says(name: str, words: list[str], tmp_path: Path) -> None:
    example = CASES[name]
    source, out, json_file = EXAMPLES / f"{name}.mid", tmp_path / "out.mid", tmp_path / "report.json"
    asked = [word for pair in zip(words[::2], words[1::2], strict=True) for word in ("--attr", *pair)]
    part = ["--part", example.part] if example.part else []
    call = ["interpolate", str(source), *asked, *part, "-o", str(out), "--json", str(json_file)]
    result = CliRunner().invoke(app, call)
    assert result.exit_code == 0, result.output
    report = json.loads(json_file.read_text())
    before, after = counted(source, example), counted(out, example)
    rows = report["measures"]
    assert len(rows) == len(example.measures) == report["summary"]["measures"]
    for row, old, new in zip(rows, before, after, strict=True):
        assert row["before"]["note_density"] == old.note_density
        for attribute, value in new._asdict().items():
            assert row["after"][attribute] == pytest.approx(value, abs=1e-4), (row, attribute)
        met = all(
            abs(new._asdict()[attribute] - target) <= (0.0101 if attribute == "rhythmic_complexity" else 0)
            for attribute, target in row["requested"].items()
        )
        assert row["status"] == ("exact" if met else "nearest"), row
        assert (row["reason"] is not None) or met, row


@pytest.mark.parametrize("name", CASES)
def test_two_more_notes_in_every_measure(name: str, tmp_path: Path) -> None:
    example = CASES[name]
    out = tmp_path / "out.mid"
    part = ["--part", example.part] if example.part else []
    call = ["interpolate", str(EXAMPLES / f"{name}.mid"), "--attr", "density", "+2", *part, "-o", str(out)]
    assert CliRunner().invoke(app, call).exit_code == 0
    before, after = counted(EXAMPLES / f"{name}.mid", example), counted(out, example)
    assert [new.note_density - old.note_density for old, new in zip(before, after, strict=True)] == [
        2 for _ in example.measures
    ]
