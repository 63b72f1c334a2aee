"""Whether a folder of published data holds what the declarations of the tasks say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any

from waystage.data.examples import Example, TaggedExample, TextExample, case_of
from waystage.data.overlap import passage_keys
from waystage.data.source import Place, Split
from waystage.errors import DataError, Problem
from waystage.tasks.task import Task


class State(Enum):
    """What is known of a split in one language.

    ``OK``: read whole, and as many examples as declared (where a number is). ``DIFFERS``: another number, or gold for
    a part only. ``MALFORMED``: it cannot be read. ``WITHHELD``: read, but published without gold. ``MISSING``: no file.
    """

    OK = "ok"
    DIFFERS = "differs"
    MALFORMED = "malformed"
    WITHHELD = "withheld"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Checked:
    """A split of a task in one language.

    Attributes:
        n_found: examples, or cases of several; None where none could be read.
        n_expected: the published number; None where the declaration has none.
        notes: what was noticed and is not wrong.
        unused_labels: labels of the closed set that no example has.
        n_repeated: examples whose text stood before.
        problems: what is wrong, with file and line; for a missing split, the file that was looked for.
    """

    task: str
    split: Split
    language: str
    state: State
    n_found: int | None
    n_expected: int | None
    notes: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    unused_labels: tuple[str, ...] = ()
    n_repeated: int = 0

    def to_json(self) -> dict[str, Any]:
        """JSON object with every field."""
        problems = [asdict(problem) | {"file": str(problem.file)} for problem in self.problems]
        return asdict(self) | {
            "state": self.state.value,
            "notes": list(self.notes),
            "problems": problems,
            "unused_labels": list(self.unused_labels),
        }


@dataclass(frozen=True, slots=True)
class Shared:
    """Examples of a task whose text stands in what a task is tested on, or in what that was translated from."""

    holder: str
    split: Split
    n_examples: int
    n_total: int
    tested: str

    def __str__(self) -> str:
        where = f"{self.n_examples:,} of {self.n_total:,} examples of {self.holder} ({self.split})"
        return f"{where} have the text of test examples of {self.tested}"


@dataclass(frozen=True, slots=True)
class FolderCheck:
    """What a folder holds.

    Attributes:
        checked: every declared split and language of the tasks that have any file.
        absent: tasks without any file.
        shared: training texts that stand in test data, and texts that the test data of another task was made from.
        unread: sub-folders that no declaration reads.
    """

    checked: tuple[Checked, ...]
    absent: tuple[str, ...]
    shared: tuple[Shared, ...]
    unread: tuple[str, ...]

    def problems(self, *, is_strict: bool = False) -> list[Problem]:
        """All that is wrong; what is missing or withheld only where ``is_strict``."""
        wrong = {State.DIFFERS, State.MALFORMED} | ({State.MISSING, State.WITHHELD} if is_strict else set())
        found = [problem for one in self.checked if one.state in wrong for problem in one.problems]
        absent = [Problem(name, None, None, "no file of this task is there") for name in self.absent]
        return list(dict.fromkeys([*found, *(absent if is_strict else [])]))

    def to_json(self) -> dict[str, Any]:
        """JSON object with every field."""
        return {
            "checked": [one.to_json() for one in self.checked],
            "absent": list(self.absent),
            "shared": [asdict(one) for one in self.shared],
            "unread": list(self.unread),
        }


@dataclass(slots=True)
class _Texts:
    """What the tasks were seen to hold, for the comparison at the end: keys of passages, not the texts."""

    held: dict[tuple[str, Split], Counter[str]] = field(default_factory=dict)
    originals: dict[str, frozenset[str]] = field(default_factory=dict)
    files: set[Path] = field(default_factory=set)


def check_folder(data_dir: Path, tasks: Iterable[Task]) -> FolderCheck:
    """Read everything that a folder holds of the tasks. Files fetched from the hub into it count like others."""
    place = Place(data_dir, data_dir / "no cache", data_dir)
    texts = _Texts()
    checked: list[Checked] = []
    absent: list[str] = []
    for task in tasks:
        found = [_checked(task, split, language, place, texts) for split, language in _keys(task)]
        if all(one.state is State.MISSING for one in found):
            absent.append(task.name)
        else:
            checked += found
            _note_originals(task, place, texts)
    return FolderCheck(tuple(checked), tuple(absent), tuple(_shared(texts)), tuple(_unread(data_dir, texts.files)))


def _keys(task: Task) -> list[tuple[Split, str]]:
    """The declared splits of a task, with their languages."""
    own: tuple[Split, ...] = ("train", "validation")
    keys = [(split, task.source_language) for split in own if (split, task.source_language) in task.expected_counts]
    return [*keys, *(("test", language) for language in task.languages)]


def _checked(task: Task, split: Split, language: str, place: Place, texts: _Texts) -> Checked:
    expected = task.expected_counts.get((split, language))
    try:
        files = task.source.files(split, language, place)
    except DataError as error:
        return Checked(task.name, split, language, State.MISSING, None, expected, (), _problems(error, task, split))
    texts.files.update(files)
    try:
        examples = task.source.read(split, language, place)
    except DataError as error:
        return Checked(task.name, split, language, State.MALFORMED, None, expected, (), _problems(error, task, split))
    _remember(task, split, language, examples, texts)
    n_unopened_tags = sum(n_unopened(example.tags or ()) for example in examples if isinstance(example, TaggedExample))
    opened = [f"{n_unopened_tags:,} I- tags that continue nothing: each starts a span"] if n_unopened_tags else []
    problems = tuple(_wrong(task, split, language, files[0], examples))
    n_gold = sum(example.has_gold for example in examples)
    state = State.DIFFERS if problems else State.WITHHELD if n_gold == 0 else State.OK
    if n_gold == 0:
        problems = (*problems, Problem(files[0], None, None, "published without gold labels or answers"))
    return Checked(
        task=task.name,
        split=split,
        language=language,
        state=state,
        n_found=_n_cases(examples),
        n_expected=expected,
        notes=(*opened, *_encoding_notes(files)),
        problems=problems,
        unused_labels=_unused_labels(task, examples),
        n_repeated=len(examples) - len({example.passage for example in examples}),
    )


def _wrong(task: Task, split: Split, language: str, path: Path, examples: Sequence[Example]) -> Iterator[Problem]:
    """What differs from the declaration."""
    expected = task.expected_counts.get((split, language))
    n_found = _n_cases(examples)
    if expected is not None and expected != n_found:
        where = f"{task.name} {split} {language}"
        yield Problem(path, None, where, f"{n_found:,} examples", f"{expected:,}, as published")
    n_gold = sum(example.has_gold for example in examples)
    if 0 < n_gold < len(examples):
        where = f"{task.name} {split} {language}"
        yield Problem(path, None, where, f"{len(examples) - n_gold:,} examples without gold", "all, or none")


def _n_cases(examples: Sequence[Example]) -> int:
    """How many there are, the questions of one case counted once."""
    return len({case_of(example) for example in examples})


def _unused_labels(task: Task, examples: Sequence[Example]) -> tuple[str, ...]:
    used: set[str] = set()
    for example in examples:
        if isinstance(example, TaggedExample):
            used.update(example.tags or ())
        elif isinstance(example, TextExample) and example.label is not None:
            used.add(example.label)
    return tuple(label for label in task.labels if label not in used)


def n_unopened(tags: Sequence[str]) -> int:
    """Number of ``I-X`` tags that follow neither ``B-X`` nor ``I-X``; the metric lets them start a span (seqeval).

    >>> n_unopened(["I-PER", "I-PER", "O", "B-LOC", "I-PER"])
    2
    """
    before = ("O", *tags)
    return sum(tag.startswith("I-") and last[1:] != tag[1:] for last, tag in zip(before, tags, strict=False))


def _encoding_notes(files: Sequence[Path]) -> Iterator[str]:
    """Marks at the start of a file and ends of lines that are taken off when it is read."""
    marked: set[str] = set()
    for path in files:
        if path.suffix not in (".parquet", ".gz"):
            content = path.read_bytes()
            marked |= {"byte-order mark"} if content.startswith(b"\xef\xbb\xbf") else set()
            marked |= {"CR LF"} if b"\r\n" in content else set()
    yield from sorted(marked)


def _remember(task: Task, split: Split, language: str, examples: Sequence[Example], texts: _Texts) -> None:
    if language == task.source_language:
        texts.held[task.name, split] = Counter(key for example in examples for key in passage_keys([example]))


def _note_originals(task: Task, place: Place, texts: _Texts) -> None:
    """Note the texts that the test examples of a task are, or are translations of."""
    for original in task.originals:
        try:
            keys = passage_keys(original.source.read(original.split, task.source_language, place))
        except DataError:
            continue  # they are not at hand
        texts.originals[task.name] = texts.originals.get(task.name, frozenset()) | keys


def _shared(texts: _Texts) -> Iterator[Shared]:
    """Training texts in the test data of any task, and texts of other tasks that test data was made from."""
    tests = {name: frozenset(keys) for (name, split), keys in texts.held.items() if split == "test"}
    for (name, split), keys in texts.held.items():
        known_by = {**tests, **texts.originals} if split == "train" else texts.originals
        for tested, known in known_by.items():
            n_examples = sum(n for key, n in keys.items() if key in known)
            if n_examples and (split == "train" or tested != name):
                yield Shared(name, split, n_examples, keys.total(), tested)


def _unread(data_dir: Path, files: set[Path]) -> Iterator[str]:
    """Names of the sub-folders in which nothing was read."""
    read = {path.relative_to(data_dir).parts[0] for path in files if path.is_relative_to(data_dir)}
    yield from sorted(path.name for path in data_dir.iterdir() if path.is_dir() and path.name not in read)


def _problems(error: DataError, task: Task, split: Split) -> tuple[Problem, ...]:
    return error.problems or (Problem(task.name, None, split, str(error)),)
