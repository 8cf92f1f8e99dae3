"""MusicXML read: what stands in every measure of every part, when, and where in the text.

Times are counted by `<duration>`, as players of files do; `<type>` is what is drawn.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction

from arvae_music.errors import ArvaeError
from arvae_music.formats.abc_key import name_of_fifths, signature
from arvae_music.formats.abc_spelling import STEPS
from arvae_music.formats.musicxml_items import Item, Kind, XmlBar, XmlPart
from arvae_music.formats.musicxml_tree import Element, number_in
from arvae_music.meter import Meter


def parts_of(root: Element) -> list[XmlPart]:
    """The parts of a score.

    Raises:
        ArvaeError: it is no score by parts, or a number in it is none.
    """
    if root.tag == "score-timewise":
        raise ArvaeError("written measure by measure (score-timewise): save it as score-partwise")
    if root.tag != "score-partwise":
        raise ArvaeError(f"its root is <{root.tag[:40]}>, not <score-partwise>: it is no MusicXML score")
    listed = root.first("part-list")
    names = {p.attributes.get("id"): _name(p) for p in (listed.children if listed else ())}
    parts = []
    for number, part in enumerate(root.all("part"), 1):
        name = names.get(part.attributes.get("id"))
        reader = _PartReader(XmlPart(name or f"part {number}", []))
        for measure in part.all("measure"):
            reader.take(measure)
        parts.append(reader.part)
    return parts


def _name(part: Element) -> str:
    name = part.word("part-name") or part.word("score-instrument", "instrument-name")
    return " ".join(name.split())


def title_of(root: Element) -> str:
    """The score's title, or an empty text."""
    credits_ = [
        credit.word("credit-words") for credit in root.all("credit") if credit.word("credit-type") == "title"
    ]
    found = root.word("work", "work-title") or root.word("movement-title") or "".join(credits_[:1])
    return " ".join(found.split())


def voices_of(parts: list[XmlPart]) -> Iterator[tuple[str, XmlPart, str | None]]:
    """Name, part and staff (None where it is the only one) of every staff; equal names are numbered."""
    taken: set[str] = set()
    number = 0
    for part in parts:
        for staff in range(1, part.staves + 1):
            number += 1
            name = part.name if part.name not in taken else f"{part.name} ({number})"
            taken.add(name)
            yield name, part, str(staff) if part.staves > 1 else None


class _PartReader:
    """Counts time over the measures of a part."""

    def __init__(self, part: XmlPart) -> None:
        self.part = part
        self._divisions = Fraction(1)
        self._steps: dict[str, int] = {}
        self._meter: Meter | None = None
        self._now = Fraction(0)
        self._start = Fraction(0)  # of the last note, for the others of its chord
        self._resting = 0  # measures left of a rest of several
        self._repeating = False

    def take(self, measure: Element) -> None:
        bar = XmlBar(measure, dict(self._steps))
        self._now = self._start = Fraction(0)
        started = False
        for child in measure.children:
            try:
                item = self._item(child, bar)
            except ValueError as error:
                place = measure.attributes.get("number", "?")[:20]
                said = f"measure {place}: '{str(error)[:40]}' in <{child.tag}> is not a number"
                raise ArvaeError(said) from None
            item.divisions = self._divisions
            bar.items.append(item)
            if child.tag == "attributes" and not started:
                bar.steps = dict(self._steps)
            elif child.tag == "attributes" and (child.first("key") or child.first("time")):
                bar.problem = "the key or the meter changes in the middle"
            started = started or item.kind is not Kind.OTHER
            if item.kind in (Kind.NOTE, Kind.REST):  # some programs fill a short last bar with <forward>
                bar.length = max(bar.length, item.end)
        bar.meter = self._meter
        if self._resting or self._repeating:
            bar.problem = "one sign stands for several measures"
        self._resting = max(self._resting - 1, 0)
        self.part.bars.append(bar)

    def _item(self, child: Element, bar: XmlBar) -> Item:
        if child.tag == "note":
            return self._note(child, bar)
        if child.tag in ("backup", "forward"):
            length = self._length(child)
            item = Item(
                child, Kind(child.tag), self._now, staff=child.word("staff"), voice=child.word("voice")
            )
            if item.kind is Kind.FORWARD:
                item.length = length
            self._now = max(self._now + (length if item.kind is Kind.FORWARD else -length), Fraction(0))
            return item
        if child.tag == "attributes":
            self._attributes(child)
        return Item(child, Kind.OTHER, self._now, staff=child.word("staff"))

    def _note(self, child: Element, bar: XmlBar) -> Item:
        item = Item(child, Kind.NOTE, self._now, staff=child.word("staff"), voice=child.word("voice"))
        pitch = child.first("pitch")
        if child.first("grace") is not None:
            item.kind = Kind.GRACE
            return item
        if child.first("rest") is not None:
            item.kind = Kind.REST
        item.length = self._length(child)
        if child.first("chord") is not None:
            item.time = self._start
        else:
            self._start = self._now
            self._now += item.length
        if pitch is not None:
            item.pitch = self._pitch(pitch, bar)
        elif item.kind is Kind.NOTE:
            bar.problem = "percussion"
        if not item.length:
            bar.problem = "a note has no length"
        return item

    def _pitch(self, pitch: Element, bar: XmlBar) -> int:
        alter = number_in(pitch.word("alter") or "0")
        if alter.denominator != 1:
            bar.problem = "a note between two semitones"
        step = pitch.word("step")
        if step not in STEPS:
            raise ArvaeError(f"measure {bar.element.attributes.get('number', '?')[:20]}: a note has no step")
        found = 12 * (int(number_in(pitch.word("octave"))) + 1) + STEPS[step] + round(alter)
        if not 0 <= found <= 127:
            raise ArvaeError(
                f"measure {bar.element.attributes.get('number', '?')[:20]}: a note is out of range"
            )
        return found

    def _length(self, child: Element) -> Fraction:
        text = child.word("duration")
        return max(number_in(text), Fraction(0)) / self._divisions if text else Fraction(0)

    def _attributes(self, child: Element) -> None:
        if divisions := child.word("divisions"):
            self._divisions = number_in(divisions)
            if self._divisions <= 0:
                raise ValueError(divisions)
        if (key := child.first("key")) is not None:
            self._key(key)
        if (time := child.first("time")) is not None:
            self._meter = _meter(time)
        if staves := child.word("staves"):
            self.part.staves = max(self.part.staves, min(int(number_in(staves)), 9))
        for style in child.all("measure-style"):
            if rest := style.word("multiple-rest"):
                self._resting = int(number_in(rest))
            if (repeat := style.first("measure-repeat")) is not None:
                self._repeating = repeat.attributes.get("type") == "start"

    def _key(self, key: Element) -> None:
        if fifths := key.word("fifths"):
            count = max(-11, min(int(number_in(fifths)), 11))
            self._steps = signature(count)
            self.part.key = self.part.key or name_of_fifths(count, key.word("mode") or None)
        else:
            letters = [step.text.strip() for step in key.all("key-step")]
            alters = [round(number_in(alter.text)) for alter in key.all("key-alter")]
            self._steps = dict(zip(letters, alters, strict=False))


def _meter(time: Element) -> Meter | None:
    """The meter of one or more pairs of numbers; None where it is free or not understood."""
    beats = [child.text.replace(" ", "") for child in time.all("beats")]
    units = [child.text.strip() for child in time.all("beat-type")]
    if len(beats) != len(units) or not beats:
        return None
    if not all(re.fullmatch(r"\d{1,2}(\+\d{1,2})*", beat) for beat in beats):
        return None
    if not all(re.fullmatch(r"\d{1,2}", unit) and int(unit) for unit in units):
        return None
    counts = [sum(int(one) for one in beat.split("+")) for beat in beats]
    unit = max(int(one) for one in units)
    total = sum(Fraction(count, int(one)) for count, one in zip(counts, units, strict=True)) * unit
    return Meter(int(total), unit) if total.denominator == 1 and total else None
