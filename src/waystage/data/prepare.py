"""Examples and text as artefacts of the store, addressed by their content.

Reading a split gives the same bytes whatever format or place it was read from, so everything that is trained or
predicted from it depends on the text alone.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any, Protocol, TypeGuard

from waystage.data.corpus import Corpus, SkippingSource
from waystage.data.examples import Candidate, Example, QueryExample, case_of, example_from_json
from waystage.data.parallel import Pair, ParallelCorpus, pair_name
from waystage.data.source import Place, PoolSource, Source, Split
from waystage.errors import DataError
from waystage.store.canonical import canonical_json, digest_bytes
from waystage.store.store import Store

_VERSION = 1
CANDIDATE_BLOCK = 4096
"""Candidates of a pool that are in memory at a time."""
_EXAMPLES, _DOCUMENTS = "examples.jsonl", "documents.jsonl"


class _Versioned(Protocol):
    @property
    def version(self) -> int: ...


@dataclass(frozen=True, slots=True)
class PreparedText:
    """A prepared split or a prepared language of a corpus.

    Attributes:
        artefact_id: where it lies in the store; follows from the content.
        n_items: examples or documents, at least one.
        n_characters: characters that an encoder will read.
        skipped: files of a corpus that could not be read and were passed over, and why, one sentence each.
    """

    artefact_id: str
    n_items: int
    n_characters: int
    skipped: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """JSON object with every field."""
        return {**asdict(self), "skipped": list(self.skipped)}


@dataclass(frozen=True, slots=True)
class Shots:
    """At most ``n`` examples, others for each seed."""

    n: int
    seed: int


def prepare_split(
    store: Store, place: Place, source: Source, split: Split, language: str, limit: int | Shots | None
) -> PreparedText:
    """Read a split, keep at most ``limit`` examples, and put it into the store.

    The examples that are kept are those whose ids, with the seed of shots, have the smallest digests: the same ones in
    every language of a parallel set, and a smaller limit keeps a subset of what a larger one keeps.

    Raises:
        DataError: files are missing or malformed, the split is empty, or its gold is withheld.
    """
    key = _memo_key(source, source.files(split, language, place), split, language, limit)
    known = _recall(store, key)
    if known is not None:
        return known
    examples = choose(source.read(split, language, place), limit)
    if not examples:
        raise DataError(f"the {split} split in {language} has no example")
    _refuse_withheld(examples, split, language)
    lines = (canonical_json(example.to_json()) for example in examples)
    n_characters = sum(example.n_characters for example in examples)
    return _keep(store, key, _EXAMPLES, lines, len(examples), n_characters)


def join_splits(store: Store, parts: Mapping[str, PreparedText]) -> PreparedText:
    """One training set of several languages: the examples of each, their ids after the code of the language."""
    key = digest_bytes(canonical_json(["joined", {language: part.artefact_id for language, part in parts.items()}]))
    known = _recall(store, key)
    if known is not None:
        return known
    examples = [
        replace(example, id=f"{language}:{example.id}")
        for language, part in parts.items()
        for example in load_examples(store, part.artefact_id)
    ]
    lines = (canonical_json(example.to_json()) for example in examples)
    return _keep(store, key, _EXAMPLES, lines, len(examples), sum(example.n_characters for example in examples))


def prepare_corpus(store: Store, place: Place, corpus: Corpus, language: str) -> PreparedText:
    """Read one language of a corpus and put it into the store.

    Raises:
        DataError: files are missing or malformed, or there is no text.
    """
    key = _memo_key(corpus.source, corpus.source.files(language, place), "corpus", language, None)
    documents = (_Document(text, len(text)) for text in corpus.source.read(language, place))
    none = f"the corpus {corpus.name} has no text in {language}"
    return _prepare_documents(store, key, documents, none, lambda: _skipped(corpus, language, place))


def prepare_parallel(store: Store, place: Place, corpus: ParallelCorpus, pair: Pair) -> PreparedText:
    """Read the sentence pairs of two languages and put them into the store.

    Raises:
        DataError: files are missing or malformed or do not belong together, or there is no pair.
    """
    name = pair_name(pair)
    key = _memo_key(corpus.source, corpus.source.files(pair, place), "parallel corpus", name, None)
    documents = (_Document([one, other], len(one) + len(other)) for one, other in corpus.source.read(pair, place))
    return _prepare_documents(store, key, documents, f"the parallel corpus {corpus.name} has no text in {name}", tuple)


@dataclass(frozen=True, slots=True)
class _Document:
    """A text, or a sentence and its translation."""

    text: str | list[str]
    n_characters: int


@dataclass(frozen=True, slots=True)
class _Written:
    digest: str
    n_documents: int
    n_characters: int


def _prepare_documents(
    store: Store, key: str, documents: Iterable[_Document], if_none: str, skipped: Callable[[], tuple[str, ...]]
) -> PreparedText:
    known = _recall(store, key)
    if known is not None:
        return known
    # The address follows from the content, so the text is written before it is known where to.
    with store.lock(key):
        path = store.work_dir(key) / _DOCUMENTS
        try:
            written = _write_documents(path, documents)
            if written.n_documents == 0:
                raise DataError(if_none)
            return _keep_documents(store, key, path, written, skipped())
        finally:
            store.clear_work(key)


def _write_documents(path: Path, documents: Iterable[_Document]) -> _Written:
    """Write documents as they come, never more than one in memory."""
    digest, n_documents, n_characters = hashlib.sha256(), 0, 0
    with path.open("wb") as stream:
        for document in documents:
            line = canonical_json({"text": document.text}) + b"\n"
            digest.update(line)
            stream.write(line)
            n_documents += 1
            n_characters += document.n_characters
    return _Written(digest.hexdigest(), n_documents, n_characters)


def _skipped(corpus: Corpus, language: str, place: Place) -> tuple[str, ...]:
    source = corpus.source
    if not isinstance(source, SkippingSource):
        return ()
    found = source.unreadable(language, place)
    return tuple(f"{_shown(path, place)} ({reason})" for path, reason in found.items())


def _shown(path: Path, place: Place) -> str:
    """A path as a study has it; the name alone where it lies elsewhere."""
    return str(path.relative_to(place.study_dir)) if path.is_relative_to(place.study_dir) else path.name


def _keep_documents(store: Store, key: str, path: Path, written: _Written, skipped: tuple[str, ...]) -> PreparedText:
    spec = {"kind": "data", "version": _VERSION, "content": {_DOCUMENTS: written.digest}}
    artefact_id = store.artefact_id(spec)
    if not store.has(artefact_id):
        with store.write(spec) as draft:
            os.replace(path, draft.dir / _DOCUMENTS)
            draft.about.update(n_items=written.n_documents, n_characters=written.n_characters)
    prepared = PreparedText(artefact_id, written.n_documents, written.n_characters, skipped)
    store.memo("prepared").put(key, prepared.to_json())
    return prepared


def prepare_queries(
    store: Store, place: Place, source: Source, languages: Sequence[str], limit: int | None
) -> dict[str, PreparedText]:
    """The test split of several languages that search one pool: what answers an id in one language answers it in all.

    Raises:
        DataError: see :func:`prepare_split`.
    """
    files = [path for language in languages for path in source.files("test", language, place)]
    joined = f"test of {' '.join(sorted(languages))}"
    keys = {language: _memo_key(source, files, joined, language, limit) for language in languages}
    known = {language: _recall(store, key) for language, key in keys.items()}
    if all(known.values()):
        return {language: prepared for language, prepared in known.items() if prepared is not None}
    read = {language: choose(source.read("test", language, place), limit) for language in sorted(languages)}
    answers: dict[str, list[str]] = {}
    for language, examples in read.items():
        _refuse_withheld(examples, "test", language)
        for example in examples:
            answers.setdefault(example.id, []).extend(example.answers or () if _is_query(example) else ())
    prepared = {}
    for language, examples in read.items():
        joined_examples = [replace(e, answers=tuple(dict.fromkeys(answers[e.id]))) for e in examples if _is_query(e)]
        lines = (canonical_json(example.to_json()) for example in joined_examples)
        n_characters = sum(example.n_characters for example in joined_examples)
        prepared[language] = _keep(store, keys[language], _EXAMPLES, lines, len(joined_examples), n_characters)
    return prepared


def _is_query(example: Example) -> TypeGuard[QueryExample]:
    return isinstance(example, QueryExample)


def prepare_pool(store: Store, place: Place, source: PoolSource, split: Split, language: str) -> PreparedText:
    """The candidates of a pool, in the store. They are read twice and never all in memory.

    Raises:
        DataError: files are missing or malformed, an id stands twice, or there is no candidate.
    """
    key = _memo_key(source, source.files(split, language, place), f"pool of {split}", language, None)
    known = _recall(store, key)
    if known is not None:
        return known
    digest, ids, n_characters = hashlib.sha256(), set[str](), 0
    for candidate in source.read(split, language, place):
        if candidate.id in ids:
            raise DataError(f"the candidates of the {split} split in {language} have the id {candidate.id!r} twice")
        ids.add(candidate.id)
        n_characters += candidate.n_characters
        digest.update(canonical_json(candidate.to_json()) + b"\n")
    if not ids:
        raise DataError(f"the {split} split in {language} has no candidate to search")
    spec = {"kind": "data", "version": _VERSION, "content": {_EXAMPLES: digest.hexdigest()}}
    artefact_id = store.artefact_id(spec)
    if not store.has(artefact_id):
        with store.write(spec) as draft:
            with (draft.dir / _EXAMPLES).open("wb") as file:
                file.writelines(canonical_json(c.to_json()) + b"\n" for c in source.read(split, language, place))
            draft.about.update(n_items=len(ids), n_characters=n_characters)
    prepared = PreparedText(artefact_id, len(ids), n_characters)
    store.memo("prepared").put(key, prepared.to_json())
    return prepared


def load_candidates(
    store: Store, artefact_ids: Iterable[str], block_size: int = CANDIDATE_BLOCK
) -> Iterator[list[Candidate]]:
    """The candidates of prepared pools, one pool after the other, in blocks; one block is in memory at a time."""
    for artefact_id in artefact_ids:
        with store.open(artefact_id).path(_EXAMPLES).open("rb") as lines:
            while block := [example_from_json(json.loads(line)) for line in islice(lines, block_size)]:
                yield [candidate for candidate in block if isinstance(candidate, Candidate)]


def load_examples(store: Store, artefact_id: str) -> list[Example]:
    """The examples of a prepared split, in order."""
    lines = store.open(artefact_id).path(_EXAMPLES).read_bytes().splitlines()
    return [example_from_json(json.loads(line)) for line in lines]


def read_documents(store: Store, artefact_id: str) -> Iterator[str]:
    """The documents of a prepared language of a corpus, in order, one at a time.

    Raises:
        StoreError: the artefact is missing or damaged; raised when the first document is asked for.
    """
    with store.open(artefact_id).path(_DOCUMENTS).open("rb") as stream:
        for line in stream:
            yield json.loads(line)["text"]


def read_pairs(store: Store, artefact_id: str) -> Iterator[tuple[str, str]]:
    """The sentence pairs of a prepared parallel text, in order, one at a time.

    Raises:
        StoreError: see :func:`read_documents`.
    """
    with store.open(artefact_id).path(_DOCUMENTS).open("rb") as stream:
        for line in stream:
            first, second = json.loads(line)["text"]
            yield first, second


def choose(examples: Sequence[Example], limit: int | Shots | None) -> list[Example]:
    """At most ``limit`` examples, in their order; see :func:`prepare_split`. Cases of several questions count as one.

    >>> from waystage.data.examples import TextExample
    >>> examples = [TextExample(str(i), "text", None, "a") for i in range(9)]
    >>> {e.id for e in choose(examples, 3)} <= {e.id for e in choose(examples, 5)}
    True
    """
    most, salt = (limit.n, f"{limit.seed}:") if isinstance(limit, Shots) else (limit, "")
    cases = dict.fromkeys(map(case_of, examples))
    if most is None or len(cases) <= most:
        return list(examples)
    kept = set(sorted(cases, key=lambda case: digest_bytes((salt + case).encode("utf-8")))[:most])
    return [example for example in examples if case_of(example) in kept]


def _refuse_withheld(examples: Sequence[Example], split: Split, language: str) -> None:
    withheld = [example.id for example in examples if not example.has_gold]
    if withheld:
        some = ", ".join(withheld[:3])
        raise DataError(
            f"the {split} split in {language} has {len(withheld)} examples without a gold label (first: {some}): "
            "they cannot be trained on or scored"
        )


def _memo_key(source: _Versioned, files: Iterable[Path], split: str, language: str, limit: int | Shots | None) -> str:
    """What a prepared text is remembered by, for as long as its files keep their sizes and modification times.

    It is only a shortcut: the text itself is addressed by its content.
    """
    # One text: checking thousands of single values takes longer than reading what was remembered.
    states = repr(file_states(files))
    facts = [
        _VERSION,
        type(source).__module__,
        type(source).__qualname__,
        repr(source),
        source.version,
        states,
        split,
        language,
        [limit.n, limit.seed] if isinstance(limit, Shots) else limit,
    ]
    return hashlib.sha256(canonical_json(facts)).hexdigest()


def file_states(files: Iterable[Path]) -> list[list[str | int]]:
    """Path, size and modification time of each file: what tells that none of them has changed."""
    statuses = [(os.fspath(path), os.stat(path)) for path in files]
    return [[path, status.st_size, status.st_mtime_ns] for path, status in statuses]


def _recall(store: Store, key: str) -> PreparedText | None:
    known = store.memo("prepared").get(key)
    if not isinstance(known, dict):
        return None
    skipped = tuple(known.get("skipped", ()))
    prepared = PreparedText(known["artefact_id"], known["n_items"], known["n_characters"], skipped)
    return prepared if store.has(prepared.artefact_id) else None


def _keep(store: Store, key: str, name: str, lines: Iterable[bytes], n_items: int, n_characters: int) -> PreparedText:
    content = b"".join(line + b"\n" for line in lines)
    spec = {"kind": "data", "version": _VERSION, "content": {name: digest_bytes(content)}}
    artefact_id = store.artefact_id(spec)
    if not store.has(artefact_id):
        with store.write(spec) as draft:
            (draft.dir / name).write_bytes(content)
            draft.about.update(n_items=n_items, n_characters=n_characters)
    prepared = PreparedText(artefact_id, n_items, n_characters)
    store.memo("prepared").put(key, prepared.to_json())
    return prepared
