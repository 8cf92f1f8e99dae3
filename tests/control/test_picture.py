"""The picture of an edit: which notes are marked, what stands in a line, and the file."""

import struct
import sys
from fractions import Fraction
from pathlib import Path

import pytest

from arvae_music.attributes import resolve
from arvae_music.control.edit import Edit
from arvae_music.control.picture import Changes, changed_notes, check_picture, draw_edit, render, systems
from arvae_music.control.report import MeasureReport, Report, Status
from arvae_music.control.request import Request, by
from arvae_music.errors import ArvaeError, UsageError
from arvae_music.formats import Tune
from arvae_music.melody import Bar, Melody, Note
from arvae_music.meter import Meter

C4, D4, E4 = 60, 62, 64


def melody(*notes: tuple[Fraction | int, Fraction | int, int]) -> Melody:
    """Notes as (onset, duration, pitch), without bars."""
    return Melody(
        tuple(Note(Fraction(onset), Fraction(duration), pitch) for onset, duration, pitch in notes), ()
    )


def note(onset: Fraction | int, duration: Fraction | int, pitch: int) -> Note:
    return Note(Fraction(onset), Fraction(duration), pitch)


@pytest.mark.parametrize(
    ("before", "after", "taken_out", "put_in"),
    [
        pytest.param([(0, 1, C4)], [(0, 1, C4)], [], [], id="nothing"),
        pytest.param([(0, 1, C4)], [(0, 1, D4)], [(0, 1, C4)], [(0, 1, D4)], id="another pitch"),
        pytest.param([(0, 1, C4)], [(1, 1, C4)], [(0, 1, C4)], [(1, 1, C4)], id="moved"),
        # The C stays, though it is shorter now: only the D is new.
        pytest.param(
            [(0, 1, C4)],
            [(0, Fraction(1, 2), C4), (Fraction(1, 2), Fraction(1, 2), D4)],
            [],
            [(Fraction(1, 2), Fraction(1, 2), D4)],
            id="split",
        ),
        pytest.param([(0, 1, C4), (1, 1, E4)], [(0, 2, C4)], [(1, 1, E4)], [], id="one gone"),
        pytest.param([], [(0, 1, C4)], [], [(0, 1, C4)], id="first note"),
        # Two voices on one pitch: one of them is gone, and the two are not taken for one.
        pytest.param([(0, 1, C4), (0, 2, C4)], [(0, 1, C4)], [(0, 2, C4)], [], id="unison"),
    ],
)
def test_a_note_stays_where_its_start_and_pitch_do(
    before: list[tuple[Fraction, Fraction, int]],
    after: list[tuple[Fraction, Fraction, int]],
    taken_out: list[tuple[Fraction, Fraction, int]],
    put_in: list[tuple[Fraction, Fraction, int]],
) -> None:
    expected = Changes(tuple(note(*n) for n in taken_out), tuple(note(*n) for n in put_in))
    assert changed_notes(melody(*before), melody(*after)) == expected


def bars(lengths: list[int], meter: str = "4/4", first: int = 1) -> tuple[Bar, ...]:
    """Bars of so many quarter notes."""
    numerator, denominator = map(int, meter.split("/"))
    starts = [sum(lengths[:i]) for i in range(len(lengths))]
    return tuple(
        Bar(first + i, Fraction(start), Fraction(length), Meter(numerator, denominator))
        for i, (start, length) in enumerate(zip(starts, lengths, strict=True))
    )


def lines(all_bars: tuple[Bar, ...]) -> list[list[int]]:
    return [[bar.number for bar in system.bars] for system in systems(all_bars)]


def test_a_line_holds_eight_measures() -> None:
    assert lines(bars([4] * 8)) == [[1, 2, 3, 4, 5, 6, 7, 8]]
    assert lines(bars([4] * 20)) == [[*range(1, 9)], [*range(9, 17)], [*range(17, 21)]]
    assert lines(bars([4] * 3)) == [[1, 2, 3]]
    assert lines(()) == []


def test_a_pickup_stands_before_its_strain() -> None:
    strain = [1, *[3] * 7, 2]  # 3/4: a pickup of one beat, seven measures, a short end
    assert lines(bars(strain * 2, "3/4", first=0)) == [[*range(9)], [*range(9, 18)]]


def test_a_last_measure_is_not_left_alone() -> None:
    assert lines(bars([4] * 17)) == [[*range(1, 9)], [*range(9, 18)]]


def edit_of(count: int = 2, *, selected: set[int] | None = None, path: str = "tune.mid") -> Edit:
    """Whole notes C4 in 4/4; after the edit a D4 halves each of the selected measures."""
    selected = set(range(1, count + 1)) if selected is None else selected
    source = Melody(tuple(note(4 * i, 4, C4) for i in range(count)), bars([4] * count))
    halves = [n for i in range(count) for n in (note(4 * i, 2, C4), note(4 * i + 2, 2, D4))]
    edited = source.with_notes(n for n in halves if n.onset // 4 + 1 in selected)

    def row(number: int) -> MeasureReport:
        done = number in selected
        status: Status = "exact" if done else "unchanged"
        before, after = {"note_density": 1.0}, {"note_density": 2.0 if done else 1.0}
        reason = None if done else "not selected"
        return MeasureReport(number, None, "4/4", status, reason, before, {"note_density": 2}, after, 12, 24)

    request = Request(resolve("density"), by(1))
    rows = tuple(row(i + 1) for i in range(count))
    report = Report(path, None, "none", 0, (request,), rows, ())
    return Edit(Tune(Path(path), edited), report, Tune(Path(path), source))


def size(png: bytes) -> tuple[int, int]:
    """Width and height, from the header that every PNG begins with."""
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", png[16:24])
    return width, height


def test_the_picture_is_a_png_that_grows_with_the_tune(tmp_path: Path) -> None:
    path = draw_edit(edit_of(8), tmp_path / "edit.png")
    width, height = size(path.read_bytes())
    assert width == 1800
    assert 400 < height < 900
    taller = size(render(edit_of(64)))
    assert taller[0] == 1800
    assert 6 * height < taller[1] < 8 * height  # eight lines under one head
    assert [p.name for p in tmp_path.iterdir()] == ["edit.png"]


def test_only_lines_with_chosen_measures_are_drawn() -> None:
    one = size(render(edit_of(8)))
    assert size(render(edit_of(32, selected={9, 10}))) == one
    assert size(render(edit_of(32), measures=range(1, 9))) == one
    with pytest.raises(UsageError, match="measures 1 to 32"):
        render(edit_of(32), measures=[33])


@pytest.mark.parametrize(("name", "start"), [("a.svg", b"<?xml"), ("a.pdf", b"%PDF-"), ("A.PNG", b"\x89PNG")])
def test_the_extension_says_the_format(tmp_path: Path, name: str, start: bytes) -> None:
    first = draw_edit(edit_of(), tmp_path / name).read_bytes()
    assert first.startswith(start)
    assert draw_edit(edit_of(), tmp_path / name, force=True).read_bytes() == first


@pytest.mark.parametrize("path", ["$a$ $x_.mid", "调.mid", f"{'long' * 50}.mid"])
def test_any_file_name_is_a_title(path: str, recwarn: pytest.WarningsRecorder) -> None:
    assert size(render(edit_of(path=path)))[0] == 1800
    assert not recwarn.list


@pytest.mark.parametrize("name", ["edit.jpg", "edit", "edit.mid"])
def test_another_extension_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match=r"\.png, \.svg, \.pdf"):
        draw_edit(edit_of(), tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_an_existing_file_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "edit.png"
    path.write_text("mine")
    with pytest.raises(UsageError, match="--force"):
        draw_edit(edit_of(), path)
    assert path.read_text() == "mine"
    draw_edit(edit_of(), path, force=True)
    size(path.read_bytes())


def test_without_matplotlib_the_message_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ArvaeError, match=r"pip install 'arvae-music\[plot\]'"):
        check_picture(tmp_path / "edit.png")
    assert edit_of()._repr_png_() is None


def test_a_notebook_shows_the_picture() -> None:
    shown = edit_of()._repr_png_()
    assert shown is not None
    picture, page = shown
    assert size(picture)[0] == 1800
    assert page == {"width": 900}


def test_drawing_leaves_the_readers_own_settings_alone() -> None:
    import matplotlib as mpl

    before = dict(mpl.rcParams)
    with mpl.rc_context({"axes.facecolor": "black", "savefig.bbox": "tight"}):
        assert size(render(edit_of()))[0] == 1800
        assert mpl.rcParams["axes.facecolor"] == "black"
    assert dict(mpl.rcParams) == before


def test_a_tune_that_cannot_be_edited_is_drawn_as_it_is() -> None:
    edit = edit_of(1)
    row = MeasureReport(1, None, "5/4", "skipped", "meter 5/4 is not supported", {}, {}, {}, 0, 0)
    report = Report("a.mid", None, "none", 0, edit.report.requests, (row,), ())
    assert size(render(Edit(edit.source, report, edit.source)))[0] == 1800
