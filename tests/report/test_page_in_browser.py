"""A page in a real browser: on a phone, at night, on paper, and where its links lead."""

import shutil
from pathlib import Path

import pytest
from test_page_form import DARK, LIGHT, study

pytestmark = pytest.mark.browser

CHROMIUM = shutil.which("chromium")
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking")
SHEET = (297 - 2 * 14) / 25.4 * 96
"""The height of a sheet of A4 within its margins, in CSS's pixels."""
PAPER = round((210 - 2 * 13) / 25.4 * 96)


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    if CHROMIUM is None:
        pytest.skip("needs Chromium")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    path = Path(tmp_path_factory.mktemp("page"), "report.html")
    path.write_text(study("quickstart"))
    return path.as_uri()


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    path = Path(tmp_path_factory.mktemp("page"), "report.html")
    path.write_text(study("permutations"))
    return path.as_uri()


def opened(browser, address, **how):
    page = browser.new_page(**how)
    page.goto(address)
    return page


@pytest.mark.parametrize("width", [320, 390, 1280])
def test_no_window_scrolls_to_the_side(browser, address, large, width):
    for each in (address, large):
        page = opened(browser, each, viewport={"width": width, "height": 844})
        assert page.evaluate("document.documentElement.scrollWidth") == width
        wide = "[...document.querySelectorAll('.wide')].filter(box => box.scrollWidth > box.clientWidth).length"
        assert width > 390 or page.evaluate(wide), "wide tables scroll in their boxes"


def test_what_a_row_is_of_stays_while_its_table_scrolls(browser, address):
    page = opened(browser, address, viewport={"width": 390, "height": 844})
    box = page.locator("section.details .wide").first
    box.evaluate("box => { box.scrollLeft = 200 }")
    row = box.locator("tbody th").first
    assert row.bounding_box()["x"] == pytest.approx(box.bounding_box()["x"], abs=1)


@pytest.mark.parametrize(("scheme", "theme"), [("light", LIGHT), ("dark", DARK)])
def test_it_has_the_colours_of_the_day_and_of_the_night(browser, address, scheme, theme):
    page = opened(browser, address, color_scheme=scheme)
    shown = page.evaluate("[getComputedStyle(document.body).backgroundColor, getComputedStyle(document.body).color]")
    for colour, name in zip(shown, ("page", "ink"), strict=True):
        digits = theme[name][1:] if len(theme[name]) == 7 else "".join(2 * digit for digit in theme[name][1:])
        assert colour == "rgb({}, {}, {})".format(*(int(digits[at : at + 2], 16) for at in (0, 2, 4)))
    assert page.evaluate("getComputedStyle(document.querySelector('.drawn')).backgroundColor") == "rgb(255, 255, 255)"


def test_a_number_leads_to_its_tasks_and_they_lead_back(browser, address):
    page = opened(browser, address, viewport={"width": 1280, "height": 900})
    page.locator("section.details a", has_text="±").first.click()
    number = page.locator("tr:has(th[colspan]):target")
    assert number.count() == 1 and number.is_visible()
    anchor = page.evaluate("decodeURIComponent(location.hash.slice(1))")
    number.locator("a").click()
    assert page.evaluate("decodeURIComponent(location.hash.slice(1))") == f"at/{anchor}"


def test_a_mark_of_a_figure_leads_to_its_number(browser, address):
    page = opened(browser, address, viewport={"width": 1280, "height": 900})
    links = page.locator(".marks").first.locator("a circle")
    assert links.count() == 4, "three levels at which both networks have one number, and one of shuffled alone"
    links.last.click()  # the one on top, where several numbers are one
    assert page.locator("tr:has(:target), tr:target").count() == 1


def test_the_answer_and_the_figures_fill_two_sheets_and_details_come_after(browser, address):
    page = opened(browser, address, viewport={"width": PAPER, "height": 1000})
    page.emulate_media(media="print")
    bottom = "document.querySelector('{}').getBoundingClientRect().bottom + scrollY"
    assert page.evaluate(bottom.format(".origin")) < SHEET
    assert page.evaluate(bottom.format(".figures")) < 2 * SHEET
    assert page.evaluate("getComputedStyle(document.querySelector('.details')).breakBefore") == "page"
    assert not page.locator("nav, .screen, .marks").first.is_visible()
    assert "position: sticky" not in page.evaluate(
        "[...document.querySelectorAll('th')].map(th => `position: ${getComputedStyle(th).position}`).join()"
    )


def test_paper_has_the_whole_spec(browser, tmp_path):
    page = browser.new_page()
    path = Path(tmp_path, "page.html")
    css = Path(__file__).parents[2] / "lmcspec" / "report" / "page.css"
    path.write_text(f"<style>{css.read_text()}</style><details><summary>a.toml</summary><pre>study</pre></details>")
    page.goto(path.as_uri())
    visible = "document.querySelector('pre').checkVisibility()"
    assert not page.evaluate(visible)
    page.emulate_media(media="print")
    assert page.evaluate(visible)
