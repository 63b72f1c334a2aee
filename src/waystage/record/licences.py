"""What of a task's test data a record may hold, by one rule."""

from __future__ import annotations

import re

from waystage.record.form.evidence import EvidenceKind
from waystage.tasks.kinds import EXTRACTIVE_QA, EXTRACTIVE_QA_OR_NONE

# Licences that let data be passed on, some of them not for profit or under the same licence: the record names them.
_PASSED_ON = re.compile(
    r"(apache-2\.0|mit|isc|bsd(-\d-clause)?|cc0|cc by(-sa|-nc|-nc-sa)?|odc-by|odbl|pddl|public domain"
    r"|free for any purpose)\b(?!-)",
    re.IGNORECASE,
)
# Words of a declaration that take it back for some of the data.
_EXCEPTIONS = re.compile(r"\b(others|research|non-commercial use|not stated|unknown)\b", re.IGNORECASE)
_CUT_FROM_TEXT = frozenset({EXTRACTIVE_QA.name, EXTRACTIVE_QA_OR_NONE.name})


def may_be_passed_on(licence: str) -> bool:
    """Whether annotations under this licence may be given to others.

    >>> [may_be_passed_on(name) for name in ("CC BY-NC 4.0", "CC BY-ND 4.0", "MIT", "not stated")]
    [True, False, True, False]
    >>> may_be_passed_on("CC BY-SA and others: see the LICENSE.txt of each treebank")
    False
    """
    return _PASSED_ON.match(licence) is not None and _EXCEPTIONS.search(licence) is None


def evidence_of(kind_name: str, licence: str, *, is_allowed: bool = False) -> EvidenceKind:
    """What stands for each example of a task; ``is_allowed``: who builds the record vouches for the annotations.

    >>> evidence_of("tagging", "MIT"), evidence_of("tagging", "not stated"), evidence_of("extractive-qa", "MIT")
    ('answers and gold', 'answers', 'digests')
    """
    if kind_name in _CUT_FROM_TEXT:
        return "digests"
    return "answers and gold" if is_allowed or may_be_passed_on(licence) else "answers"
