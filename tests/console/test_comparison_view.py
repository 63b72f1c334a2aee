"""The short form of a comparison."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from tests.comparison.builders import METRICS, SOURCES, random_cells
from waystage.comparison.claims import LIKE_THESE, THESE, Scope
from waystage.comparison.compare import compare
from waystage.comparison.context import Context, Options
from waystage.console.comparison_view import comparison_view
from waystage.report import wording


def shown(
    scopes: tuple[Scope, ...], rates: dict[str, float], seeds: tuple[int | None, ...] = (1, 2), order: bool = False
) -> str:
    context = Context(categories={"intents": "classification"})
    cells = random_cells(rates, seeds=seeds)
    result = compare(cells, METRICS, "base", SOURCES, context, Options(500, with_stochastic_order=order))
    console = Console(file=io.StringIO(), width=100)
    console.print(comparison_view(result, scopes))
    return console.file.getvalue()  # type: ignore[attr-defined, no-any-return]


def test_every_scope_has_its_answer_and_its_table() -> None:
    rates = {"base": 0.3, "both": 0.6}
    text = shown((THESE, LIKE_THESE), rates)
    assert text.count("both is the best sequence over all tasks") >= 1
    for part in ("in these languages", "in languages like these", "intents", "tasks of classification", "all tasks"):
        assert part in text
    assert "languages like these" not in shown((THESE,), rates)


def test_no_more_than_100_columns_whatever_the_number_of_sequences() -> None:
    rates = {"base": 0.3} | {f"a long name of a sequence {n}": 0.4 for n in range(5)}
    text = shown((THESE,), rates, order=True)
    assert max(len(line) for line in text.splitlines()) <= 100
    assert text.count("all tasks") >= 2


def test_one_seed_is_marked_and_explained() -> None:
    text = " ".join(shown((THESE,), {"base": 0.3, "both": 0.6}, seeds=(1,)).split())
    assert "Nothing can be concluded" in text
    assert "power over all tasks, in these languages: not known" in text
    assert "limit: one seed: nothing can be said about training randomness" in text
    assert "]?" in text


def test_numbers_are_those_of_the_comparison() -> None:
    cells = random_cells({"base": 0.3, "both": 0.6})
    own = compare(cells, METRICS, "base", SOURCES).mean_score("both", None).difference
    assert own is not None
    console = Console(file=io.StringIO(), width=100)
    console.print(comparison_view(compare(cells, METRICS, "base", SOURCES), (THESE,)))
    assert f"{wording.points(own.value)} {wording.interval(own)}*" in console.file.getvalue()  # type: ignore[attr-defined]


@pytest.mark.parametrize("order", [False, True])
def test_stochastic_order_is_shown_when_it_is_there(order: bool) -> None:
    text = shown((THESE,), {"base": 0.3, "both": 0.6}, order=order)
    assert ("epsilon min" in text) is order
    assert ("fewer than 10 seeds" in text) is order
