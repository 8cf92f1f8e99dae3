"""MusicXML that no program should write: real scores damaged, and documents that attack their reader."""

from __future__ import annotations

import random
import re
from collections.abc import Callable

NUMBERS = (
    "", "0", "-1", "-0", "1", "3", "7", "1.5", "0.0000001", "1e9", "1e999999", "NaN", "inf", "1/0", "1_0",
    "0x10", "٣", " 4 ", "+2", "--2", "9" * 9, "9" * 10, "9" * 5_000, "480", "10080", "1000000007", "four",
    "4\n", "&#52;",
)  # fmt: skip
"""What may stand where a number should."""

ELEMENTS = (
    "<backup><duration>999999999</duration></backup>", "<forward><duration>999999999</duration></forward>",
    "<backup/>", "<note/>", "<note><rest/></note>", "<note><grace/></note>", "<note><chord/></note>",
    "<note><pitch/><duration>1</duration></note>", "<note><cue/><rest/><duration>1</duration></note>",
    "<note><unpitched/><duration>2</duration></note>",
    '<note><rest measure="yes"/><duration>4</duration></note>',
    "<note><pitch><step>H</step><octave>4</octave></pitch><duration>1</duration></note>",
    "<note><pitch><step>C</step><alter>0.5</alter><octave>99</octave></pitch><duration>1</duration></note>",
    '<note><pitch><step>C</step><octave>4</octave></pitch><duration>1</duration><tie type="start"/></note>',
    "<attributes><divisions>0</divisions></attributes>",
    "<attributes><divisions>999999999</divisions></attributes>",
    "<attributes><time><senza-misura/></time></attributes>", "<attributes><staves>99</staves></attributes>",
    "<attributes><time><beats>3+2</beats><beat-type>8</beat-type></time></attributes>",
    "<attributes><time><beats>0</beats><beat-type>0</beat-type></time></attributes>",
    "<attributes><key><key-step>C</key-step><key-alter>1</key-alter></key></attributes>",
    "<attributes><transpose><chromatic>-99</chromatic></transpose></attributes>",
    '<attributes><measure-style><multiple-rest>999999999</multiple-rest></measure-style></attributes>',
    '<attributes><measure-style><measure-repeat type="start">1</measure-repeat></measure-style></attributes>',
    '<barline><repeat direction="backward" times="999"/></barline>',
    '<barline><ending number="1,2-9" type="x"/></barline>',
    "<direction><direction-type><words>D.C.</words></direction-type><offset>-99</offset></direction>",
    '<direction><sound tempo="1e99"/></direction>',
    "<harmony><root><root-step>Z</root-step></root></harmony>",
    "<harmony><kind/><offset>x</offset></harmony>", "<print/>", "<figured-bass/>", "<measure/>", "<part/>",
    "<!-- - comment -->", "<![CDATA[<note>]]>", "<?pi x?>", "<x:note/>", '<x:note xmlns:x="y"/>', "text",
    "&amp;", "&#0;",
    '<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="/etc/passwd" parse="text"/>',
)  # fmt: skip

_LAUGHS = "".join(
    f'<!ENTITY {name} "{f"&{before};" * 10}">' for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)

DOCTYPES = (
    '<!DOCTYPE score-partwise PUBLIC "-//Recordare//DTD MusicXML 4.0 Partwise//EN" "http://example.invalid/p.dtd">',
    '<!DOCTYPE score-partwise SYSTEM "file:///dev/zero">', "<!DOCTYPE x>",
    '<!DOCTYPE score-partwise [<!ENTITY a "b">]>', '<!DOCTYPE s [<!ENTITY a SYSTEM "file:///etc/passwd">]>',
    '<!DOCTYPE s [<!ENTITY % a SYSTEM "file:///dev/zero"> %a;]>',
    '<!DOCTYPE s [<!ENTITY a "aaaaaaaaaa">' + _LAUGHS + "]>",
    '<!DOCTYPE s [<!ATTLIST note dynamics CDATA "9"> <!ELEMENT note ANY>]>',
    '<!DOCTYPE s [<!ENTITY % p "<!ENTITY q \'r\'>"> %p;]>',
)  # fmt: skip
"""With entities that expand to a thousand million letters, that lie outside, or that define others."""

ENCODINGS = (
    "UTF-16", "utf-8", "ISO-8859-1", "windows-1252", "ascii", "UTF-7", "punycode", "zlib", "rot13", "x-none",
    "idna", "unicode_escape", "raw_unicode_escape", "utf-32", "undefined", "big5",
)  # fmt: skip


def _body(text: str) -> int:
    return max(text.find("<score-partwise"), 0)


def numbers(rng: random.Random, text: str) -> str:
    """Other numbers in some elements or attributes."""
    found = list(re.finditer(r">\s*-?\d+(?:\.\d+)?\s*<|=\"-?\d+\"", text))
    for match in sorted(
        rng.sample(found, min(len(found), rng.choice((1, 1, 2, 5)))), key=lambda m: -m.start()
    ):
        text = (
            text[: match.start() + 1]
            + (f'"{rng.choice(NUMBERS)}"' if match[0][0] == "=" else rng.choice(NUMBERS))
            + (text[match.end() :] if match[0][0] == "=" else text[match.end() - 1 :])
        )
    return text


def one_number(rng: random.Random, text: str) -> str:
    """Another number in every element of one name: missing and huge divisions, for one."""
    name = rng.choice(
        (
            "divisions",
            "duration",
            "octave",
            "alter",
            "beats",
            "beat-type",
            "fifths",
            "staff",
            "voice",
            "step",
            "type",
        )
    )
    new = rng.choice((*NUMBERS, None))
    return re.sub(
        rf"<{name}>[^<]*</{name}>", lambda _: "" if new is None else f"<{name}>{new}</{name}>", text
    )


def elements(rng: random.Random, text: str) -> str:
    """Elements put in, taken out, doubled, renamed."""
    for _ in range(rng.choice((1, 1, 3, 10))):
        tags = list(re.finditer(r"<[^>]*>", text[_body(text) :]))
        if not tags:
            return text
        at = _body(text) + rng.choice(tags).end()
        way = rng.randrange(4)
        end = text.find(">", at) + 1
        if way == 0:
            text = text[:at] + rng.choice(ELEMENTS) + text[at:]
        elif way == 1:
            text = text[:at] + text[end:]
        elif way == 2:
            text = text[:at] + text[at:end] + text[at:]
        else:
            found = re.search(
                r"<(note|attributes|measure|part|backup|direction|pitch)\b.*?</\1>", text[at:], re.DOTALL
            )
            if found is not None:
                text = text[: at + found.start()] + rng.choice(("", found[0] * 2)) + text[at + found.end() :]
    return text


def characters(rng: random.Random, text: str) -> str:
    """Single characters changed, or the end lost."""
    changed = list(text)
    for _ in range(rng.choice((1, 2, 10))):
        at = rng.randrange(len(changed))
        changed[at] = rng.choice(("<", ">", "&", '"', "'", "/", "\0", "\x01", "é", "", "]]>", "<!--", "-->"))
    return "".join(changed)[: rng.choice((None, None, rng.randrange(len(changed))))]


def doctype(rng: random.Random, text: str) -> str:
    """A document type with entities; some are used."""
    use = rng.choice(("", "&a;", "&i;", "&q;"))
    start = _body(text)
    return f'<?xml version="1.0"?>\n{rng.choice(DOCTYPES)}\n' + text[start:].replace(
        "<measure", use + "<measure", 1
    )


def deep(rng: random.Random, text: str) -> str:
    """Elements nested thousands deep, or thousands beside each other."""
    count = rng.choice((90, 150, 5_000, 60_000))
    new = rng.choice((
        "<a>" * count + "</a>" * count, "<a>" * count, "<note/>" * count, "<print/>" * count,
        "<measure/>" * count, "<!---->" * count,
        "<note " + " ".join(f"a{i}=''" for i in range(min(count, 5_000))) + "/>",
        "<backup><duration>1</duration></backup>" * (count // 8), f"<words>{'x' * count}</words>",
        "<note><chord/><pitch><step>C</step><octave>4</octave></pitch><duration>1</duration></note>"
        * (count // 10),
        "<part-list>" + "<score-part id='x'/>" * (count // 8) + "</part-list>",
    ))  # fmt: skip
    place = text.find(rng.choice(("<note", "</measure>", "<part ", "<attributes")))
    return text[: max(place, 0)] + new + text[max(place, 0) :]


def another_root(rng: random.Random, text: str) -> str:
    """Another document altogether, or a score without what it needs."""
    return rng.choice((
        text.replace("score-partwise", "score-timewise"), text.replace("score-partwise", "html"), "<a/>",
        "<", "", " ", '<?xml version="1.0"?>', "<score-partwise/>",
        "<score-partwise><part/></score-partwise>", text * 2,
        "<score-partwise><part><measure/></part></score-partwise>",
        re.sub(r"(?s)<part-list>.*</part-list>", "", text),
        text.replace("<score-partwise", '<score-partwise xmlns="urn:x"'),
        re.sub(r"<part ", "<p:part ", text), "\ufeff" + text, "\n\n" + text, text + "trailing",
        text.replace(' id="', ' ID="'),
    ))  # fmt: skip


WAYS: tuple[Callable[[random.Random, str], str], ...] = (
    numbers, numbers, one_number, one_number, elements, elements, elements, characters, doctype, deep,
    another_root,
)  # fmt: skip


def encoded(rng: random.Random, text: str) -> bytes:
    """In UTF-8, in another encoding, or in another than it says."""
    way = rng.randrange(12)
    if way == 0:
        return text.encode(rng.choice(("utf-16", "utf-16-le", "utf-16-be", "utf-8-sig", "utf-32")))
    if way == 1:
        said = re.sub(r"^\s*<\?xml[^>]*\?>", "", text)
        return (f'<?xml version="1.0" encoding="{rng.choice(ENCODINGS)}"?>' + said).encode(
            rng.choice(("utf-8", "latin-1", "utf-16")), "replace"
        )
    if way == 2:
        broken = bytearray(text.encode())
        for _ in range(rng.choice((1, 3, 20)) if broken else 0):
            broken[rng.randrange(len(broken))] = rng.randrange(256)
        return bytes(broken)
    return text.encode("utf-8", "replace")


def xml_file(rng: random.Random, sources: list[bytes], number: int) -> bytes:
    """One damaged score; of a thousand, one with very many elements."""
    text = rng.choice(sources).decode("utf-8", "replace")
    if number % 1000 == 1:
        at = text.find("</part>")
        text = (
            text[:at]
            + "<measure><note><rest/><duration>4</duration></note></measure>" * rng.choice((3_000, 30_000))
            + text[at:]
        )
    for _ in range(rng.choice((1, 1, 1, 2))):
        if text:
            text = rng.choice(WAYS)(rng, text)
    return encoded(rng, text)
