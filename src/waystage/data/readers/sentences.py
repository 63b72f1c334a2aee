"""English paragraphs to sentences, by rules.

SQuAD says where an answer begins and not where sentences end. A full stop, question mark or exclamation mark ends a
sentence where white space and then a capital letter or a digit follow, with quotes and brackets on either side; not
after an abbreviation that a name or a number follows, and not after initials.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

_OPENING = "[\"'(\\[\u201c\u2018]"
_CLOSING = "[\"')\\]\u201d\u2019]"
# Marks of editors stand behind the full stop: "in 1990.[4] The", "in 1990.[citation needed] The".
_BOUNDARY = re.compile(rf"[.?!]{_CLOSING}*(?:\[[\w ?]+\])*\s+(?={_OPENING}*[A-Z0-9])")
_TITLES = (
    "Mr Mrs Ms Dr Prof Rev Fr St Sta Msgr Lt Gen Col Maj Adm Capt Sgt Rep Gov Sen Pres Mt Ft Jan Feb Aug Sept Oct Nov "
    "Dec vs v cf approx al ca c b d r fl Inc Bros U.S a.k.a i.e e.g"
)
_NUMBERED = "No Nos Art Op Ch Sec Vol pp p ch cl Fig Rs H.R"
_NO_END = re.compile(rf"(?:^|[\s(\[\"'])(?:{'|'.join(map(re.escape, _TITLES.split()))})\.$")
_NO_END_BEFORE_NUMBER = re.compile(rf"(?:^|[\s(\[\"'])(?:{'|'.join(map(re.escape, _NUMBERED.split()))})\.$")
_INITIALS = re.compile(r"(?:^|[\s(\"'])(?:[A-Z]\.[ -]?)*[A-Z]\.$")
_COMMON_STARTS = re.compile(
    r"(?:The|This|That|These|Those|It|In|On|At|By|For|During|After|Under|Although|However|Meanwhile|As|He|She|They|A|An|"
    r"Its|His|Her|Their|There|When|While|Many|Some|Most)\b"
)


def english_sentences(text: str) -> list[tuple[int, int]]:
    """Start and stop of each sentence (characters, from 0), white space around them left out.

    >>> text = "It rose in the U.S. Senate. Dr. W. E. Smith left."
    >>> [text[start:stop] for start, stop in english_sentences(text)]
    ['It rose in the U.S. Senate.', 'Dr. W. E. Smith left.']
    """
    starts = [0, *_ends(text), len(text)]
    spans = []
    for start, stop in itertools.pairwise(starts):
        sentence = text[start:stop]
        if sentence.strip():
            n_before = len(sentence) - len(sentence.lstrip())
            spans.append((start + n_before, start + len(sentence.rstrip())))
    return spans


def _ends(text: str) -> Iterator[int]:
    start = 0
    for boundary in _BOUNDARY.finditer(text):
        before, after = text[start : boundary.end()].rstrip(), text[boundary.end() :]
        if _is_end(before, after):
            yield boundary.end()
            start = boundary.end()


def _is_end(before: str, after: str) -> bool:
    if _NO_END_BEFORE_NUMBER.search(before) and re.match(r"[0-9IVX]", after):
        return False
    if _INITIALS.search(before) or _NO_END.search(before):
        return before.endswith("U.S.") and _COMMON_STARTS.match(after) is not None
    return True
