"""ABC files that no editor should write: tunes mixed with every construct of ABC 2.1, and broken text.

The constructs are written down from the standard's sections, most of them outside what is read here.
"""

from __future__ import annotations

import random
from collections.abc import Callable

FIELDS = (
    "A:Donegal", "B:O'Neill's", "C:Trad.", "D:Chieftains", "F:tune.abc", "G:flute", "H:long\n+:and longer",
    "I:abc-charset utf-8", "I:linebreak $", "I:linebreak !", "I:decoration +",
    "I:propagate-accidentals not", "I:writefields COG 0", "K:", "K:none", "K:HP", "K:Hp",
    "K:D exp _b _e ^f", "K:C#loc", "K:Gb mix clef=alto", "K:perc stafflines=1", "K:C middle=d",
    "K:A transpose=-2 octave=1 t=3", "K:H", "K:d ^1/4c", "L:1/1", "L:1/512", "L:0/0", "L:1/0", "L:3", "L:",
    "M:none", "M:", "M:C|", "M:(2+3+2)/8", "M:2/4+3/8", "M:0/4", "M:4/0", "M:999/999", "M:7/16", "M:1/1",
    "M:12/8", "M:O", "M:c3", "m:~n2 = (3o/n/m/ n", "m:n = nn", "m:x = x", "m: = ", "m:~ = ~~", "m:C=",
    "N:note", "O:Eire", "P:A", "P:ABAC(D3E)4.2", 'Q:"Allegro" 1/4=120', 'Q:1/4 3/8 1/4 3/8=40 "x"', "Q:0",
    "Q:1/0=1/0", 'Q:"only words"', "Q:C2=", "Q:120", "R:jig", "r:remark", "S:seen", "s:!pp! ** !f!",
    "s:|||", "T:another title", "T:", "U:n=!trill!", "U:T=!nil!", "U: W = .",
    "V:1 name=\"T\" clef=treble-8", "V:2 snm=x octave=-1", "V:", "V:* ", "V:1", "W:words below",
    "w:a-b c_ *|~d\\-e", "w:", "w:|||*", "w:---___", "X:2", "X:", "X:0", "X:-1", "X:9999999999", "Z:me",
    "Z:abc-transcriber x", "%%abc-version 2.1", "%%score (1 2) | {3 4}", "%%staves [1 2]",
    "%%MIDI program 40", "%%begintext", "%%endtext", "%%beginps\n/x {} def", "%%endps", "%%newpage",
    "%%text x", "%%center", "%%setfont-1 Times 12", "%%pagewidth 8in", "%%propagate-accidentals octave",
    "%%linebreak <EOL>", "%abc-2.1", "%", "%%", "\\", "E:old", "J:?", "k:", "+:more",
)  # fmt: skip
"""Of sections 3, 4, 9, 11 and 12."""

MUSIC = (
    "|", "||", "|]", "[|", "|:", ":|", "::", ":||:", "|::", "::|", ":::|", "|[1,3-5", ":|2", "|1", "[|]",
    "[2", ".|", "|||", ":|]", "[1-99999999999", "|[1,,,-", "(3", "(3abc", "(3:2:2", "(3::", "(3:2:0",
    "(3:0:3", "(9:9:9", "(2(3(4", "((3(5(3", "(1", "(10", "(3:99999:3", "(5:4:999999", ">", ">>", ">>>",
    "<", "<<<<", "><", "a>-b", "a > b", "-", "--", ".-", "(", ")", "(c(d", ".(ab)", "&", "&&", "(&", "&)",
    "z", "z4", "x2", "Z", "Z4", "Z0", "X2", "Z99999999", "y", "y12", "C", "^c", "__B,,", "=f''", "^^G",
    "^1/2c", "_/A", "^3/4d", "^", "c,',", "C/", "C//", "C3/", "C/4", "C3/2", "C0", "C/0", "C0/0",
    "c1000000", "c/99999", "C///", "[CEG]", "[C2E4G]3/2", "[]", "[C-E]-", "[CE", "CE]", "[^C_C=C]",
    "[C{d}E]", "[K:D]", "[M:3/4]", "[L:1/16]", "[V:2]", "[Q:1/4=80]", "[P:B]", "[r:x]", "[N:y]", "[K:",
    "[U:T=!x!]", "[I:x]", "{g}", "{/g}", "{gef}2", "{", "}", "{{c}d}", "!trill!", "!", "!unknown!",
    "+fermata+", "+", "!crescendo(!", "!>!", "!5!", "!D.S.!", ".", "~", "H", "L", "M", "O", "P", "S", "T",
    "u", "v", "R", "J", '"Am7/G"', '"^up"', '"_down"', '"<l"', '">r"', '"@1,2 x"', '"', '"Gb°"', '"C#(D)"',
    "`", "a```b", "$", "*", ";", "?", "@", "#", "\\", "\\'e", "\\u00e9", "&eacute;", "\t", " ", "%c", "\\%",
    "\n", "\\\n", "\n\n", "\nK:G\n", "\nw:la la\n", "\nM:6/8\n", "\nV:2\n", "\n%%x\n", "\nX:2\nT:b\nK:C\n",
    "\ns:*\n", "\nm:n=n\n", "\nU:T=.\n", "\nP:A\n", "\nL:1/4\n", "\nI:linebreak !\n", "\nW:x\n",
)  # fmt: skip
"""Of section 4, right and wrong."""

NOTES = ("A", "B", "c2", "d", "e>f", "g", "G,2", "F/E/", "(3gab", "z", "a4", "d'", "[CE]", "|", "|", "|")


def tune(rng: random.Random, length: int = 60, header: bool = True) -> str:
    """A tune of constructs drawn at random."""
    fields = [rng.choice(FIELDS) for _ in range(rng.choice((0, 1, 3, 8)))]
    kinds = [
        "X:1",
        "T:t",
        *fields,
        f"M:{rng.choice(('4/4', '3/4', '6/8', 'C', '2/4', '9/8'))}",
        "L:1/8",
        "K:C",
    ]
    if rng.random() < 0.2:
        rng.shuffle(kinds)
    share = rng.choice((0.05, 0.2, 0.6))
    music = [rng.choice(MUSIC) if rng.random() < share else rng.choice(NOTES) for _ in range(length)]
    body = rng.choice(("", " ")).join(music)
    return ("\n".join(kinds) if header else "") + "\n" + body + "\n"


def _with_constructs(rng: random.Random, text: str) -> str:
    for _ in range(rng.choice((1, 3, 10))):
        at = rng.randrange(len(text) + 1)
        new = rng.choice((*MUSIC, *(f"\n{field}\n" for field in FIELDS)))
        text = text[:at] + new + text[at + rng.choice((0, 0, 1, 5)) :]
    return text


def _digits(rng: random.Random, text: str) -> str:
    """A number of many digits in the place of one."""
    places = [i for i, c in enumerate(text) if c.isdigit()] or [0]
    at = rng.choice(places)
    many = rng.choice(("9" * 10, "9" * 400, "1" + "0" * 5_000, "0", "00", "²", "٣", "1/" * 50, "9" * 60_000))
    return text[:at] + many + text[at + 1 :]


def _long(rng: random.Random, text: str) -> str:
    """A sign a great many times, or a megabyte on one line."""
    sign = rng.choice(
        (
            *MUSIC,
            *NOTES,
            "(3",
            "[",
            "{",
            ">",
            "/",
            "'",
            ",",
            '"',
            "(",
            "&",
            "^",
            "~",
            "Z9",
            "-",
            "a-",
            "a>",
            "|1",
        )
    )
    count = rng.choice((50, 2_000, 20_000)) // max(len(sign) // 4, 1)
    at = rng.randrange(len(text) + 1)
    return text[:at] + sign * count + text[at:]


def a_megabyte(rng: random.Random) -> str:
    """A megabyte on one line: a tune, one note, or one sign."""
    one = rng.choice(
        (
            "ABcd efga|",
            "a",
            "a/",
            "(3abc",
            "[ceg]",
            '"Am"a',
            "{g}a",
            "a>b",
            "a-",
            "~",
            "!trill!a",
            "[K:D]a|",
            "&a",
            "x",
            "Z|",
            "(",
            '"',
            "a'",
            "^",
        )
    )
    return "X:1\nM:4/4\nL:1/8\nK:C\n" + one * (1_000_000 // len(one)) + "\n"


def _encoded(rng: random.Random, text: str) -> bytes:
    """In UTF-8, or as other programs write it."""
    way = rng.randrange(14)
    if way == 0:
        return text.replace("\n", "\r\n").encode()
    if way == 1:
        return text.replace("\n", "\r").encode()
    if way == 2:
        return "".join(
            c if c != "\n" else rng.choice(("\n", "\r", "\r\n", "\n\r", "\x0b", "\x85", "\u2028"))
            for c in text
        ).encode()
    if way == 3:
        return ("T:Ré\n" + text).encode("latin-1", "replace")
    if way == 4:
        return text.encode(rng.choice(("utf-16", "utf-16-le", "utf-16-be", "utf-32")))
    if way == 5:
        return b"\xef\xbb\xbf" + text.encode()
    if way == 6:
        broken = bytearray(text.encode())
        for _ in range(rng.choice((1, 3, 20))):
            broken[rng.randrange(len(broken))] = rng.choice(
                (0x00, 0x80, 0xC3, 0xFF, 0x1A, rng.randrange(256))
            )
        return bytes(broken)
    if way == 7:
        return text.encode()[: rng.randrange(len(text) + 1)]
    return text.encode()


def abc_file(rng: random.Random, sources: list[bytes], number: int) -> bytes:
    """One file: a real tune with constructs put in, or one made of them; in any encoding."""
    if number % 1000 == 1:
        return _encoded(rng, a_megabyte(rng))
    if rng.random() < 0.4:
        text = _with_constructs(rng, rng.choice(sources).decode("latin-1"))
    else:
        text = "".join(tune(rng, rng.choice((5, 40, 40, 150))) for _ in range(rng.choice((1, 1, 1, 3))))
    ways: tuple[Callable[[random.Random, str], str], ...] = (_digits, _long)
    for way in ways:
        if rng.random() < 0.08:
            text = way(rng, text)
    return _encoded(rng, text)
