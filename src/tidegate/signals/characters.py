"""Characters that are used to dodge filters, and what they stand for.

The look-alikes are the pairs of Unicode's confusables list (UTS #39) that are letters people actually type in
place of Latin ones; the rest of that list (punctuation, digits, rare scripts) would change plain text.
"""

from __future__ import annotations

import re
import unicodedata

CYRILLIC_TWINS = dict(
    zip("АВЕЅІЈКМНОРСТУХаеѕіјорсухһӏԁԛԝҮүӨөьԌ", "ABESIJKMHOPCTYXaesijopcyxhldqwYyOobG", strict=True)
)
GREEK_TWINS = dict(zip("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧαοινρυκτχηωϲϳ", "ABEZHIKMNOPTYXaoivpuktxnwcj", strict=True))
OTHER_TWINS = dict(
    zip(
        "ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡʏᴢɑɡɩոսօհցքՏՕᎪᏴᏟᎠᎬᏀᎻᎥᎫᏦᏞᎷᏢᎡᏚᎢᏙᎳᏃ",
        "abcdefghijklmnoprstuvwyzaginuohgqsoABCDEGHiJKLMPRSTVWZ",
        strict=True,
    )
)

TWINS = CYRILLIC_TWINS | GREEK_TWINS | OTHER_TWINS
"""Letters of other scripts by the Latin letter that they look like."""

TWIN_SCRIPT_RANGES = ((0x0370, 0x03FF), (0x0400, 0x052F), (0x0531, 0x0587), (0x13A0, 0x13FD))
"""Greek, Cyrillic, Armenian, Cherokee: the scripts that lend look-alikes."""

TO_CYRILLIC = {
    latin: cyrillic for cyrillic, latin in CYRILLIC_TWINS.items() if cyrillic in "АВЕКМНОРСТУХаеорсух"
}

INVISIBLE_RANGES = (
    (0x00AD, 0x00AD),  # soft hyphen
    (0x034F, 0x034F),  # combining grapheme joiner
    (0x061C, 0x061C),  # Arabic letter mark
    (0x115F, 0x1160),  # Hangul fillers
    (0x17B4, 0x17B5),
    (0x180B, 0x180F),  # Mongolian selectors and vowel separator
    (0x200B, 0x200F),  # zero-width space, joiners, direction marks
    (0x202A, 0x202E),  # bidirectional embeddings and overrides
    (0x2060, 0x206F),
    (0x3164, 0x3164),
    (0xFE00, 0xFE0F),  # variation selectors
    (0xFEFF, 0xFEFF),
    (0xFFA0, 0xFFA0),
    (0xFFF9, 0xFFFB),
    (0x1D173, 0x1D17A),
    (0xE0000, 0xE01EF),  # tags, further selectors
)

MARK_RANGES = (
    (0x0300, 0x036F),
    (0x0483, 0x0489),
    (0x1AB0, 0x1AFF),
    (0x1DC0, 0x1DFF),
    (0x20D0, 0x20FF),
    (0xFE20, 0xFE2F),
)
"""Combining marks of alphabets. Arabic, Hebrew, Indic and Thai marks are spelling and are left alone."""

COMPOSED_RANGES = ((0x1100, 0x115E), (0x1161, 0x11FF), (0x3099, 0x309A))
"""With the marks, what NFC composes in text that some systems decompose: Hangul, Japanese voicing marks."""

STYLED_RANGES = (
    (0xFF10, 0xFF19),  # full-width digits and letters
    (0xFF21, 0xFF3A),
    (0xFF41, 0xFF5A),
    (0xFF66, 0xFF9F),  # half-width katakana
    (0x1D400, 0x1D7FF),  # mathematical alphabets
    (0x2102, 0x2102),
    (0x210A, 0x2115),
    (0x2119, 0x211D),
    (0x2124, 0x2124),
    (0x2128, 0x2128),
    (0x212A, 0x2134),
    (0x1D2C, 0x1D6A),  # superscript and subscript letters
    (0x02B0, 0x02B8),
    (0x02E1, 0x02E3),
    (0xFB00, 0xFB06),  # ligatures
    (0xFB50, 0xFBB1),  # Arabic presentation forms
    (0xFBD3, 0xFC5D),
    (0xFC64, 0xFD3D),
    (0xFD50, 0xFDC7),
    (0xFE80, 0xFEFC),
    (0xF900, 0xFAD9),  # compatibility ideographs
    (0x24B6, 0x24E9),  # circled letters
    (0x1F130, 0x1F149),  # squared letters, and their negatives below
    (0x1F150, 0x1F169),
    (0x1F170, 0x1F189),
)
"""Letters and digits in fancy dress: NFKC gives the plain one. Symbols and punctuation are not touched."""

NEGATIVE_LETTERS = {chr(base + i): chr(65 + i) for base in (0x1F150, 0x1F170) for i in range(26)}
"""White-on-black letters, for which NFKC has no answer."""

HAN_RANGES = ((0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0x20000, 0x323AF))
KANA_RANGES = ((0x3041, 0x3096), (0x30A1, 0x30FA), (0x30FC, 0x30FC), (0x31F0, 0x31FF))
HEARTS = (
    (0x2661, 0x2661),
    (0x2665, 0x2665),
    (0x2763, 0x2764),
    (0x1F493, 0x1F49F),
    (0x1F90D, 0x1F90E),
    (0x1F9E1, 0x1F9E1),
)
EMOJI_RANGES = (
    (0x2600, 0x27BF),
    (0x2B50, 0x2B55),
    (0x1F000, 0x1F0FF),
    (0x1F18E, 0x1F19A),
    (0x1F300, 0x1FAFF),
)
LETTERS_RANGES = (
    (0x41, 0x5A),
    (0x61, 0x7A),
    (0xC0, 0xD6),
    (0xD8, 0xF6),
    (0xF8, 0xFF),
    (0x401, 0x401),
    (0x410, 0x44F),
    (0x451, 0x451),
)
"""Latin and Russian letters, the scripts in which spacing and stretching are undone."""


def char_class(*groups: tuple[tuple[int, int], ...], extra: str = "") -> str:
    """A regular-expression character class over inclusive ranges."""
    spans = "".join(
        re.escape(chr(first)) if first == last else f"{re.escape(chr(first))}-{re.escape(chr(last))}"
        for group in groups
        for first, last in group
    )
    return f"[{spans}{re.escape(extra)}]"


def plain_letters(run: str) -> str:
    """The plain form of a run of styled letters."""
    return unicodedata.normalize("NFKC", "".join(NEGATIVE_LETTERS.get(char, char) for char in run))
