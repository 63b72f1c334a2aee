"""Claims in a study: a closed language, all mistakes at once, no place for a result."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from waystage.claims.claim import DifferenceClaim, Figure, PublishedClaim
from waystage.errors import StudyError
from waystage.study.claims import ClaimScope, ClaimTask, read_claims
from waystage.study.load import parse_study

_STUDY = """
name: small
encoder: e5-small-embedded
seeds: [1]
stages:
  mood: {kind: intermediate, task: vader-sentiment}
sequences: {base: [], mood: [mood]}
targets:
  - {task: home-intents, languages: [en, de, fr]}
  - {task: home-slots, languages: [de, ko]}
"""
_FIGURE = '{value: "5.4", paper: p, version: v3}'
_SCOPE = ClaimScope(("a", "b"), {"t": ClaimTask(("de", "fr"), ("accuracy",)), "u": ClaimTask(("ko",), ("span-f1",))})


def _problems(claims: str) -> list[str]:
    with pytest.raises(StudyError) as caught:
        parse_study(_STUDY + "claims:\n" + claims)
    return [str(problem).partition(": ")[2] for problem in caught.value.problems]


def test_names_are_resolved() -> None:
    study = parse_study(
        _STUDY
        + f"""
claims:
  better: {{sequence: mood, than: base}}
  same: {{sequence: mood, than: [base], tasks: [home-slots], languages: [ko], metric: token-accuracy,
         direction: equivalent, smallest_effect: 0.02, scope: languages like these, family: others}}
  printed: {{kind: published, figure: {_FIGURE}, cited: {{a: {_FIGURE}}}, calculation: a / 2}}
"""
    )
    better, same, printed = study.claims
    assert better == DifferenceClaim("better", "mood", ("base",), ("home-intents", "home-slots"), ("de", "fr", "ko"))
    assert isinstance(same, DifferenceClaim)
    assert (same.languages, same.direction, same.smallest_effect) == (("ko",), "equivalent", 0.02)
    figure = Figure("5.4", "p", "v3")
    assert printed == PublishedClaim("printed", figure, {"a": figure}, "a / 2")


def test_a_claim_has_no_field_for_a_result() -> None:
    """Neither the type nor the file has one."""
    results = {"result", "verdict", "status", "value", "p", "interval", "verified", "tolerance"}
    assert not results & {field.name for kind in (DifferenceClaim, PublishedClaim) for field in fields(kind)}
    for key in sorted(results):
        assert any(f"unknown key '{key}'" in one for one in _problems(f"  c: {{sequence: mood, than: base, {key}: 1}}"))


def test_all_mistakes_are_named_at_once() -> None:
    found = _problems(f"""
  a: {{sequence: mod, than: [base, base], tasks: [home-slot], metric: accuracy, direction: equivalent}}
  b: {{sequence: base, than: base, tasks: [home-slots], languages: [en, xx], metric: acuracy, smallest_effect: 2}}
  c: {{kind: publishd, figure: {_FIGURE}}}
  d: {{kind: published, figure: {{value: 5.4, paper: p, version: v}}, cited: {{x y: {_FIGURE}}}}}
  e: {{kind: published, figure: {{value: "5,4", paper: p, version: v}}, calculation: xnlli - 1,
       cited: {{xnli: {_FIGURE}}}}}
  f: {{kind: published, figure: {_FIGURE}, calculation: "eval('1')"}}
  g: {{sequence: mood, than: base, tasks: [home-intents, home-slots], languages: [fr]}}
""")
    expected = [
        "claims.a.sequence: unknown sequence 'mod'; expected one of base, mood; did you mean 'mood'?",
        "claims.a.than[1]: the sequence 'base' is listed twice",
        "claims.a.tasks[0]: unknown target 'home-slot'; expected one of home-intents, home-slots; "
        "did you mean 'home-slots'?",
        "claims.a.direction: 'equivalent' without a smallest effect",
        "claims.b.than: 'base' is compared with itself",
        "claims.b.languages[0]: 'en' is no target language of home-slots",
        "claims.b.languages[1]: 'xx' is no target language of home-slots",
        "claims.b.metric: 'acuracy' is no metric of home-slots; expected one of span-f1, token-accuracy; "
        "did you mean 'token-accuracy'?",
        "claims.b.smallest_effect: the number 2; expected a number less than or equal to 1",
        "claims.c.kind: the text 'publishd'; expected one of difference, published; did you mean 'published'?",
        "claims.d.figure.value: the number 5.4; expected text",
        "claims.d.cited.x y: the text 'x y'; expected a name of letters, digits and '_'",
        "claims.e.figure.value: the text '5,4'; expected a number as it is printed, such as '5.40'",
        "claims.e.calculation: 'xnlli' is not cited; expected one of xnli; did you mean 'xnli'?",
        "claims.f.calculation: unknown function 'eval'",
        "claims.g.languages: none of these is a language of home-slots; expected one of de, ko too",
    ]
    assert [one for one in expected if not any(problem.startswith(one) for problem in found)] == []
    assert len(found) == len(expected)


def test_claims_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "claims.yaml"
    path.write_text("claims:\n  c: {sequence: a, than: b, tasks: [t]}\n", encoding="utf-8")
    assert read_claims(path, _SCOPE) == {"c": DifferenceClaim("c", "a", ("b",), ("t",), ("de", "fr"))}
    path.write_text("claims: {}\nverdicts: []\n", encoding="utf-8")
    with pytest.raises(StudyError) as caught:
        read_claims(path, _SCOPE)
    assert len(caught.value.problems) == 2


@pytest.mark.parametrize(("value", "rounding"), [("5.4", 0.05), ("-5.40", 0.005), ("62", 0.5)])
def test_digits_say_how_precise_a_figure_is(value: str, rounding: float) -> None:
    assert Figure(value, "p", "v1").rounding == pytest.approx(rounding)
