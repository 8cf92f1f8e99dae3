"""Checkpoints from strangers: every part of a sound one changed, and what an attacker would put in."""

from __future__ import annotations

import json
import pickle
import random
import struct
from collections.abc import Callable
from typing import Any

Header = dict[str, Any]

CANARY = "/canary/in/the/metadata"
"""A path that stands in many a checkpoint; nothing may open it."""

VALUES: tuple[Any, ...] = (
    None, True, 0, -1, 1, 7, 2**31, 2**63, 10**400, 0.0, 0.5, 6.0, -1e308, float("nan"), float("inf"), "",
    "6", CANARY, f"{CANARY}/../../etc/passwd", [], [1], ["contour"] * 3, ["contour", CANARY], {}, {"a": 1},
    [[]], "\n\n", "é" * 300, {"corpus": CANARY}, {"name": CANARY, "title": CANARY},
)  # fmt: skip
"""What may stand where another value should."""


def split(content: bytes) -> tuple[Header, bytes]:
    """A file is the length of its header in 8 bytes, the header as JSON, and the data."""
    (length,) = struct.unpack("<Q", content[:8])
    return json.loads(content[8 : 8 + length]), content[8 + length :]


def joined(header: Header | bytes, data: bytes) -> bytes:
    """A file of these parts."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def _changed(rng: random.Random, value: Any) -> Any:
    """A JSON value with something in it replaced, taken out or put in."""
    if isinstance(value, dict) and value and rng.random() < 0.85:
        name = rng.choice(list(value))
        way = rng.randrange(6)
        rest = {n: v for n, v in value.items() if n != name}
        if way == 0:
            return rest
        if way == 1:
            return {**value, rng.choice(("more", CANARY, "prior_width")): rng.choice(VALUES)}
        return {**value, name: _changed(rng, value[name])}
    if isinstance(value, list) and value and rng.random() < 0.7:
        at = rng.randrange(len(value))
        return rng.choice(
            (value[:at], value[::-1], value * 2, [*value[:at], _changed(rng, value[at]), *value[at + 1 :]])
        )
    return rng.choice(VALUES)


def metadata(rng: random.Random, content: bytes) -> bytes:
    """Something else in the metadata."""
    header, data = split(content)
    about = header["__metadata__"]
    name = rng.choice(list(about))
    if rng.random() < 0.15:
        about[name] = rng.choice(
            ("", "{", "[" * 100_000, "NaN", "9" * 5_000, "null", '{"a": ' * 50_000, "\0", "arvae_music 1")
        )
    elif rng.random() < 0.1:
        del about[name]
    elif about[name].startswith(("{", "[")):
        about[name] = json.dumps(_changed(rng, json.loads(about[name])))
    else:
        about[name] = rng.choice(("arvae_music 2", CANARY, "x" * 70_000))
    return joined(header, data)


def settings(rng: random.Random, content: bytes) -> bytes:
    """Settings that claim other or huge networks."""
    header, data = split(content)
    said = json.loads(header["__metadata__"]["settings"])
    for name in rng.sample(list(said), rng.choice((1, 1, 3))):
        said[name] = rng.choice((*VALUES, 8_192, 8_193, 127, 128, "feedback", "ticks", "flat", "beats", 8, 9))
    header["__metadata__"]["settings"] = json.dumps(said)
    return joined(header, data)


def tensors(rng: random.Random, content: bytes) -> bytes:
    """Tensors of other types, shapes, places and names."""
    header, data = split(content)
    names = [name for name in header if name != "__metadata__"]
    for _ in range(rng.choice((1, 1, 4))):
        name = rng.choice(names)
        entry = header.get(name)
        if entry is None:
            continue
        way = rng.randrange(7)
        if way == 0:
            entry["dtype"] = rng.choice(
                ("F16", "BF16", "F32", "F64", "I16", "U8", "BOOL", "F8_E4M3", "C64", "X", 7)
            )
        elif way == 1:
            entry["shape"] = rng.choice(
                (entry["shape"][::-1], [], [0], [2**40, 2**40], [-1], [*entry["shape"], 1], "x", [1.5])
            )
        elif way == 2:
            entry["data_offsets"] = rng.choice(
                (
                    [0, 0],
                    [0, len(data)],
                    [2**63, 2**63 + 2],
                    [10, 2],
                    [-2, 0],
                    None,
                    [0],
                    header[next(n for n in names if n in header)]["data_offsets"],
                )
            )
        elif way == 3:
            header[rng.choice(("vae.more", CANARY, "prior.x", "", "events", "__metadata__ "))] = header.pop(
                name
            )
        elif way == 4:
            del header[name]
        elif way == 5:
            other = rng.choice(names)
            if other in header:
                header[name], header[other] = header[other], header[name]
        else:
            header["extra"] = {"dtype": "F16", "shape": [4], "data_offsets": [len(data), len(data) + 8]}
            data += b"\0" * 8
    return joined(header, data)


def numbers(rng: random.Random, content: bytes) -> bytes:
    """Weights that are no numbers, infinite, huge, or noise."""
    header, data = split(content)
    changed = bytearray(data)
    way = rng.randrange(4)
    if way == 0:  # anything anywhere
        for _ in range(rng.choice((1, 5, 200))):
            changed[rng.randrange(len(changed))] = rng.randrange(256)
    elif way == 1:  # NaN, infinity, the largest in half precision
        at = rng.randrange(len(changed) // 2) * 2
        changed[at : at + 2] = rng.choice((b"\x00\x7e", b"\x00\x7c", b"\x00\xfc", b"\xff\x7b"))
    elif way == 2:  # one tensor at its largest
        start, end = header[rng.choice([n for n in header if n != "__metadata__"])]["data_offsets"]
        changed[start:end] = b"\xff\x7b" * ((end - start) // 2)
    else:
        changed[:] = rng.choice(
            (bytes(len(changed)), rng.randbytes(len(changed)), b"\xff\x7b" * (len(changed) // 2))
        )
    return joined(header, bytes(changed))


def raw(rng: random.Random, content: bytes) -> bytes:
    """Bytes changed, cut off or put in, a header of another length, or another kind of file altogether."""
    changed = bytearray(content)
    way = rng.randrange(7)
    if way == 0:
        return bytes(changed[: rng.randrange(len(changed))])
    if way == 1:
        return struct.pack("<Q", rng.choice((0, 1, 2, 100, len(content), 2**40, 2**64 - 1))) + content[8:]
    if way == 2:
        header, data = split(content)
        text = json.dumps(header)
        return joined(
            text.replace("{", rng.choice(("{{", "[", '{"vae.x": 1, ', '{"__metadata__": {}, ')), 1).encode(),
            data,
        )
    if way == 3:
        return content + rng.randbytes(rng.choice((1, 1_000)))
    if way == 4:
        return pickle.dumps({"open": CANARY}) + rng.choice((b"", content))
    for _ in range(rng.choice((1, 3, 50))):
        changed[rng.randrange(min(len(changed), 4_000 if way == 5 else len(changed)))] = rng.randrange(256)
    return bytes(changed)


WAYS: tuple[Callable[[random.Random, bytes], bytes], ...] = (
    metadata,
    metadata,
    metadata,
    settings,
    tensors,
    tensors,
    numbers,
    raw,
)


def damaged(rng: random.Random, content: bytes) -> bytes:
    """A checkpoint with one thing wrong."""
    return rng.choice(WAYS)(rng, content)
