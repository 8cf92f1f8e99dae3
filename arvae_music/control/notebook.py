"""What a notebook shows of an edit and of a new tune: the picture, and players to hear them."""

from __future__ import annotations

from base64 import b64encode
from html import escape
from typing import TYPE_CHECKING

from arvae_music.control.audio import samples, wav
from arvae_music.control.picture import for_notebook
from arvae_music.errors import ArvaeError

if TYPE_CHECKING:
    from arvae_music.control.edit import Edit
    from arvae_music.formats import Tune

RATE = 22_050
"""Samples per second: half a file's, since the sound is stored in the notebook."""

MINUTES = 3
"""What is played of a longer tune; three minutes are 11 MB in the notebook."""


def edit_html(edit: Edit) -> str | None:
    """The picture of an edit, and the tune before and after; None without matplotlib or pretty_midi."""
    before, after = player(edit.source, "before"), player(edit.tune, "after")
    picture = for_notebook(edit) if before and after else None
    if picture is None or before is None or after is None:
        return None
    content, page = picture
    image = f'<img src="{_data(content, "image/png")}" width="{page["width"]}" alt="the edit">'
    return f"<div>{image}<div>{before}{after}</div></div>"


def player(tune: Tune, label: str = "") -> str | None:
    """A player of the tune; None without pretty_midi, or where the tune cannot be rendered."""
    try:
        sound = samples(tune, rate=RATE)
    except ArvaeError:
        return None
    most = MINUTES * 60 * RATE
    if len(sound) > most:
        label = f"{label}, the first {MINUTES} minutes".removeprefix(", ")
    source = _data(wav(sound[:most], RATE), "audio/wav")
    audio = f'<audio controls src="{source}"></audio>'
    named = f"<figcaption>{escape(label)}</figcaption>" if label else ""
    return f'<figure style="display: inline-block; margin: 0 1em 0 0">{named}{audio}</figure>'


def _data(content: bytes, kind: str) -> str:
    """Content as an address that holds it."""
    return f"data:{kind};base64,{b64encode(content).decode()}"
