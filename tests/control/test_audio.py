"""The sound of a tune: read back with the standard library, and its pitches found by Fourier transform."""

import base64
import io
import re
import sys
import wave
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import mido
import numpy as np
import numpy.typing as npt
import pretty_midi
import pytest

from arvae_music.attributes import resolve
from arvae_music.control.audio import check_audio, samples, write_audio
from arvae_music.control.edit import Edit
from arvae_music.control.generate import Generation, GenerationReport
from arvae_music.control.notebook import MINUTES
from arvae_music.control.report import MeasureReport, Report
from arvae_music.control.request import Request, to
from arvae_music.errors import ArvaeError, UsageError
from arvae_music.formats import Tune, read
from arvae_music.melody import Bar, Melody, Note
from arvae_music.meter import Meter

A4, C5, E5 = 440.0, 523.25, 659.26  # Hz, of MIDI 69, 72 and 76, from a table of equal temperament
FONT = Path(pretty_midi.__file__).parent / "TimGM6mb.sf2"


class Sound(NamedTuple):
    """A WAV file's samples, from -1 to 1, and how many there are in a second."""

    values: npt.NDArray[np.float64]
    rate: int

    @property
    def seconds(self) -> float:
        return len(self.values) / self.rate

    def between(self, start: float, end: float) -> npt.NDArray[np.float64]:
        return self.values[round(start * self.rate) : round(end * self.rate)]

    def strongest(self, start: float, end: float) -> float:
        """The frequency in Hz with the most power between two times in seconds."""
        part = self.between(start, end)
        power = np.abs(np.fft.rfft(part * np.hanning(len(part)), 8 * len(part)))
        return float(np.fft.rfftfreq(8 * len(part), 1 / self.rate)[power.argmax()])

    def loudness(self, start: float, end: float) -> float:
        return float(np.abs(self.between(start, end)).max())


def heard(file: Path | bytes) -> Sound:
    with wave.open(str(file) if isinstance(file, Path) else io.BytesIO(file)) as content:
        assert (content.getnchannels(), content.getsampwidth()) == (1, 2)
        data = content.readframes(content.getnframes())
        return Sound(np.frombuffer(data, "<i2") / 0x8000, content.getframerate())


def track(*events: mido.Message | mido.MetaMessage) -> mido.MidiTrack:
    return mido.MidiTrack([*events, mido.MetaMessage("end_of_track")])


def note(pitch: int, after: int, length: int, channel: int = 0) -> list[mido.Message]:
    """A note that starts some ticks after the event before it."""
    return [
        mido.Message("note_on", note=pitch, velocity=80, time=after, channel=channel),
        mido.Message("note_off", note=pitch, time=length, channel=channel),
    ]


def saved(path: Path, *tracks: mido.MidiTrack, kind: int = 1) -> Path:
    """A MIDI file of 480 ticks per quarter note: without a tempo, 960 ticks are a second."""
    file = mido.MidiFile(type=kind, ticks_per_beat=480)
    file.tracks.extend(tracks)
    file.save(path)
    return path


@pytest.fixture
def three_seconds(tmp_path: Path) -> Tune:
    """A4 for a second, a rest for a second, C5 for a second: a measure of 4/4 and a half."""
    return read(saved(tmp_path / "a.mid", track(*note(69, 0, 960), *note(72, 960, 960))), pickup=0)


def test_every_note_sounds_at_its_pitch_and_rests_are_silent(three_seconds: Tune, tmp_path: Path) -> None:
    path = write_audio(three_seconds, tmp_path / "a.wav")
    sound = heard(path)
    assert sound.rate == 44_100
    assert sound.seconds == pytest.approx(4, abs=0.01)  # and a second behind the last note
    assert sound.strongest(0.05, 0.95) == pytest.approx(A4, abs=0.5)
    assert sound.strongest(2.05, 2.95) == pytest.approx(C5, abs=0.5)
    assert sound.loudness(1.01, 1.99) == sound.loudness(3.01, 4) == 0
    assert 0.8 < sound.loudness(0, 4) < 1
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.mid", "a.wav"]


def test_the_accompaniment_sounds_too(tmp_path: Path) -> None:
    melody, bass = track(*note(69, 0, 960)), track(*note(76, 960, 960, channel=1))
    tune = read(saved(tmp_path / "a.mid", melody, bass), part=1)
    sound = heard(write_audio(tune, tmp_path / "a.wav"))
    assert sound.strongest(0.05, 0.95) == pytest.approx(A4, abs=0.5)
    assert sound.strongest(1.05, 1.95) == pytest.approx(E5, abs=0.5)


@pytest.mark.parametrize("where", [0, 1])
def test_a_tempo_holds_in_whatever_track_it_stands(tmp_path: Path, where: int) -> None:
    slow = mido.MetaMessage("set_tempo", tempo=1_000_000)  # a second to the quarter note
    tracks = [[mido.MetaMessage("text", text="head")], note(69, 0, 960) + note(72, 0, 960)]
    tracks[where].insert(0, slow)
    tune = read(saved(tmp_path / "a.mid", *(track(*one) for one in tracks)))
    sound = heard(write_audio(tune, tmp_path / "a.wav"))
    assert sound.seconds == pytest.approx(5, abs=0.01)
    assert sound.strongest(0.1, 1.9) == pytest.approx(A4, abs=0.5)
    assert sound.strongest(2.1, 3.9) == pytest.approx(C5, abs=0.5)


def test_of_a_file_of_several_tunes_only_the_one_sounds(tmp_path: Path) -> None:
    slow = mido.MetaMessage("set_tempo", tempo=1_000_000)
    path = saved(tmp_path / "a.mid", track(*note(69, 0, 9600)), track(slow, *note(72, 0, 1920)), kind=2)
    sound = heard(write_audio(read(path, part=2), tmp_path / "a.wav"))
    assert sound.seconds == pytest.approx(5, abs=0.01)
    assert sound.strongest(0.1, 3.9) == pytest.approx(C5, abs=0.5)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.abc", "X:1\nT:A\nM:4/4\nL:1/4\nQ:1/4=60\nK:C\nA z c z|]\n"),
        (
            "a.musicxml",
            '<score-partwise version="4.0"><part-list><score-part id="P1"><part-name>A</part-name>'
            '</score-part></part-list><part id="P1"><measure number="1"><attributes><divisions>1</divisions>'
            "<time><beats>4</beats><beat-type>4</beat-type></time></attributes>"
            '<direction><direction-type><metronome><beat-unit>quarter</beat-unit><per-minute>60</per-minute>'
            '</metronome></direction-type><sound tempo="60"/></direction>'
            "<note><pitch><step>A</step><octave>4</octave></pitch><duration>1</duration></note>"
            "<note><rest/><duration>1</duration></note>"
            "<note><pitch><step>C</step><octave>5</octave></pitch><duration>1</duration></note>"
            "<note><rest/><duration>1</duration></note></measure></part></score-partwise>",
        ),
    ],
)  # fmt: skip
def test_other_formats_sound_in_their_tempo(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    sound = heard(write_audio(read(tmp_path / name), tmp_path / "a.wav"))
    assert sound.strongest(0.05, 0.95) == pytest.approx(A4, abs=0.5)
    assert sound.loudness(1.01, 1.99) == 0
    assert sound.strongest(2.05, 2.95) == pytest.approx(C5, abs=0.5)


def made(*notes: Note, measures: int = 1) -> Tune:
    """A tune that was read from no file, in 4/4."""
    bars = tuple(Bar(i + 1, Fraction(4 * i), Fraction(4), Meter(4, 4)) for i in range(measures))
    return Tune(Path("made.mid"), Melody(notes, bars))


def test_a_tune_without_notes_is_silent(tmp_path: Path) -> None:
    sound = heard(write_audio(made(), tmp_path / "a.wav"))
    assert sound.seconds >= 1
    assert not sound.values.any()


def test_drums_alone_are_silent_as_plain_tones(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.mid", track(*note(69, 0, 960)), track(*note(38, 0, 1920, channel=9)))
    sound = heard(write_audio(read(path), tmp_path / "a.wav"))
    assert sound.seconds == pytest.approx(3, abs=0.01)
    assert sound.loudness(1.01, 3) == 0


def test_a_tune_of_hours_is_refused(tmp_path: Path) -> None:
    # 5,000 measures of four quarter notes at 112 a minute: 20,000 / 112 minutes
    last = Note(Fraction(4 * 4999), Fraction(4), 69)
    with pytest.raises(ArvaeError, match="lasts 179 minutes, and at most 60"):
        write_audio(made(last, measures=5000), tmp_path / "a.wav")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["a.mp3", "a", "a.mid"])
def test_another_extension_is_refused(three_seconds: Tune, tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match=r"\.wav"):
        write_audio(three_seconds, tmp_path / name, force=True)
    assert [path.name for path in tmp_path.iterdir()] == ["a.mid"]


def test_an_existing_file_is_kept(three_seconds: Tune, tmp_path: Path) -> None:
    path = tmp_path / "a.WAV"
    path.write_text("mine")
    with pytest.raises(UsageError, match="--force"):
        write_audio(three_seconds, path)
    assert path.read_text() == "mine"
    write_audio(three_seconds, path, force=True)
    assert heard(path).seconds == pytest.approx(4, abs=0.01)


def test_without_pretty_midi_the_message_says_what_to_install(
    three_seconds: Tune, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pretty_midi", None)
    with pytest.raises(ArvaeError, match=r"pip install 'arvae-music\[audio\]'"):
        check_audio(tmp_path / "a.wav")
    assert edit_of(three_seconds)._repr_html_() is None
    assert generation_of(three_seconds)._repr_html_() is None


def test_without_fluidsynth_the_message_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "fluidsynth", None)
    with pytest.raises(ArvaeError, match=r"'arvae-music\[soundfont\]'.*libfluidsynth"):
        check_audio(tmp_path / "a.wav", soundfont=FONT)


def test_without_its_library_the_message_says_that(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # what pyfluidsynth does where it finds no library
    (tmp_path / "fluidsynth.py").write_text('raise ImportError("Couldn\'t find the FluidSynth library.")')
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "fluidsynth", raising=False)
    with pytest.raises(ArvaeError, match="install it from your system"):
        check_audio(tmp_path / "a.wav", soundfont=FONT)


def test_what_is_no_sound_font_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text.sf2").write_text("RIFF, but no font")
    (tmp_path / "folder.sf2").mkdir()
    (tmp_path / "half.sf2").write_bytes(FONT.read_bytes()[:1000])
    wrong = {"none": "there is no", "text": "is not a sound", "folder": "is a folder", "half": "is cut short"}
    for name, message in wrong.items():
        with pytest.raises(UsageError, match=message):
            check_audio(tmp_path / "a.wav", soundfont=tmp_path / f"{name}.sf2")


def test_a_sound_font_plays_the_pitches(three_seconds: Tune, tmp_path: Path) -> None:
    pytest.importorskip("fluidsynth", exc_type=ImportError)
    sound = heard(write_audio(three_seconds, tmp_path / "a.wav", soundfont=FONT))
    assert sound.seconds == pytest.approx(4, abs=0.01)
    for start, pitch in ((0.05, A4), (2.05, C5)):
        octaves = np.log2(sound.strongest(start, start + 0.9) / pitch)
        assert octaves == pytest.approx(round(octaves), abs=0.01)  # it, or an overtone an octave up
    assert not heard(write_audio(made(), tmp_path / "none.wav", soundfont=FONT)).values.any()


def edit_of(source: Tune) -> Edit:
    """An edit that puts every note a fifth higher."""
    notes = [Note(n.onset, n.duration, n.pitch + 7) for n in source.melody.notes]
    values = {"contour": 3.0}
    row = MeasureReport(1, None, "4/4", "exact", None, values, {"contour": 3}, values, 24, 24)
    report = Report("a.mid", None, "none", 0, (Request(resolve("contour"), to(3)),), (row,), ())
    return Edit(source.replace(source.melody.with_notes(notes)), report, source)


def generation_of(tune: Tune) -> Generation:
    return Generation(tune, GenerationReport(None, "none", 0, "4/4", "C", (), (), ()))


def played(page: str) -> list[Sound]:
    """What the players of a page play."""
    return [heard(base64.b64decode(data)) for data in re.findall('src="data:audio/wav;base64,([^"]+)"', page)]


def test_a_notebook_plays_a_new_tune(three_seconds: Tune) -> None:
    page = generation_of(made(Note(Fraction(0), Fraction(4), 69)))._repr_html_()
    assert page is not None
    (sound,) = played(page)
    assert sound.rate == 22_050
    assert sound.strongest(0.05, 1.5) == pytest.approx(A4, abs=0.5)
    assert "first 3 minutes" not in page


def test_a_notebook_shows_an_edit_and_plays_it_before_and_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tune = read(saved(tmp_path / "a.mid", track(*note(69, 0, 1920), *note(72, 0, 1920))))
    edit = edit_of(tune)
    page = edit._repr_html_()
    assert page is not None
    before, after = played(page)
    assert before.strongest(0.05, 1.9) == pytest.approx(A4, abs=0.5)
    assert after.strongest(0.05, 1.9) == pytest.approx(E5, abs=0.5)
    assert re.findall("<figcaption>(.*?)</figcaption>", page) == ["before", "after"]
    picture = re.search('src="data:image/png;base64,([^"]+)"', page)
    assert picture is not None
    assert base64.b64decode(picture[1]).startswith(b"\x89PNG")
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert edit._repr_html_() is None


def test_only_the_start_of_a_long_tune_is_stored_in_a_notebook() -> None:
    # 100 measures of four quarter notes at 112 a minute last 214 seconds
    tune = made(Note(Fraction(396), Fraction(4), 69), measures=100)
    assert len(samples(tune, rate=22_050)) == pytest.approx(215.3 * 22_050, rel=0.001)
    page = generation_of(tune)._repr_html_()
    assert page is not None
    assert [sound.seconds for sound in played(page)] == [60 * MINUTES]
    assert "the first 3 minutes" in page
