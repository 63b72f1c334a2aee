"""Text of records made safe to read: what reorders or hides text is shown by its code point."""

from __future__ import annotations

import re

from waystage.languages.language import find_language

# Marks that scripts need (RLM, LRM, ALM, ZWJ, ZWNJ, variation selectors) and tab and line feed stay. A carriage return
# would be read as a line feed by any parser of HTML. Tag characters can carry a hidden message.
_HIDDEN = (
    *range(0x00, 0x09),
    0x0B,
    0x0C,
    *range(0x0D, 0x20),
    *range(0x7F, 0xA0),
    *range(0x2028, 0x202F),
    *range(0x2060, 0x2070),
    0xFEFF,
    *range(0xFFF9, 0xFFFC),
    *range(0xD800, 0xE000),
    *range(0xE0000, 0xE0080),
)
_NONCHARACTERS = (
    *range(0xFDD0, 0xFDF0),
    *(plane + low for plane in range(0, 0x110000, 0x10000) for low in (0xFFFE, 0xFFFF)),
)
_VISIBLE = {code: f"\u27e8U+{code:04X}\u27e9" for code in (*_HIDDEN, *_NONCHARACTERS)}
_TAG = re.compile(r"[a-z]{2,3}(-[a-z0-9]{2,8})*")


def visible(value: object) -> object:
    """Text with reordering and control characters replaced by their code points; anything else as it is.

    >>> visible("safe" + chr(0x202E) + "txt.exe" + chr(0))
    'safe⟨U+202E⟩txt.exe⟨U+0000⟩'
    """
    return value.translate(_VISIBLE) if type(value) is str else value


def language_tag(code: str) -> str:
    """The BCP 47 tag of a language code, ``und`` for what is none.

    >>> language_tag("zh_Hant"), language_tag("pt-BR"), language_tag("<b>")
    ('zh-hant', 'pt-br', 'und')
    """
    tag = code.replace("_", "-").lower()
    return tag if _TAG.fullmatch(tag) else "und"


def direction(code: str) -> str:
    """``rtl`` for languages written from right to left, ``auto`` for others: the first strong letter decides.

    >>> direction("ur"), direction("sw"), direction("xx")
    ('rtl', 'auto', 'auto')
    """
    language = find_language(code)
    return "rtl" if language is not None and language.direction == "rtl" else "auto"


def endonym(code: str) -> str | None:
    """What a language is called in itself, where that is known and another name than the English one."""
    language = find_language(code)
    return None if language is None or language.endonym == language.name else language.endonym
