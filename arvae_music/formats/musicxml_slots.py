"""Which element of a measure is which note of its new melody, and how beams and brackets go then."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise

from arvae_music.formats.abc_rhythm import Piece, beam_of, beat_of, written_rhythm
from arvae_music.formats.musicxml_items import Item, Kind, XmlBar, in_staff
from arvae_music.formats.musicxml_note import Tag, type_of
from arvae_music.meter import Meter

_SOUNDING = (Kind.NOTE, Kind.REST, Kind.FORWARD)


@dataclass
class Slot:
    """A note or rest to write.

    Attributes:
        piece: what sounds, without more cuts.
        source: the element that it was, or None.
        kept: whether that element has the same length and ties.
        triplet: whether it is written in three for two.
        beams: its beams, or None where they stay as they are.
        tuplet: `start`, `stop` or none of them; None where brackets stay as they are.
        sung: the note of another pitch that began at the same time and is gone: its syllables are taken.
        spans: texts of slurs that came from notes that are gone.
        dropped: texts of slurs that go, since only one note remains of them.
    """

    piece: Piece
    source: Item | None = None
    kept: bool = False
    triplet: bool = False
    beams: list[Tag] | None = None
    tuplet: list[str] | None = None
    sung: Item | None = None
    spans: list[str] = field(default_factory=list)
    dropped: set[str] = field(default_factory=set)

    @property
    def flags(self) -> int:
        """Beams that the note can have."""
        drawn = type_of(self.piece.length, triplet=self.triplet) if self.piece.pitches else None
        return drawn.flags if drawn else 0


def run_of(bar: XmlBar, staff: str | None) -> list[Item] | str:
    """The items of a staff's voice, one after another through the whole bar; or why they are not that."""
    sounds = [item for item in bar.items if item.kind is Kind.NOTE and in_staff(item, staff)]
    rests = [item for item in bar.items if item.kind is Kind.REST and in_staff(item, staff)]
    if len({item.voice for item in sounds}) > 1:
        return "its notes are in several voices"
    if not sounds and not rests:
        return "nothing is written in it"
    voice = (sounds or rests)[0].voice
    places = [
        place
        for place, item in enumerate(bar.items)
        if item.kind in (Kind.NOTE, Kind.REST, Kind.GRACE) and _is_own(item, staff, voice)
    ]
    first, last = _with_gaps(bar, places[0], places[-1])
    run = bar.items[first : last + 1]
    for item in run:
        alien = item.kind in (Kind.NOTE, Kind.REST, Kind.GRACE) and not _is_own(item, staff, voice)
        if alien or item.kind is Kind.BACKUP:
            return "its voices are interwoven"
        if item.divisions != run[0].divisions:
            return "its divisions change in the middle"
    timed = [item for item in run if item.kind in _SOUNDING]
    if not timed or timed[0].time or max(item.end for item in timed) != bar.length:
        return "its voice does not fill it"
    return run


def _is_own(item: Item, staff: str | None, voice: str) -> bool:
    return in_staff(item, staff) and item.voice == voice


def _with_gaps(bar: XmlBar, first: int, last: int) -> tuple[int, int]:
    """The run's ends with the `<forward>`s beside them."""
    items = bar.items
    at = first - 1
    while at >= 0 and items[at].kind in (Kind.OTHER, Kind.FORWARD):
        first = at if items[at].kind is Kind.FORWARD else first
        at -= 1
    at = last + 1
    while at < len(items) and items[at].kind in (Kind.OTHER, Kind.FORWARD):
        last = at if items[at].kind is Kind.FORWARD and items[at].end <= bar.length else last
        at += 1
    return first, last


def slots_of(run: Sequence[Item], pieces: Sequence[Piece], meter: Meter) -> list[Slot]:
    """A slot for every note and rest of the new bar; what stays as it was has its old elements."""
    timed = [item for item in run if item.kind in _SOUNDING]
    fixed = {item.time for item in run if item.element.tag in ("attributes", "barline")}
    pieces = list(_with_old_rests(timed, pieces))
    rhythm = written_rhythm(pieces, meter, fixed | beat_cuts(pieces, meter))
    slots = []
    for piece in pieces:
        chain = _chain(timed, piece)
        if chain:
            slots += [_kept(item) for item in chain]
            continue
        parts = [part for part in rhythm.pieces if piece.start <= part.start < piece.end]
        made = [Slot(part, triplet=rhythm.triplet_at(part) is not None) for part in parts]
        made[0].source = next((item for item in timed if _is_same(item, piece)), None)
        if made[0].source is None and piece.pitches and not piece.tied:
            made[0].sung = next((item for item in timed if _begins_with(item, piece)), None)
        slots += made
    return slots


def _with_old_rests(timed: Sequence[Item], pieces: Sequence[Piece]) -> Iterator[Piece]:
    """The pieces, of which silences are parted where rests that stay begin and end."""
    rests = [item for item in timed if item.kind is not Kind.NOTE]
    for piece in pieces:
        inside = [item for item in rests if piece.start <= item.time and item.end <= piece.end]
        times = {time for item in inside for time in (item.time, item.end)} if not piece.pitches else set()
        edges = sorted({piece.start, piece.end} | times)
        if len(edges) == 2:
            yield piece
        else:
            yield from (Piece(start, end, ()) for start, end in pairwise(edges))


def beat_cuts(pieces: Sequence[Piece], meter: Meter) -> set[Fraction]:
    """Where notes and rests are cut, so that the eye finds the beat.

    In 4/4 that is the middle of the bar, but for a note from the bar's start or from beat to beat; in
    compound meters it is every beat, but for notes from beat to beat.
    """
    beat, window = beat_of(meter), beam_of(meter)
    cuts = set()
    for piece in pieces:
        if piece.length >= meter.length or any(t.denominator % 3 == 0 for t in (piece.start, piece.end)):
            continue
        on_beats = piece.start % beat == 0 == piece.end % beat
        if beat == Fraction(3, 2):
            step = Fraction(0) if on_beats and (piece.pitches or piece.length == 2 * beat) else beat
        else:
            even = piece.start % window == 0 or on_beats
            step = window if window > beat and not (piece.pitches and even) else Fraction(0)
        first = piece.start // step + 1 if step else 0
        cuts |= {step * n for n in range(int(first), int(-(-piece.end // step)))} if step else set()
    return cuts


def _is_same(item: Item, piece: Piece) -> bool:
    same = item.kind is Kind.NOTE and (item.pitch,) == piece.pitches and item.tied == piece.tied
    return same and item.time == piece.start


def _begins_with(item: Item, piece: Piece) -> bool:
    return item.kind is Kind.NOTE and not item.tied and item.time == piece.start


def _chain(timed: Sequence[Item], piece: Piece) -> list[Item]:
    """The old elements that say just what the piece does."""
    chain = [item for item in timed if piece.start <= item.time < piece.end]
    if not chain or chain[0].time != piece.start or chain[-1].end != piece.end:
        return []
    if any(before.end != item.time for before, item in pairwise(chain)):
        return []
    if not piece.pitches:
        return chain if all(item.kind is not Kind.NOTE for item in chain) else []
    if any((item.pitch,) != piece.pitches or item.kind is not Kind.NOTE for item in chain):
        return []
    bound = all(item.tied for item in chain[1:])
    return chain if bound and chain[0].tied == piece.tied and chain[-1].ties == piece.ties else []


def _kept(item: Item) -> Slot:
    pitches = (item.pitch,) if item.pitch is not None else ()
    piece = Piece(item.time, item.end, pitches, item.tied, item.ties)
    return Slot(piece, item, kept=True, triplet=item.element.first("time-modification") is not None)


def set_beams(run: Sequence[Item], slots: Sequence[Slot], meter: Meter) -> None:
    """Beams by the beat; where all notes of an old beam stay, it stays as it is."""
    kept = {id(slot.source) for slot in slots if slot.kept}
    frozen: set[int] = set()
    for old in _old_beams(run):
        if all(id(item) in kept for item in old):
            frozen |= {id(item) for item in old}
    groups: list[list[Slot]] = []
    for slot in slots:
        if slot.kept and slot.source is not None and id(slot.source) in frozen:
            groups.append([])
        elif not slot.flags:
            slot.beams = []
            groups.append([])
        elif groups and groups[-1] and _is_beamed(groups[-1][-1], slot, slots, meter):
            groups[-1].append(slot)
        else:
            groups.append([slot])
    for group in groups:
        for index, slot in enumerate(group):
            slot.beams = list(_beams(group, index, meter)) if len(group) > 1 else []


def _old_beams(run: Sequence[Item]) -> Iterator[list[Item]]:
    group: list[Item] = []
    for item in run:
        beam = next((b for b in item.element.all("beam") if b.attributes.get("number", "1") == "1"), None)
        if item.kind is not Kind.NOTE or beam is None:
            continue
        group.append(item)
        if beam.text.strip() == "end":
            yield group
            group = []
    if group:
        yield group


def _is_beamed(before: Slot, slot: Slot, slots: Sequence[Slot], meter: Meter) -> bool:
    wide, beat = beam_of(meter), beat_of(meter)
    window = slot.piece.start // wide
    inside = [one for one in slots if one.piece.start // wide == window and one.piece.pitches]
    even = all(one.piece.length == Fraction(1, 2) for one in inside)
    size = wide if even else beat
    return before.piece.end == slot.piece.start and before.piece.start // size == slot.piece.start // size


def _beams(group: Sequence[Slot], index: int, meter: Meter) -> Iterator[Tag]:
    beat = beat_of(meter)
    for level in range(1, group[index].flags + 1):
        before = index > 0 and _joined(group[index - 1], group[index], level, beat)
        after = index + 1 < len(group) and _joined(group[index], group[index + 1], level, beat)
        kind = {(True, True): "continue", (False, True): "begin", (True, False): "end"}.get((before, after))
        yield Tag(f'beam number="{level}"', kind or ("backward hook" if index else "forward hook"))


def _joined(first: Slot, second: Slot, level: int, beat: Fraction) -> bool:
    same = level == 1 or first.piece.start // beat == second.piece.start // beat
    return same and min(first.flags, second.flags) >= level


def set_tuplets(slots: Sequence[Slot]) -> None:
    """Brackets over groups of three for two in which something changed."""
    group: list[Slot] = []
    for slot in slots:
        if not slot.triplet:
            _bracket(group)
            group = []
            continue
        group.append(slot)
        if slot.piece.end.denominator % 3:
            _bracket(group)
            group = []
    _bracket(group)
    for slot in slots:
        if not slot.triplet and slot.kept and _old_brackets(slot):
            slot.tuplet = []


def _bracket(group: Sequence[Slot]) -> None:
    if not group:
        return
    old = [kind for slot in group for kind in _old_brackets(slot)]
    if all(slot.kept for slot in group) and old.count("start") == old.count("stop"):
        return
    for slot in group:
        slot.tuplet = []
    if len(group) > 1:
        group[0].tuplet, group[-1].tuplet = ["start"], ["stop"]


def _old_brackets(slot: Slot) -> list[str]:
    if slot.source is None:
        return []
    return [
        tuplet.attributes.get("type", "")
        for notations in slot.source.element.all("notations")
        for tuplet in notations.all("tuplet")
    ]


def carry_slurs(data: bytes, run: Sequence[Item], slots: Sequence[Slot]) -> None:
    """Hand the ends of slurs and slides from notes that are gone to their neighbours."""
    owners = {id(slot.source): slot for slot in slots if slot.source is not None}
    sounding = [slot for slot in slots if slot.piece.pitches]
    opened: dict[tuple[str, str], tuple[Slot | None, str]] = {}
    for item in run:
        for tag, number, kind, text in _span_ends(data, item):
            slot = owners.get(id(item)) or _neighbour(sounding, item.time, kind)
            stays = id(item) in owners
            if kind == "start":
                opened[tag, number] = (slot, text)
            elif (tag, number) in opened and opened[tag, number][0] is slot and slot is not None:
                start = opened.pop((tag, number))[1]
                slot.spans = [one for one in slot.spans if one != start]
                slot.dropped |= {start, text}
                continue
            if not stays and slot is not None:
                slot.spans.append(text)


def _span_ends(data: bytes, item: Item) -> Iterator[tuple[str, str, str, str]]:
    if item.kind is not Kind.NOTE:
        return
    for notations in item.element.all("notations"):
        for span in notations.children:
            kind = span.attributes.get("type", "")
            if span.tag in ("slur", "glissando", "slide") and kind in ("start", "stop"):
                text = data[span.start : span.end].decode()
                yield span.tag, span.attributes.get("number", "1"), kind, text


def _neighbour(sounding: Sequence[Slot], time: Fraction, kind: str) -> Slot | None:
    before = [slot for slot in sounding if slot.piece.start <= time]
    after = [slot for slot in sounding if slot.piece.start >= time]
    found = after[:1] or before[-1:] if kind == "start" else before[-1:] or after[:1]
    return found[0] if found else None
