"""The report: complete, safe, self-contained and well-formed."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise

import pytest

from waystage.report import wording
from waystage.report.render import render_report

from .records import make_record

VOID = {"meta", "input", "wbr", "br", "img", "link", "hr"}
HOSTILE = '<script>alert(1)</script>\u202e\u2066 & "quoted" {{ 7 * 7 }}'


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
    places = [html.index(f'<section id="{name}"') for name in (
        "answer", "scores", "differences", "languages", "cost", "plan", "protocol", "environment", "reproduce"
    )]  # fmt: skip
    assert places == sorted(places)
    comparison = make_record().comparison
    assert wording.verdict(comparison, comparison.best_overall) in " ".join(outline(html).text)


def test_text_of_a_study_stays_text() -> None:
    record = make_record()
    hostile = replace(
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
    )
    html = render_report(hostile)
    found = outline(html)
    assert [tag for tag, _ in found.attributes].count("script") == 1
    assert "<script>alert" not in html
    assert "\u202e" not in html
    assert "\u2066" not in html
    shown = HOSTILE.replace("\u202e", "⟨U+202E⟩").replace("\u2066", "⟨U+2066⟩")
    assert "".join(found.text).count(shown) >= 10


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


def test_one_task_needs_no_mean_over_tasks() -> None:
    html = render_report(make_record(tasks=("intents",)))
    assert "All tasks" not in html.split('<section id="cost"')[0]
    assert outline(html).headings
