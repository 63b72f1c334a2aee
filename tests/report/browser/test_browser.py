"""The report in a real browser: quiet, accessible, usable by keyboard, without script, on a phone and on paper."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pytest

from waystage.report.render import render_report

from ..records import make_bare_record, make_large_record, make_record
from ..test_render import CONTROLS, HOSTILE, hostile_record

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

pytestmark = pytest.mark.browser

LANGUAGES = ("en", "ar", "de", "fa", "he", "hi", "sw", "zh")
WIDTHS = (1280, 390)
Scheme = Literal["light", "dark"]
SCHEMES: tuple[Scheme, ...] = ("light", "dark")


@contextmanager
def opened(browser: Browser, path: Path, width: int = 1280, scheme: Scheme = "light", **options: Any) -> Iterator[Page]:
    """The report in a page of its own. Whatever the page complains about or asks for is an error at the end."""
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme, **options)
    page = context.new_page()
    complaints: list[str] = []
    requests: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("dialog", lambda dialog: complaints.append(f"dialog: {dialog.message}"))
    page.on("request", lambda request: requests.append(request.url))
    page.goto(path.as_uri())
    yield page
    context.close()
    assert complaints == []
    assert requests == [path.as_uri()]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("reports")


@pytest.fixture(scope="module")
def small(folder: Path) -> Path:
    """A report with everything in it, in few languages."""
    path = folder / "small.html"
    path.write_text(render_report(make_record(languages=LANGUAGES)), encoding="utf-8")
    return path


def open_details(page: Page) -> None:
    page.evaluate("document.querySelectorAll('details').forEach((own) => { own.open = true; })")


def texts(locator: Locator) -> list[str]:
    """What is displayed; parts that are not on the screen have no inner text, so what is hidden is left out by hand."""
    return [own.text_content() or "" for own in locator.all() if own.is_visible()]


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_passes_axe(browser: Browser, folder: Path, width: int, scheme: Scheme) -> None:
    """axe-core's rules for WCAG 2.2 A and AA and its best practices, with every part of the page open."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    path = folder / "tiny.html"
    path.write_text(render_report(make_record(languages=("en", "fa", "hi"), n_flips=1)), encoding="utf-8")
    with opened(browser, path, width, scheme) as page:
        open_details(page)
        found = axe.Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
        assert [(own["id"], [node["html"][:200] for node in own["nodes"][:3]]) for own in found] == []


@pytest.mark.parametrize("width", WIDTHS)
def test_only_tables_scroll_sideways(browser: Browser, small: Path, width: int) -> None:
    with opened(browser, small, width) as page:
        open_details(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        wide = page.evaluate(
            "[...document.querySelectorAll('main *')]"
            ".filter((own) => own.getBoundingClientRect().right > innerWidth + 1 && !own.closest('.scroll, svg, pre'))"
            ".map((own) => own.outerHTML.slice(0, 120))"
        )
        assert wide == []


def test_dark_mode_is_dark(browser: Browser, small: Path) -> None:
    shades = {}
    for scheme in SCHEMES:
        with opened(browser, small, scheme=scheme) as page:
            colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
            shades[scheme] = sum(map(int, re.findall(r"\d+", colour)))
    assert shades["dark"] < 120 < 700 < shades["light"]


def test_sorts_by_keyboard_and_says_so(browser: Browser, small: Path) -> None:
    with opened(browser, small) as page:
        table = page.locator("table.summary")
        heading = table.locator("thead th").nth(1)
        numbers = table.locator("tbody tr td:nth-child(2) .value")
        before = texts(numbers)
        heading.locator("button").focus()
        page.keyboard.press("Enter")
        assert heading.get_attribute("aria-sort") == "descending"
        assert texts(numbers) == sorted(before, key=float, reverse=True) != before
        page.keyboard.press("Space")
        assert heading.get_attribute("aria-sort") == "ascending"
        assert texts(numbers) == sorted(before, key=float)
        table.locator("thead th").first.locator("button").click()
        assert heading.get_attribute("aria-sort") is None


def test_filters_languages_tasks_and_sequences(browser: Browser, small: Path) -> None:
    with opened(browser, small) as page:
        filters = page.locator("[data-for=all-languages]")
        page.get_by_text("Every language with its interval").click()
        rows = page.locator("#all-languages tbody tr:visible")
        n_all = rows.count()
        filters.get_by_label("Languages").fill("niger-congo")
        assert set(texts(page.locator("#all-languages tbody td:nth-child(2)"))) == {"Swahili sw"}
        filters.get_by_label("Task").select_option("slots")
        filters.get_by_label("Sequence").select_option("continued")
        assert rows.count() == 1
        assert filters.locator("output").inner_text() == f"1 of {n_all} rows"
        filters.get_by_label("Languages").fill("")
        assert rows.count() == len(LANGUAGES)


def test_filters_examples_and_hides_tasks_without_one(browser: Browser, small: Path) -> None:
    with opened(browser, small) as page:
        open_details(page)
        shown = page.locator("#flips article:visible")
        n_all = shown.count()
        filters = page.locator("[data-for=flips]")
        filters.get_by_label("Became").select_option("wrong")
        assert shown.count() == n_all / 2
        filters.get_by_label("Languages or text").fill("فارسی")
        assert {text.split(" ")[0] for text in texts(page.locator("#flips article:visible h4"))} == {"Persian"}
        filters.get_by_label("Languages or text").fill("no such text")
        assert page.locator("#flips details:visible").count() == 0


def test_switches_the_heat_map_by_keyboard(browser: Browser, small: Path) -> None:
    with opened(browser, small) as page:
        caption = page.locator(".map:visible caption")
        assert caption.inner_text().startswith("base: score")
        page.get_by_role("radio", name="base").focus()
        page.keyboard.press("ArrowDown")
        assert caption.inner_text().startswith("intermediate: score")
        page.get_by_role("radio", name="difference").check(force=True)
        assert caption.inner_text().startswith("intermediate: difference to base")
        page.locator(".map:visible thead th").nth(1).locator("button").click()
        cells = page.locator(".map:visible tbody td:nth-child(2) .d").all_inner_texts()
        values = [float(own.rstrip("*").replace("−", "-")) for own in cells]
        assert values == sorted(values, reverse=True)
        assert len(values) == len(LANGUAGES)


def test_text_of_data_sets_does_nothing_and_is_seen(browser: Browser, folder: Path) -> None:
    path = folder / "hostile.html"
    path.write_text(render_report(hostile_record()), encoding="utf-8")
    with opened(browser, path) as page:
        open_details(page)
        seen = page.locator("#flips article").text_content() or ""
        assert "<script>alert(1)</script>" in seen
        assert all(f"⟨U+{ord(control):04X}⟩" in seen for control in CONTROLS)
        assert not any(control in seen for control in CONTROLS)
        assert page.locator("script").count() == 1
        assert page.locator("h1 bdi").inner_text().startswith(HOSTILE[:8])


def test_the_policy_refuses_what_is_added(browser: Browser, small: Path) -> None:
    """Even if a script or style got into the page, the browser would not run it."""
    context = browser.new_context()
    page = context.new_page()
    refusals: list[str] = []
    page.on("console", lambda message: refusals.append(message.text))
    html = small.read_text(encoding="utf-8")
    added = '<script>document.title = "owned"</script><img src="https://example.org/x.png"><p style="color: red">x</p>'
    path = small.with_name("added.html")
    path.write_text(html.replace("<main>", f"<main>{added}"), encoding="utf-8")
    page.goto(path.as_uri())
    assert page.title().endswith("Waystage report")
    assert sum("Content Security Policy" in text for text in refusals) >= 3
    context.close()


def test_everything_is_there_without_script(browser: Browser, small: Path) -> None:
    with opened(browser, small, java_script_enabled=False) as page:
        assert page.locator(".filters:visible").count() == 0
        assert page.locator("th button").count() == 0
        assert page.locator(".map:visible").count() == 1
        page.locator("label[for=map-2]").click()
        assert page.locator(".map:visible caption").inner_text().startswith("continued: score")
        page.locator("#flips summary").first.click()
        assert page.locator("#flips article:visible").count() > 0


def test_prints_all_of_it(browser: Browser, small: Path) -> None:
    with opened(browser, small) as page:
        page.emulate_media(media="print", color_scheme="dark")
        assert page.locator("nav:visible, .filters:visible, .switches:visible").count() == 0
        assert page.locator(".map:visible").count() == 4
        background = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert min(map(int, re.findall(r"\d+", background)[:3])) > 240
        page.evaluate("dispatchEvent(new Event('beforeprint'))")
        assert page.locator("#all-languages:visible").count() == 1
        pdf = page.pdf(format="A4")
        assert pdf.startswith(b"%PDF")
        page.evaluate("dispatchEvent(new Event('afterprint'))")
        assert page.locator("details[open]").count() <= 1


def test_bare_and_large_runs_are_quiet_too(browser: Browser, folder: Path) -> None:
    for name, record in (("bare", make_bare_record()), ("large", make_large_record())):
        path = folder / f"{name}.html"
        path.write_text(render_report(replace(record, study_name=name)), encoding="utf-8")
        with opened(browser, path, 390) as page:
            assert page.evaluate("document.documentElement.scrollWidth") <= 390
