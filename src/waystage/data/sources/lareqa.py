"""LAReQA (XQuAD-R): questions, and the sentences of all paragraphs as candidates.

``lareqa/xquad-r/{lang}.json`` is SQuAD's JSON with ``sentence_breaks`` (start and stop of each sentence) in every
paragraph. A candidate's id is ``{lang}_{paragraph}_{sentence}`` (paragraphs of a file from 1, sentences of a paragraph
from 0), as in the research code, ``third_party/utils_lareqa.py`` of google-research/xtreme.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from waystage.data.examples import Candidate, Example, MatchExample, QuestionExample
from waystage.data.readers.columns import HALF_SURROGATE, QueryColumns, examples_of, is_encodable
from waystage.data.readers.rows import Row
from waystage.data.readers.sentences import english_sentences
from waystage.data.readers.squad import Paragraph, paragraphs
from waystage.data.source import Place, Source, Split
from waystage.data.sources.files import published
from waystage.errors import DataError, Problem


@dataclass(frozen=True, slots=True)
class Lareqa:
    """Questions of XQuAD-R with the candidate of their own language; train and validation are made from SQuAD.

    Attributes:
        squad: English questions on paragraphs, with train and validation splits. The right candidate of a question is
            the sentence in which its first answer begins, read with the paragraph.
    """

    squad: Source
    version: int = 1

    def files(self, split: Split, language: str, place: Place) -> Sequence[Path]:
        """The files of a split; DataError that names what is missing."""
        return self.squad.files(split, language, place) if split != "test" else [_path(language, place)]

    def read(self, split: Split, language: str, place: Place) -> list[Example]:
        """Questions, in file order."""
        if split != "test":
            questions = self.squad.read(split, language, place)
            return [match for question in questions for match in _matches(question)]
        path = _path(language, place)
        return examples_of(path, _question_rows(path, language), QueryColumns("question", id="id"), ())


@dataclass(frozen=True, slots=True)
class LareqaSentences:
    """Every sentence of a language's paragraphs, with its paragraph; line breaks are left out, as in XTREME-R."""

    version: int = 1

    def files(self, split: Split, language: str, place: Place) -> Sequence[Path]:
        """The one file; DataError where it is missing."""
        return [_path(language, place)]

    def read(self, split: Split, language: str, place: Place) -> Iterator[Candidate]:
        """Sentences, in file order."""
        path = _path(language, place)
        for number, paragraph in enumerate(paragraphs(path), start=1):
            context = _context(path, paragraph)
            for position, (start, stop) in enumerate(_breaks(path, paragraph, context)):
                sentence = context[start:stop].replace("\n", "")
                yield Candidate(_candidate_id(language, number, position), sentence, context.replace("\n", ""))


def _path(language: str, place: Place) -> Path:
    return published(place, f"lareqa/xquad-r/{language}.json", f"lareqa/lareqa/xquad-r/{language}.json")


def _candidate_id(language: str, paragraph: int, sentence: int) -> str:
    return f"{language}_{paragraph}_{sentence}"


def _matches(question: Example) -> Iterator[MatchExample]:
    if not isinstance(question, QuestionExample) or not question.answers:
        return
    start, context = question.answers[0].start, question.context
    # White space between two sentences counts to the second one.
    inside = next(((first, stop) for first, stop in english_sentences(context) if start < stop), None)
    if inside is not None:
        yield MatchExample(question.id, question.question, context[inside[0] : inside[1]], context)


def _question_rows(path: Path, language: str) -> Iterator[Row]:
    line = 0
    for number, paragraph in enumerate(paragraphs(path), start=1):
        breaks = _breaks(path, paragraph, _context(path, paragraph))
        for question in paragraph.questions:
            line += 1
            start = _answer_start(path, line, question.get("answers"))
            inside = [position for position, (first, stop) in enumerate(breaks) if first <= start < stop]
            if not inside:
                found = f"an answer at character {start}, which is in no sentence"
                raise DataError(Problem(path, line, "sentence_breaks", found, "sentences that hold every answer"))
            yield Row(line, {**question, "answers": [_candidate_id(language, number, inside[0])]})


def _answer_start(path: Path, line: int, answers: Any) -> int:
    first = answers[0] if isinstance(answers, list) and answers else None
    start = first.get("answer_start") if isinstance(first, dict) else None
    if isinstance(start, bool) or not isinstance(start, int):
        raise DataError(Problem(path, line, "answers", "no start of an answer", "a list of text and answer_start"))
    return start


def _context(path: Path, paragraph: Paragraph) -> str:
    context = paragraph.values.get("context")
    if not isinstance(context, str) or not context.strip():
        raise DataError(Problem(path, None, f"{paragraph.place}.context", "no text", "text"))
    if not is_encodable(context):
        raise DataError(Problem(path, None, f"{paragraph.place}.context", HALF_SURROGATE, "text in Unicode"))
    return context


def _breaks(path: Path, paragraph: Paragraph, context: str) -> list[tuple[int, int]]:
    """Sentences as start and stop, each inside the context and not blank."""
    spans = []
    given: Any = paragraph.values.get("sentence_breaks")
    for span in given if isinstance(given, list) and given else [given]:
        is_span = isinstance(span, list) and len(span) == 2 and all(type(end) is int for end in span)
        if not is_span or not 0 <= span[0] < span[1] <= len(context) or not context[span[0] : span[1]].strip():
            place = f"{paragraph.place}.sentence_breaks"
            raise DataError(
                Problem(path, None, place, f"{span!r:.80} is no stretch of the context", "lists of start and stop")
            )
        spans.append((span[0], span[1]))
    return spans
