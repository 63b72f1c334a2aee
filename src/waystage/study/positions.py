"""YAML text to plain values, with the line of every key and value.

Scalars follow the core schema of YAML 1.2, so ``no`` is the Norwegian language and ``2e-5`` is a number. A
study file is read as untrusted text: tags are refused, and size, nesting and the expansion of aliases are
bounded.

Source: YAML 1.2.2, section 10.3 (core schema).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import yaml

from waystage.errors import Problem, StudyError

FieldPath: TypeAlias = tuple[str | int, ...]

MAX_BYTES = 1_000_000
MAX_DEPTH = 24
MAX_ALIASES = 32
MAX_VALUES = 50_000
_MAX_DIGITS = 18
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_BOOLEANS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INTEGER = re.compile(r"[-+]?[0-9]+")
_BASED_INTEGER = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_UNREADABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Finding:
    """One mistake at a place in the tree of values.

    ``prunes`` is the part of the tree that it makes unreliable; None stands for the place itself.
    Where ``is_harmless``, the value that stands there can be relied upon all the same.
    ``line`` is set where the place has a line of its own, as the second of two equal keys has.
    """

    path: FieldPath
    found: str
    expected: str | None = None
    nearest: str | None = None
    at_key: bool = False
    prunes: FieldPath | None = None
    is_harmless: bool = False
    line: int | None = None


@dataclass(slots=True)
class Document:
    """The values of a YAML file and the lines they stand on (from 1)."""

    file: Path | str
    value: Any = None
    findings: list[Finding] = field(default_factory=list)
    key_lines: dict[FieldPath, int] = field(default_factory=dict)
    value_lines: dict[FieldPath, int] = field(default_factory=dict)

    def line(self, path: FieldPath, *, at_key: bool = False) -> int:
        """The line of a key or scalar, or of the nearest enclosing value where nothing stands there."""
        if at_key and path in self.key_lines:
            return self.key_lines[path]
        for length in range(len(path), 0, -1):
            if path[:length] in self.value_lines:
                return self.value_lines[path[:length]]
        return self.value_lines.get((), 1)

    def problem(self, finding: Finding) -> Problem:
        """The finding with its file, line and the name of its field."""
        return Problem(
            file=self.file,
            line=finding.line or self.line(finding.path, at_key=finding.at_key),
            field=field_name(finding.path) or None,
            found=finding.found,
            expected=finding.expected,
            nearest=finding.nearest,
        )


def field_name(path: FieldPath) -> str:
    """The path as a user writes it.

    >>> field_name(("targets", 0, "task"))
    'targets[0].task'
    """
    parts = (f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return "".join(parts).removeprefix(".")


def read_text(path: Path) -> str:
    """The text of a study file.

    Raises:
        StudyError: there is no such file, or it is a folder, unreadable, too large or not UTF-8.
    """
    if not path.is_file():
        found = "is not a regular file" if path.exists() else "no such file"
        raise StudyError(Problem(path, None, None, found, "a study file (YAML)"))
    try:
        with path.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise StudyError(Problem(path, None, None, f"cannot be read: {error.strerror}")) from error
    if len(data) > MAX_BYTES:
        raise StudyError(
            Problem(path, None, None, "the file is too large", f"at most {MAX_BYTES:,} bytes for a study file")
        )
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        found = f"byte 0x{data[error.start]:02x} is not UTF-8"
        raise StudyError(Problem(path, line, None, found, "text in UTF-8")) from error


def read_document(text: str, file: Path | str) -> Document:
    """Values and lines of YAML text. Mistakes that leave the rest readable are in ``findings``.

    Raises:
        StudyError: the text is not YAML, or goes beyond the limits of this module.
    """
    document = Document(file)
    unreadable = _UNREADABLE.search(text)
    if unreadable:
        line = text.count("\n", 0, unreadable.start()) + 1
        found = f"the control character U+{ord(unreadable.group()):04X}"
        raise StudyError(Problem(file, line, None, found, "plain text"))
    node = _composed(text, document)
    if node is None:
        raise StudyError(Problem(file, 1, None, "the file is empty", "a study (start with 'waystage init')"))
    try:
        document.value = _Walk(document).value_of(node, ())
    except yaml.MarkedYAMLError as error:
        raise StudyError(_syntax_problem(error, file)) from error
    return document


def _composed(text: str, document: Document) -> yaml.Node | None:
    loader: _BoundedLoader | None = None
    try:
        loader = _BoundedLoader(text)
        return loader.get_single_node()
    except yaml.MarkedYAMLError as error:
        raise StudyError(_syntax_problem(error, document.file)) from error
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        found = "a character that YAML does not allow"
        raise StudyError(Problem(document.file, line, None, found, "printable text")) from error
    except (ValueError, OverflowError) as error:
        # An escape such as "\UFFFFFFFF" names no character, and the scanner lets chr()'s error through.
        at = loader.line + 1 if loader else None
        found = "an escape that stands for no character"
        raise StudyError(Problem(document.file, at, None, found, "plain text")) from error


def _syntax_problem(error: yaml.MarkedYAMLError, file: Path | str) -> Problem:
    mark = error.problem_mark or error.context_mark
    found = ", ".join(part for part in (error.context, error.problem) if part)
    return Problem(file, mark.line + 1 if mark else None, None, f"not valid YAML: {found}")


class _BoundedLoader(yaml.SafeLoader):
    """Composes nodes, but no deep nesting, no tags and few aliases. Nothing is ever constructed from it."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._depth = 0
        self._n_aliases = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call]
        if isinstance(event, yaml.AliasEvent):
            self._n_aliases += 1
            if self._n_aliases > MAX_ALIASES:
                raise _refusal(f"more than {MAX_ALIASES} aliases", event.start_mark)
        elif getattr(event, "tag", None) is not None:
            raise _refusal("tags are not accepted in a study file (quote text that starts with '!')", event.start_mark)
        if self._depth >= MAX_DEPTH:
            raise _refusal(f"nested deeper than {MAX_DEPTH} levels", event.start_mark)
        self._depth += 1
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node


def _refusal(problem: str, mark: Any) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(problem=problem, problem_mark=mark)


class _Walk:
    """Turns nodes into values and fills the lines and findings of a document."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._n_values = 0

    def value_of(self, node: yaml.Node, path: FieldPath) -> Any:
        self._n_values += 1
        if self._n_values > MAX_VALUES or len(path) > MAX_DEPTH:
            raise _refusal("aliases expand to too many values", node.start_mark)
        own_line = node.start_mark.line + 1
        if isinstance(node, yaml.ScalarNode):
            self._document.value_lines[path] = own_line
            return self._scalar(node, path)
        # A block of values starts on the line after its key; the key is where a reader looks.
        self._document.value_lines[path] = self._document.key_lines.get(path, own_line)
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        return [self.value_of(child, (*path, index)) for index, child in enumerate(node.value)]

    def _mapping(self, node: yaml.MappingNode, path: FieldPath) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                raise _refusal("a list or mapping as a key; write a name", key_node.start_mark)
            key = str(key_node.value)
            line = key_node.start_mark.line + 1
            if key in values:
                first = self._document.key_lines[(*path, key)]
                found = f"the key '{key}' stands twice"
                self._document.findings.append(
                    Finding(
                        (*path, key),
                        found,
                        f"one only (the first is in line {first})",
                        line=line,
                        is_harmless=True,
                    )
                )
                continue
            if _UNREADABLE.search(key):
                raise _refusal("a control character in a key", key_node.start_mark)
            self._document.key_lines[(*path, key)] = line
            values[key] = self.value_of(value_node, (*path, key))
        return values

    def _scalar(self, node: yaml.ScalarNode, path: FieldPath) -> Any:
        text = str(node.value)
        if _UNREADABLE.search(text):
            found = "a control character or half of a surrogate pair"
            self._document.findings.append(Finding(path, found, "plain text"))
            return None
        if node.style is not None:  # quoted or block text is text, whatever it looks like
            return text
        if text in _NULLS:
            return None
        return _BOOLEANS[text] if text in _BOOLEANS else _number_or_text(text)


def _number_or_text(text: str) -> int | float | str:
    """The number that plain text writes, or the text.

    >>> [_number_or_text(text) for text in ("12", "2e-5", "0x10", "no", "1_000")]
    [12, 2e-05, 16, 'no', '1_000']
    """
    if _INTEGER.fullmatch(text) and len(text) <= _MAX_DIGITS:
        return int(text)
    if _BASED_INTEGER.fullmatch(text) and len(text) <= _MAX_DIGITS:
        return int(text, 0)
    if _FLOAT.fullmatch(text):
        return float(text)
    if _NOT_FINITE.fullmatch(text):
        return float(text.lower().replace(".", ""))
    return text
