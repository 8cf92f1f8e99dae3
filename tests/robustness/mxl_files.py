"""Compressed MusicXML that attacks its reader: bombs, members that climb out, lies of every size."""

from __future__ import annotations

import io
import random
import re
import warnings
import zipfile
from collections.abc import Callable
from functools import cache

from tests.robustness.xml_files import xml_file

CONTAINER = "META-INF/container.xml"
OUTSIDE = (
    "../x.xml", "../../../../etc/passwd", "/etc/passwd", "C:\\x.xml", "..\\x.xml", "a/../../x.xml",
    "\\\\host\\x", "x.xml\0.txt", "/", ".", "é.xml", "a" * 5_000, "META-INF/", "CON",
)  # fmt: skip

Member = tuple[str, bytes]


def container(*names: str) -> bytes:
    """The list of scores of an archive."""
    files = "".join(f'<rootfile full-path="{name}"/>' for name in names)
    return f"<container><rootfiles>{files}</rootfiles></container>".encode()


def archive(*members: Member, method: int = zipfile.ZIP_DEFLATED, comment: bytes = b"") -> bytes:
    """An archive of these members, in this order; names may be given twice."""
    stream = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(stream, "w", method) as new:
        warnings.simplefilter("ignore")
        for name, body in members:
            # Without the time of day: the same seed gives the same bytes.
            new.writestr(zipfile.ZipInfo(name), body, method)
        new.comment = comment
    return stream.getvalue()


@cache
def zeros(megabytes: int) -> bytes:
    """So many, to be compressed to a thousandth."""
    return b" " * (megabytes << 20)


@cache
def bomb(megabytes: int) -> bytes:
    """A small archive of a score that is large."""
    return archive((CONTAINER, container("s.xml")), ("s.xml", b"<score-partwise>" + zeros(megabytes)))


def _plain(score: bytes) -> list[Member]:
    return [(CONTAINER, container("s.xml")), ("s.xml", score)]


def climbing(rng: random.Random, score: bytes) -> bytes:
    """A member or a container that names a place outside."""
    name = rng.choice(OUTSIDE)
    members = _plain(score)
    if rng.random() < 0.5:
        members.append((name, b"x"))
    if rng.random() < 0.7:
        members[0] = (CONTAINER, container(name.replace("\0", ""), "s.xml"))
    return archive(*members)


def bombs(rng: random.Random, score: bytes) -> bytes:
    """What unpacks to more than any score: the score, the container, another member, or all together."""
    way = rng.randrange(6)
    if way == 0:
        return bomb(rng.choice((70, 300)))
    if way == 1:
        return archive((CONTAINER, container("s.xml") + zeros(70)), ("s.xml", score))
    if way == 2:
        return archive(*_plain(score), ("other.bin", zeros(70)))
    if way == 3:
        return archive(*_plain(score), *((f"{i}.bin", zeros(4)) for i in range(20)))
    if way == 4:
        return archive(*_plain(bomb(70)))
    return lying(rng, bomb(70))


def lying(rng: random.Random, data: bytes) -> bytes:
    """Sizes, methods, flags, dates and places in the directory that are not true."""
    changed = bytearray(data)
    for _ in range(rng.choice((1, 1, 3))):
        found = [match.start() for match in re.finditer(rb"PK(\x01\x02|\x03\x04|\x05\x06)", changed)]
        if not found:
            break
        at = rng.choice(found) + rng.choice((4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30, 32, 42))
        if at + 4 <= len(changed):
            size = rng.choice((1, 2, 4))
            changed[at : at + size] = rng.choice(
                (0, 1, 8, 9, 12, 14, 99, 0xFFFFFFFF, rng.randrange(1 << 32))
            ).to_bytes(4, "little")[:size]
    return bytes(changed)


def many_members(rng: random.Random, score: bytes) -> bytes:
    """Thousands of members, the same one many times, or folders and nothing else."""
    count = rng.choice((10, 3_000))
    name = rng.choice(("{}.xml", "s.xml", "{}/", "META-INF/container.xml"))
    return archive(*_plain(score), *((name.format(i), b"") for i in range(count)))


def odd(rng: random.Random, score: bytes) -> bytes:
    """No container, a broken one, one that lists nothing; other methods; more behind the end."""
    members = rng.choice((
        [("s.xml", score)], [("s.txt", score)], [], [(CONTAINER, b"<container"), ("s.xml", score)],
        [(CONTAINER, b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>"), ("s.xml", score)],
        [(CONTAINER, container("none.xml")), ("s.xml", score)],
        [(CONTAINER, container()), ("s.xml", score)], [("a.musicxml", b""), ("s.xml", score)],
        [(CONTAINER, container(CONTAINER))], [("mimetype", b"x"), *_plain(score)],
    ))  # fmt: skip
    method = rng.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA))
    return archive(*members, method=method, comment=rng.choice((b"", b"x" * 60_000))) + rng.choice(
        (b"", b"more", b"PK")
    )


def broken(rng: random.Random, score: bytes) -> bytes:
    """An archive with bytes changed, or cut off."""
    changed = bytearray(archive(*_plain(score)))
    for _ in range(rng.choice((1, 3, 20))):
        changed[rng.randrange(len(changed))] = rng.randrange(256)
    return bytes(changed[: rng.choice((None, None, rng.randrange(len(changed))))])


WAYS: tuple[Callable[[random.Random, bytes], bytes], ...] = (
    lambda rng, score: archive(*_plain(score)),
    climbing,
    lambda rng, score: lying(rng, archive(*_plain(score))),
    many_members,
    odd,
    broken,
)


def mxl_file(rng: random.Random, sources: list[bytes], number: int) -> bytes:
    """One archive; the score in it is sound or not. Of a hundred, about two are bombs."""
    score = rng.choice(sources) if rng.random() < 0.6 else xml_file(rng, sources, 0)
    if number % 50 == 1:
        return bombs(rng, score)
    return rng.choice(WAYS)(rng, score)
