"""The report: complete, safe, self-contained and well-formed."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import asdict, replace
from html.parser import HTMLParser
from itertools import pairwise

import pytest

from waystage.comparison.claims import LIKE_THESE, THESE
from waystage.record.flips import MAX_BYTES
from waystage.report import wording
from waystage.report.record import ExampleText, RunRecord
from waystage.report.render import render_report

from .records import SENTENCES, make_bare_record, make_large_record, make_record

VOID = {"meta", "input", "wbr", "br", "img", "link", "hr"}
CONTROLS = "\x00\x08\x1b\x7f\x9b\u202a\u202e\u2066\u2067\u2069\u2028\ufeff\ud800\U000e0041"
HOSTILE = f'</style></script><script>alert(1)</script><!-- {CONTROLS} & "quoted" \' {{{{ 7 * 7 }}}}'


class Outline(HTMLParser):
    """Checks that tags are balanced and gathers what the tests ask about."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.headings: list[int] = []
        self.attributes: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes.append((tag, dict(attrs)))
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not {"script", "style"} & set(self.open):
            self.text.append(data)


def outline(html: str) -> Outline:
    parser = Outline()
    parser.feed(html)
    parser.close()
    assert parser.open == []
    return parser


@pytest.fixture(scope="module")
def html() -> str:
    return render_report(make_record())


def test_is_well_formed_with_headings_in_order(html: str) -> None:
    found = outline(html)
    assert found.headings[0] == 1
    assert found.headings.count(1) == 1
    assert all(deeper <= before + 1 for before, deeper in pairwise(found.headings))
    assert ("html", {"lang": "en"}) in found.attributes
    ids = [values["id"] for _, values in found.attributes if "id" in values]
    assert len(ids) == len(set(ids))


def test_loads_nothing_from_anywhere(html: str) -> None:
    assert len(html.encode()) < 5_000_000
    for tag, values in outline(html).attributes:
        assert tag not in {"link", "iframe", "img", "object", "embed", "base"}
        assert "src" not in values
        assert (values.get("href") or "#").startswith("#")
        assert not any(key.startswith("on") for key in values)
    assert not re.search(r"url\(|@import|https?://", html)
    policy = next(values["content"] for _, values in outline(html).attributes if values.get("http-equiv"))
    assert policy is not None
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    assert not any("style" in values for _, values in outline(html).attributes)
    for tag in ("style", "script"):
        own = re.findall(rf"<{tag}>(.*?)</{tag}>", html, re.DOTALL)
        assert len(own) == 1
        digest = base64.b64encode(hashlib.sha256(own[0].encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy


def test_every_number_is_there(html: str) -> None:
    comparison = make_record().comparison
    text = " ".join(" ".join(outline(html).text).split())
    for score in (*comparison.task_scores, *comparison.overall_scores, *comparison.language_scores):
        assert wording.percent(score.score) in text
        if score.difference:
            assert wording.points(score.difference.value) in text
            assert wording.interval(score.difference) in text
    for cost in make_record().costs:
        assert wording.duration(cost.seconds) in text


def test_answers_first_and_keeps_the_order_of_sections(html: str) -> None:
    order = (
        "asked", "answer", "scores", "differences", "languages", "groups", "guide", "cost", "forgetting", "failures",
        "method", "verify",
    )  # fmt: skip
    assert tuple(re.findall(r'<section id="(\w+)"', html)) == order
    assert tuple(re.findall(r'<li><a href="#(\w+)"', html)) == order
    text = " ".join(outline(html).text)
    said = [own for own in make_record().comparison.recommendations if own.scope == THESE]
    for own in said:
        assert (wording.typeset(own.sentence) in text) == (own.category != "tagging")  # the category of one task
    assert wording.typeset(make_record().comparison.recommendation(None, LIKE_THESE).sentence) in text


def test_both_scopes_and_what_could_be_seen_are_there(html: str) -> None:
    text = " ".join(" ".join(outline(html).text).split())
    for score in (*make_record().comparison.task_scores, *make_record().comparison.overall_scores):
        for own in (score.difference, score.general_difference):
            if own is not None:
                assert wording.interval(own) in text
                assert own.smallest_effect is None or wording.percent(own.smallest_effect) in text


def test_sections_without_data_say_so_in_a_line() -> None:
    html = render_report(make_bare_record())
    text = " ".join(outline(html).text)
    for sentence in ("No groups were compared.", "Costs were not recorded.", "No example flips were recorded."):
        assert sentence in text
    assert '<figure class="wide-plot">' not in html
    assert "None" not in text
    assert wording.typeset(wording.verdict(make_record().comparison, make_record().comparison.best_overall)) in text


def test_a_single_sequence_has_no_differences() -> None:
    record = make_record()
    comparison = record.comparison
    only = replace(
        comparison,
        sequences=("base",),
        **{
            name: tuple(own for own in getattr(comparison, name) if own.sequence == "base")
            for name in ("task_scores", "overall_scores", "language_scores", "category_scores", "group_scores")
        },
        transfer_gaps=(), cost_gains=(), recommendations=(),
        best_by_task=tuple(replace(own, pairs=(), sequence=None, highest="base") for own in comparison.best_by_task),
        best_overall=replace(comparison.best_overall, pairs=(), sequence=None, highest="base"),
    )  # fmt: skip
    text = " ".join(outline(render_report(replace(record, comparison=only, flips=(), flip_counts=()))).text)
    assert "There is only one sequence" in text
    assert "No two sequences have scores in the source language" in text


def test_no_value_is_shown_as_python_shows_it(html: str) -> None:
    text = " ".join(outline(html).text)
    assert not re.search(r"\b(None|nan|inf|True|False)\b", text)


def test_a_run_as_large_as_a_benchmark_stays_small() -> None:
    record = make_large_record()
    html = render_report(record)
    assert sum(len(json.dumps(asdict(flip))) for flip in record.flips) > MAX_BYTES
    assert len(html.encode()) < 5_000_000
    outline(html)


def test_texts_of_examples_have_their_language_and_direction(html: str) -> None:
    attributes = [values for tag, values in outline(html).attributes if tag == "dd" and "lang" in values]
    directions = {values["lang"]: values["dir"] for values in attributes}
    assert {directions[code] for code in ("fa", "he", "ar")} == {"rtl"}
    assert {directions[code] for code in ("de", "hi", "zh")} == {"auto"}
    for code in ("fa", "he", "hi", "th", "zh"):
        assert f'<dd lang="{code}" dir="{directions[code]}" class="quoted">{SENTENCES[code]}</dd>' in html


def hostile_record() -> RunRecord:
    """A run in which every text that comes from files is an attack."""
    record = make_record()
    return replace(
        record,
        study_name=HOSTILE,
        description=HOSTILE,
        question=HOSTILE,
        study_yaml=HOSTILE,
        command=HOSTILE,
        environment=(replace(record.environment[0], name=HOSTILE, value=HOSTILE),),
        encoder=replace(record.encoder, name=HOSTILE, source=HOSTILE, notes=(HOSTILE,)),
        protocol=(replace(record.protocol[0], departures=(HOSTILE,), selection=HOSTILE),),
        plan=replace(record.plan, nodes=(replace(record.plan.nodes[0], label=HOSTILE, state=HOSTILE),)),
        flips=(
            replace(
                record.flips[0], example_id=HOSTILE, gold=HOSTILE, first_answer=HOSTILE, second_answer=HOSTILE,
                language=HOSTILE, answer_language=HOSTILE, texts=(ExampleText(HOSTILE, HOSTILE, HOSTILE),),
            ),
        ),
        flip_counts=(replace(record.flip_counts[0], language=HOSTILE, n_gained=0, n_lost=9),),
    )  # fmt: skip


def test_text_of_a_study_stays_text() -> None:
    html = render_report(hostile_record())
    found = outline(html)
    assert [tag for tag, _ in found.attributes].count("script") == 1
    assert "<script>alert" not in html
    assert not set(CONTROLS) & set(html)
    shown = HOSTILE
    for control in CONTROLS:
        shown = shown.replace(control, f"⟨U+{ord(control):04X}⟩")
    assert "".join(found.text).count(shown) >= 16
    html.encode("utf-8")


def test_names_of_sequences_and_tasks_are_escaped_too() -> None:
    text = str(make_record().to_json()).replace("continued+intermediate", "a<b>c\u202e")
    record = type(make_record()).from_json(eval(text, {}))  # noqa: S307 - our own text of a moment ago
    html = render_report(record)
    assert "a<b>" not in html
    assert "a&lt;b&gt;c⟨U+202E⟩" in html


def test_marks_that_scripts_need_are_kept() -> None:
    persian = "می\u200cخواهم\u200f"
    assert persian in render_report(replace(make_record(), description=persian))


def test_one_seed_is_said_and_colours_claim_nothing() -> None:
    html = render_report(make_record(seeds=(1,)))
    assert "one seed: nothing can be said about training randomness" in html
    assert 'class="delta gain"' not in html
    assert 'class="badge"' not in html
    assert 'class="s' in html


def test_one_task_needs_no_mean_over_tasks() -> None:
    html = render_report(make_record(tasks=("intents",)))
    assert "All tasks" not in html.split('<section id="cost"')[0]
    assert outline(html).headings
