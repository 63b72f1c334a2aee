"""XTREME and XTREME-R: their tasks, each declared once, and which languages of them each benchmark has.

References: Hu et al. (2020), https://arxiv.org/abs/2003.11080; Ruder et al. (2021),
https://arxiv.org/abs/2104.07412; names of tasks and files as in https://github.com/google-research/xtreme.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from waystage.benchmark.form import Form
from waystage.benchmark.lines import IndexLines, LabelLines, LabelObjects, OneAnswerALine
from waystage.benchmark.pairs import SentencePairs
from waystage.benchmark.questions import QuestionAnswers
from waystage.benchmark.rankings import Rankings
from waystage.benchmark.tags import TagLines
from waystage.errors import StudyError, nearest_name
from waystage.metrics.answer_overlap import (
    ANSWER_F1,
    ANSWER_F1_EM,
    EXACT_MATCH,
    MLQA_EXACT_MATCH,
    MLQA_F1,
    MLQA_F1_EM,
)
from waystage.metrics.ranking import AveragePrecision, ReciprocalRank
from waystage.tasks import panx, tatoeba, udpos, xnli


@dataclass(frozen=True, slots=True)
class BenchmarkTask:
    """A task as a benchmark scores it.

    ``name`` is that of its folder; ``languages`` are those that all have to be there.
    """

    name: str
    category: str
    languages: tuple[str, ...]
    form: Form

    def file_name(self, language: str) -> str:
        """Of gold and predictions, inside the task's folder."""
        return f"test-{language}.{self.form.extension}"

    def without(self, languages: str) -> BenchmarkTask:
        """The task without some languages, which are separated by spaces."""
        left_out = languages.split()
        kept = tuple(language for language in self.languages if language not in left_out)
        return replace(self, languages=kept)


@dataclass(frozen=True, slots=True)
class Benchmark:
    """Tasks whose unweighted mean is the overall score."""

    name: str
    tasks: tuple[BenchmarkTask, ...]

    @property
    def categories(self) -> dict[str, tuple[BenchmarkTask, ...]]:
        """The tasks by category, in the order of their first task."""
        names = dict.fromkeys(task.category for task in self.tasks)
        return {name: tuple(task for task in self.tasks if task.category == name) for name in names}


CLASSIFICATION, TAGGING, QA, RETRIEVAL = "classification", "tagging", "qa", "retrieval"

_SQUAD = QuestionAnswers(EXACT_MATCH, ANSWER_F1, ANSWER_F1_EM)

XNLI = BenchmarkTask("xnli", CLASSIFICATION, xnli.TASK.languages, OneAnswerALine(LabelLines(xnli.TASK.labels)))
XCOPA = BenchmarkTask(
    "xcopa",
    CLASSIFICATION,
    ("et", "ht", "id", "it", "qu", "sw", "ta", "th", "tr", "vi", "zh"),
    OneAnswerALine(LabelObjects(n_labels=2)),
)
PAWSX = BenchmarkTask(
    "pawsx",
    CLASSIFICATION,
    ("de", "en", "es", "fr", "ja", "ko", "zh"),
    OneAnswerALine(LabelLines(("0", "1"))),
)
UDPOS = BenchmarkTask("udpos", TAGGING, udpos.TASK.languages, TagLines(udpos.TASK.labels))
PANX = BenchmarkTask("panx", TAGGING, panx.TASK.languages, TagLines(panx.TASK.labels))
XQUAD = BenchmarkTask("xquad", QA, ("en", "es", "de", "el", "ru", "tr", "ar", "vi", "th", "zh", "hi", "ro"), _SQUAD)
MLQA = BenchmarkTask(
    "mlqa",
    QA,
    ("en", "es", "de", "ar", "hi", "vi", "zh"),
    QuestionAnswers(MLQA_EXACT_MATCH, MLQA_F1, MLQA_F1_EM),
)
TYDIQA = BenchmarkTask("tydiqa", QA, ("en", "ar", "bn", "fi", "id", "ko", "ru", "sw", "te"), _SQUAD)
TATOEBA = BenchmarkTask("tatoeba", RETRIEVAL, tatoeba.TASK.languages, OneAnswerALine(IndexLines()))
BUCC = BenchmarkTask("bucc2018", RETRIEVAL, ("de", "fr", "ru", "zh"), SentencePairs())
MEWSLIX = BenchmarkTask(
    "mewslix",
    RETRIEVAL,
    ("ar", "de", "en", "es", "fa", "ja", "pl", "ro", "ta", "tr", "uk"),
    # The official evaluation counts a query without a ranking as 0.
    Rankings(ReciprocalRank(), has_one_answer=True, all_needed=False, names_once=False),
)
LAREQA = BenchmarkTask(
    "lareqa",
    RETRIEVAL,
    ("ar", "de", "el", "en", "es", "hi", "ru", "th", "tr", "vi", "zh"),
    Rankings(AveragePrecision()),
)

XTREME = Benchmark(
    "xtreme",
    (
        XNLI,
        PAWSX,
        UDPOS.without("lt pl uk wo ro"),
        PANX.without("qu pl uk az lt pa gu ro"),
        XQUAD.without("ro"),
        MLQA,
        TYDIQA,
        BUCC,
        TATOEBA.without("az lt pl uk ro"),
    ),
)
XTREME_R = Benchmark("xtreme-r", (XNLI, XCOPA, UDPOS, PANX, XQUAD, MLQA, TYDIQA, TATOEBA, MEWSLIX, LAREQA))

BENCHMARKS = {benchmark.name: benchmark for benchmark in (XTREME, XTREME_R)}


def benchmark_named(name: str) -> Benchmark:
    """The benchmark of that name.

    Raises:
        StudyError: there is none.

    >>> len(benchmark_named("xtreme-r").tasks)
    10
    """
    if name in BENCHMARKS:
        return BENCHMARKS[name]
    near = nearest_name(name, BENCHMARKS)
    hint = f"; did you mean '{near}'?" if near else ""
    raise StudyError(f"unknown benchmark {name!r}; expected one of {', '.join(BENCHMARKS)}{hint}")
