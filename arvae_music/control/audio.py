"""The sound of a tune: what its MIDI file plays, as samples and as a WAV file."""

from __future__ import annotations

import os
import warnings
import wave
from collections.abc import Iterable
from io import BytesIO
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from arvae_music.errors import ArvaeError, UsageError
from arvae_music.files import atomic_write, check_free
from arvae_music.formats import Tune, format_of

RATE = 44_100
"""Samples per second of the files."""

MOST_SECONDS = 3600
"""Length of the longest tune that is rendered; an hour takes about a gigabyte of memory."""

_PEAK = 0.9 * 0x7FFF

Samples: TypeAlias = npt.NDArray[np.int16]


def write_audio(
    tune: Tune,
    path: str | os.PathLike[str],
    *,
    soundfont: str | os.PathLike[str] | None = None,
    force: bool = False,
) -> Path:
    """Render a tune to a WAV file, whole or not at all, and return its path.

    The file is mono, with 16 bits a sample and 44,100 samples per second. A tune from a MIDI file sounds
    with all its parts.

    Args:
        tune: what is heard, such as an `Edit`'s or a `Generation`'s.
        path: the sound, `.wav`.
        soundfont: an SF2 file, which FluidSynth plays. If not given, every part is a plain tone that
            fades, and drums are silent.
        force: write over an existing file.

    Raises:
        UsageError: the extension is not `.wav`, the file exists, or there is no such sound font.
        ArvaeError: pretty_midi is not installed, or FluidSynth where it is needed; the tune cannot be
            rendered; or the system refuses.
    """
    check_audio(path, soundfont=soundfont, force=force)
    return atomic_write(path, render_audio(tune, soundfont=soundfont), force=force)


def check_audio(
    path: str | os.PathLike[str], *, soundfont: str | os.PathLike[str] | None = None, force: bool = False
) -> None:
    """Refuse a sound that cannot be made before long work rather than after it; see `write_audio`."""
    if Path(path).suffix.lower() != ".wav":
        raise UsageError(f"{path}: sound is written as .wav: give it such a name")
    check_free(path, force=force)
    if soundfont is not None:
        _check_soundfont(Path(soundfont))
        _fluidsynth()
    _pretty_midi()


def render_audio(tune: Tune, *, soundfont: str | os.PathLike[str] | None = None) -> bytes:
    """The content of the file that `write_audio` writes."""
    return wav(samples(tune, soundfont=soundfont))


def wav(sound: Samples, rate: int = RATE) -> bytes:
    """The content of a WAV file."""
    content = BytesIO()
    with wave.open(content, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(sound.astype("<i2").tobytes())
    return content.getvalue()


def samples(tune: Tune, *, rate: int = RATE, soundfont: str | os.PathLike[str] | None = None) -> Samples:
    """The sound of a tune, as loud as it can well be, to a second behind the last note.

    Args:
        tune: what is heard.
        rate: samples per second.
        soundfont: as in `write_audio`.

    Raises:
        ArvaeError: pretty_midi or FluidSynth is not installed, or the tune is too long or cannot be
            written as MIDI.
    """
    midi = _played(tune)
    seconds = max((instrument.get_end_time() for instrument in midi.instruments), default=0.0)
    if seconds > MOST_SECONDS:
        raise ArvaeError(
            f"{tune.path} lasts {seconds / 60:.0f} minutes, and at most {MOST_SECONDS // 60} are rendered: "
            "take the sound from a shorter part"
        )
    sound = np.zeros(int(rate * (seconds + 1)))
    parts = _tones(midi, rate) if soundfont is None else [_fluid(midi, rate, Path(soundfont))]
    for part in parts:
        size = min(len(part), len(sound))
        sound[:size] += part[:size]
    peak = np.abs(sound).max()
    return np.rint(sound * (_PEAK / peak if peak else 0.0)).astype(np.int16)


def _tones(midi: Any, rate: int) -> Iterable[npt.NDArray[np.float64]]:
    """Each part's samples, one after the other: together they would take the memory of all."""
    return (instrument.synthesize(fs=rate) for instrument in midi.instruments)


def _fluid(midi: Any, rate: int, soundfont: Path) -> Any:
    """All parts' samples as FluidSynth plays them."""
    _check_soundfont(soundfont)
    synthesizer = _fluidsynth().Synth(samplerate=rate)
    try:
        font = synthesizer.sfload(str(soundfont))
        if font == -1:
            raise ArvaeError(f"FluidSynth cannot read {soundfont}: give another sound font")
        return midi.fluidsynth(fs=rate, synthesizer=synthesizer, sfid=font, normalize=False)
    finally:
        synthesizer.delete()


def _played(tune: Tune) -> Any:
    """What the tune's MIDI file plays, as pretty_midi has it."""
    from arvae_music.formats.midi_parts import load
    from arvae_music.formats.midi_write import midi_bytes
    from arvae_music.formats.sheets import sheet_of

    pretty_midi = _pretty_midi()
    midi = load(format_of("tune.mid").write(tune), tune.path)
    if midi.type == 2:  # its tracks are tunes of their own, and would sound all at once
        midi = load(midi_bytes(tune.melody, sheet_of(tune)), tune.path)
    _gather_tempos(midi)
    midi.tracks[:] = [track for track in midi.tracks if track]  # pretty_midi fails on an empty one
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # meters and keys in other tracks: not heard
            return pretty_midi.PrettyMIDI(mido_object=midi)
    except (IndexError, KeyError, ValueError) as error:
        raise ArvaeError(f"{tune.path} cannot be rendered as sound: {error}") from error


def _gather_tempos(midi: Any) -> None:
    """Move every tempo to the first track, the only one where pretty_midi looks for them."""
    from arvae_music.formats.midi_parts import timed
    from arvae_music.formats.midi_write import track_of

    if not any(message.type == "set_tempo" for track in midi.tracks[1:] for message in track):
        return
    tempos = [event for track in midi.tracks for event in timed(track) if event[1].type == "set_tempo"]
    first = list(timed(midi.tracks[0]))
    others = [event for event in first if event[1].type not in ("set_tempo", "end_of_track")]
    ordered = sorted([*tempos, *others], key=lambda event: event[0])
    midi.tracks[0] = track_of(ordered, first[-1][0] if first else 0)


def _check_soundfont(path: Path) -> None:
    if not path.exists():
        raise UsageError(f"there is no sound font {path}: check the name and the folder")
    if path.is_dir():
        raise UsageError(f"{path} is a folder: name a sound font, an .sf2 file")
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            head = file.read(12)
    except OSError as error:
        raise ArvaeError(f"cannot read {path}: {error.strerror}") from error
    if head[:4] != b"RIFF" or head[8:] != b"sfbk":
        raise UsageError(f"{path} is not a sound font: name an .sf2 file")
    if int.from_bytes(head[4:8], "little") + 8 > size:
        raise UsageError(f"{path} is cut short: get the sound font again")


def _pretty_midi() -> Any:
    try:
        import pretty_midi
    except ImportError as error:
        raise ArvaeError("sound needs pretty_midi: pip install 'arvae-music[audio]'") from error
    return pretty_midi


def _fluidsynth() -> Any:
    try:
        import fluidsynth
    except ModuleNotFoundError as error:
        raise ArvaeError(
            "a sound font needs FluidSynth: pip install 'arvae-music[soundfont]', and the library "
            "libfluidsynth from your system (Debian and Ubuntu: apt install libfluidsynth3)"
        ) from error
    except ImportError as error:  # the package is there, and does not find its library
        raise ArvaeError(
            "a sound font needs the library libfluidsynth: install it from your system "
            "(Debian and Ubuntu: apt install libfluidsynth3; macOS: brew install fluid-synth)"
        ) from error
    return fluidsynth
