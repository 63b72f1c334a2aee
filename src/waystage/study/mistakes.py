"""Mistakes of form: what the schema refuses, in words that name the key, what was found and what is valid."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import Any

from pydantic import ValidationError

from waystage.errors import nearest_name
from waystage.study.forms.base import LANGUAGE_PATTERN, NAME_PATTERN, Form
from waystage.study.forms.claims import CITED_PATTERN, FIGURE_PATTERN
from waystage.study.forms.study import StudyForm
from waystage.study.positions import FieldPath, Finding

_KEY_MARK = "[key]"
_MAX_SHOWN = 60
_TAGGED_TABLES = ("stages", "tasks", "claims")
_PATTERNS = {
    NAME_PATTERN: "a name of letters, digits, '.', '_', '+' and '-'",
    FIGURE_PATTERN: "a number as it is printed, such as '5.40'",
    CITED_PATTERN: "a name of letters, digits and '_'",
    LANGUAGE_PATTERN: "a language code such as 'de' or 'zh-Hant'",
}
_STUDY_NAME = "a name of small letters, digits, '.', '_' and '-'"
_WORDS = (
    (re.compile(r"^(Input|List|Dictionary|String|Value) should (be|have) "), ""),
    (re.compile(r"(a )?valid dictionary.*|(a )?valid instance.*|an object.*"), "a mapping"),
    (re.compile(r"a valid string"), "text"),
    (re.compile(r"a valid list"), "a list"),
    (re.compile(r"a valid integer.*"), "a whole number"),
    (re.compile(r"a valid boolean.*"), "true or false"),
    (re.compile(r"a valid number.*"), "a number"),
    (re.compile(r"^(greater|less) than"), r"a number \1 than"),
    (re.compile(r" after validation, not \d+"), ""),
)


def schema_findings(value: Any, form: type[Form] = StudyForm) -> list[Finding]:
    """Every mistake of form in the values of a study file; empty where ``StudyForm`` accepts them.

    ``form`` is another form for a file that has some of the keys of a study.
    """
    try:
        form.model_validate(value)
    except ValidationError as error:
        return [_finding(dict(item), value) for item in error.errors(include_url=False)]
    return []


def described(value: Any) -> str:
    """A value in words.

    >>> [described(value) for value in (None, True, 3, "x", [1], {"a": 1})]
    ['nothing', 'true', 'the number 3', "the text 'x'", 'a list', 'a mapping']
    """
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return f"the number {value}"
    if isinstance(value, str):
        text = " ".join(value.split())
        return f"the text '{text[:_MAX_SHOWN]}{'...' if len(text) > _MAX_SHOWN else ''}'"
    if isinstance(value, list):
        return "a list" if value else "an empty list"
    return "a mapping" if value else "an empty mapping"


def listed(names: Sequence[str], limit: int = 40) -> str:
    """Valid names for a message, in their order.

    >>> listed(["a", "b", "c"], limit=2)
    'a, b and 1 more'
    """
    shown = ", ".join(names[:limit])
    return f"{shown} and {len(names) - limit} more" if len(names) > limit else shown


def _finding(item: dict[str, Any], tree: Any) -> Finding:
    path, at_key = _path_in(tree, item["loc"])
    kind = item["type"]
    if kind == "extra_forbidden":
        valid = allowed_keys(tree, path[:-1])
        found = f"unknown key '{path[-1]}'"
        return Finding(path, found, f"one of {listed(valid)}", nearest_name(str(path[-1]), valid), at_key=True)
    if kind == "missing":
        return Finding(path, f"missing key '{path[-1]}'")
    if kind in ("union_tag_invalid", "union_tag_not_found"):
        return _kind_finding(path, item)
    value = item["input"]
    if kind == "literal_error" and isinstance(value, str):
        choices = re.findall(r"'([^']*)'", item["ctx"]["expected"])
        return Finding(path, described(value), f"one of {listed(choices)}", nearest_name(value, choices))
    if kind == "string_pattern_mismatch":
        expected = _PATTERNS.get(item["ctx"]["pattern"], _STUDY_NAME)
        return Finding(path, described(value), expected, at_key=at_key)
    return Finding(path, described(value), _in_words(item["msg"]), at_key=at_key)


def _kind_finding(path: FieldPath, item: dict[str, Any]) -> Finding:
    found = item["ctx"].get("tag")
    tags = item["ctx"].get("expected_tags", "")
    table = str(path[0])
    choices = re.findall(r"'([^']*)'", tags) or list(_kinds_of(table))
    words = f"the text '{found}'" if found is not None else "missing key 'kind'"
    nearest = nearest_name(found, choices) if found is not None else None
    # Without a kind nothing below was looked at, so nothing below may be relied upon.
    return Finding((*path, "kind"), words, f"one of {listed(choices)}", nearest, prunes=path)


def _kinds_of(table: str) -> list[str]:
    entries = _schema()["properties"][table]["anyOf"][0]
    entry = next(iter(entries.get("patternProperties", {}).values()), entries.get("additionalProperties", {}))
    return list(entry["discriminator"]["mapping"])


def _in_words(message: str) -> str:
    for pattern, words in _WORDS:
        message = pattern.sub(words, message)
    return message


def _path_in(tree: Any, loc: Sequence[str | int]) -> tuple[FieldPath, bool]:
    """The path in the file: pydantic's location without the branches of unions, which no user wrote."""
    path: list[str | int] = []
    current = tree
    branch_skipped_at: FieldPath | None = None
    for part in loc:
        if part == _KEY_MARK:
            return tuple(path), True
        here = tuple(path)
        is_branch = isinstance(part, str) and not isinstance(current, dict)
        if is_branch or (_is_tagged(here) and branch_skipped_at != here):
            branch_skipped_at = here
            continue
        path.append(part)
        current = _child(current, part)
    return tuple(path), False


def _is_tagged(path: FieldPath) -> bool:
    return path == ("encoder",) or (len(path) == 2 and path[0] in _TAGGED_TABLES)


def _child(value: Any, part: str | int) -> Any:
    if isinstance(value, dict):
        return value.get(part)
    if isinstance(value, list) and isinstance(part, int) and part < len(value):
        return value[part]
    return None


@cache
def _schema() -> dict[str, Any]:
    return StudyForm.model_json_schema()


def allowed_keys(tree: Any, path: FieldPath) -> list[str]:
    """The keys that the mapping at ``path`` may have, from the schema.

    >>> allowed_keys({"targets": [{"limits": {}}]}, ("targets", 0, "limits"))
    ['train', 'validation', 'test']
    """
    schema = _schema()
    node, value = _resolved(schema, schema, tree), tree
    for part in path:
        value = _child(value, part)
        children: dict[str, Any] = node.get("properties", {})
        patterns = next(iter(node.get("patternProperties", {}).values()), None)
        below = children.get(str(part)) or node.get("items") or patterns or node.get("additionalProperties")
        node = _resolved(schema, below if isinstance(below, dict) else {}, value)
    return list(node.get("properties", {}))


def _resolved(schema: dict[str, Any], node: dict[str, Any], value: Any) -> dict[str, Any]:
    """The branch of ``node`` that describes ``value``, references followed."""
    if "$ref" in node:
        return _resolved(schema, schema["$defs"][node["$ref"].rsplit("/", 1)[-1]], value)
    if "discriminator" in node and isinstance(value, dict):
        reference = node["discriminator"]["mapping"].get(str(value.get("kind")))
        return _resolved(schema, {"$ref": reference}, value) if reference else {}
    wanted = "object" if isinstance(value, dict) else "array" if isinstance(value, list) else "string"
    options = [] if "properties" in node else [*node.get("anyOf", []), *node.get("oneOf", [])]
    branches = [_resolved(schema, option, value) for option in options]
    fitting = [branch for branch in branches if branch.get("type") == wanted]
    named = [branch for branch in fitting if isinstance(value, dict) and _default_kind(branch) == value.get("kind")]
    return next(iter([*named, *fitting]), node)


def _default_kind(branch: dict[str, Any]) -> str | None:
    kind: dict[str, Any] = branch.get("properties", {}).get("kind", {})
    return kind.get("default")
