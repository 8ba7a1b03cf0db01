"""The form of a page: what a reader of screens, a phone and a dark room need of its HTML and its colours."""

import re
from dataclasses import dataclass, field
from functools import cache
from html.parser import HTMLParser
from importlib.resources import files
from itertools import islice, pairwise
from urllib.parse import unquote

import pytest
from permutations_for_tests import TEXT as PERMUTED
from permutations_for_tests import result
from results_for_tests import Results, made_up, plan_of
from specs_for_tests import plan_of as plan_of_whole
from test_page import Recorded

from lmcspec.report import tidy
from lmcspec.report.anchors import anchor_of
from lmcspec.report.html import html
from lmcspec.report.origin import Known
from lmcspec.report.page import page
from lmcspec.report.pictures import pictures

QUICK = """
[networks]
dense = []
imp = [{ data = "real", rounds = 3 }]
shuffled = { like = "imp", mask = "shuffled" }
[measures]
accuracy = {}
stability = { levels = ["last"], at = [0, "20it"], copies = 2 }
matching = {}
"""
CASES = QUICK + "[sweep.grid]\nreplicates = [1, 2]\n"
VOID = {"meta", "img", "br"}
HEADINGS = ("h1", "h2", "h3", "h4")


@dataclass
class Element:
    name: str
    attributes: dict[str, str | None]
    within: tuple["Element", ...]
    text: str = ""
    children: list["Element"] = field(default_factory=list)

    def inside(self, name: str) -> bool:
        return any(outer.name == name for outer in self.within)


class Tree(HTMLParser):
    """All elements of a page; each is closed by its own name."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.every: list[Element] = []
        self._open: list[Element] = []
        self.feed(text)
        self.close()
        assert not self._open

    def handle_starttag(self, tag, attrs):
        element = Element(tag, dict(attrs), tuple(self._open))
        self.every.append(element)
        if self._open:
            self._open[-1].children.append(element)
        if tag not in VOID:
            self._open.append(element)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self._open.pop()

    def handle_endtag(self, tag):
        assert self._open.pop().name == tag

    def handle_data(self, data):
        for element in self._open:
            element.text += data

    def of(self, *names: str) -> list[Element]:
        return [element for element in self.every if element.name in names]


def quickly(target):
    return None if (target.network, target.level) == ("imp", 2) else 0.02 + 0.01 * target.replicate


@cache
def study(name: str) -> str:
    match name:
        case "quickstart":
            plan = plan_of(QUICK)
            store = Recorded(made_up(plan, quickly).found)
        case "cases":
            plan = plan_of(CASES)
            store = Recorded(made_up(plan, quickly).found)
        case "permutations":
            plan = plan_of_whole(PERMUTED)
            store = Recorded({target.task: result(target) for target in plan.targets})
        case _:
            plan, store = plan_of("networks.dense = []"), Results()
    rows = tidy(plan, store)
    drawn = list(islice(pictures(plan, rows, store, {}, ("svg",)), None if name == "quickstart" else 2))
    runs = dict.fromkeys(plan.tasks, "0123abcd")
    known = Known("Is it <stable>?", command="lmcspec run study.toml", links=dict.fromkeys(plan.tasks, "http://server"))
    return html(page(plan, rows, store, runs, known), drawn)


@pytest.fixture(scope="module", params=["quickstart", "cases", "permutations", "empty"])
def tree(request):
    return Tree(study(request.param))


def test_language_title_and_landmarks(tree):
    (document,) = tree.of("html")
    assert document.attributes["lang"] == "en"
    assert [element.text for element in tree.of("title") if element.inside("head")] == ["Is it <stable>?"]
    assert [len(tree.of(name)) for name in ("header", "main", "h1")] == [1, 1, 1]
    named = tree.of("nav", "section")
    ids = {element.attributes.get("id") for element in tree.every}
    assert all(
        element.attributes.get("aria-label") or element.attributes.get("aria-labelledby") in ids for element in named
    )
    assert "width=device-width" in str([element.attributes for element in tree.of("meta")])


def test_no_heading_skips_a_level(tree):
    depths = [int(element.name[1]) for element in tree.of(*HEADINGS)]
    assert depths[0] == 1 and all(later <= earlier + 1 for earlier, later in pairwise(depths))
    assert all(element.text.strip() for element in tree.of(*HEADINGS))


def test_tables_have_captions_and_scopes(tree):
    tables = tree.of("table")
    assert all(table.children[0].name == "caption" and table.children[0].text.strip() for table in tables)
    for table in tables:
        columns = [th for th in tree.of("th") if table in th.within and th.inside("thead")]
        assert columns and {th.attributes["scope"] for th in columns} == {"col"}
    for row in (row for row in tree.of("tr") if row.inside("tbody")):
        first, *others = row.children
        assert (first.name, {other.name for other in others} <= {"td"}) == ("th", True)
        assert first.attributes["scope"] in ("row", "rowgroup")
        assert first.text.strip(), "what a row is of is said in each, seen or not"
    boxes = [element for element in tree.of("div") if element.attributes.get("class") == "wide"]
    assert len(boxes) == len(tables) and all(box.attributes["tabindex"] == "0" for box in boxes), "by the keyboard, too"


def test_rows_are_as_wide_as_their_table(tree):
    for table in tree.of("table"):
        widths = {
            sum(int(cell.attributes.get("colspan") or 1) for cell in row.children)
            for row in tree.of("tr")
            if table in row.within
        }
        assert len(widths) == 1


def test_figures_have_captions_and_pictures_words(tree):
    for figure in tree.of("figure"):
        assert [child.name for child in figure.children].count("figcaption") == 1
    assert all(picture.attributes["alt"] for picture in tree.of("img"))
    assert all(
        svg.attributes["aria-label"] and not svg.inside("a") for svg in tree.of("svg") if svg.attributes.get("role")
    )


def test_addresses_are_of_one_element_each_and_every_link_has_a_place_and_words(tree):
    ids = [element.attributes["id"] for element in tree.every if "id" in element.attributes]
    assert len(set(ids)) == len(ids) and not any(re.search(r"\s", id_) for id_ in ids)
    for link in tree.of("a"):
        target = link.attributes["href"]
        assert link.text.strip()
        assert not target.startswith("#") or unquote(target[1:]) in ids
    assert all(element.children[0].name == "summary" for element in tree.of("details"))


def test_numbers_lead_to_their_tasks_and_back():
    tree = Tree(study("quickstart"))
    by_id = {element.attributes["id"]: element for element in tree.every if "id" in element.attributes}
    cell = by_id["at/imp/l3/stability/k=20"]
    (link,) = cell.children
    assert link.attributes["href"] == "#imp/l3/stability/k=20"
    row = by_id["imp/l3/stability/k=20"]
    assert "stability k=20it of imp at level 3" in row.text and link.text in row.text
    back = [inner for inner in tree.of("a") if row in inner.within]
    assert [inner.attributes["href"] for inner in back] == ["#at/imp/l3/stability/k=20"]
    (again,) = [inner for inner in tree.of("code") if row in inner.within]
    words = "--target 'imp/s0/l3/path k=20 0-1' --force 'imp/s0/l3/path k=20 0-1'"
    assert again.text.startswith(f"lmcspec run study.toml {words} --target ")
    tasks = [other for other in tree.of("tr") if other.within == row.within and other is not row]
    assert [task.children[0].text for task in tasks] == ["s0", "s1", "s2"]
    assert all("http://server" in str([a.attributes for a in tree.of("a") if task in a.within]) for task in tasks)


def test_networks_that_share_a_number_share_its_tasks():
    tree = Tree(study("quickstart"))
    by_id = {element.attributes["id"]: element for element in tree.every if "id" in element.attributes}
    row = by_id["dense/l0/accuracy"]
    assert row in by_id["imp/l0/accuracy"].within and row in by_id["shuffled/l0/accuracy"].within
    assert "accuracy of dense, imp, shuffled at level 0" in row.text


def test_more_columns_than_fit_side_by_side_are_a_line_a_number():
    plan = plan_of_whole(PERMUTED)
    tree = Tree(study("permutations"))
    section = next(section for section in tree.of("section") if section.attributes.get("class") == "details")
    rows = [[cell.text for cell in row.children] for row in tree.of("tr") if section in row.within]
    assert rows[0] == ["network", "measure", "level", "sparsity", "mean ± std (n)"]
    named = {(row[0], row[1]) for row in rows[1:]}
    places = {anchor_of(target) for target in plan.targets if target.through is None}
    assert len(rows) - 1 == len(named) == len(places) and ("dense", "ends under wm") in named


# Colours.

CSS = files("lmcspec.report").joinpath("page.css").read_text(encoding="utf-8")
READ = ("ink", "dim", "link", "amiss", "head")


def colours(css: str) -> dict[str, str]:
    return dict(re.findall(r"--([a-z]+): *(#[0-9a-f]{3,6});", css))


LIGHT = colours(CSS[: CSS.index("@media")])
DARK = LIGHT | colours(CSS[CSS.index("@media") : CSS.index("body {")])


def luminance(colour: str) -> float:
    """By WCAG 2.2: of linear parts of red, green and blue."""
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    parts = (int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4))
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def test_contrast_is_that_of_the_standard():
    assert contrast("#000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#fff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("behind", ["page", "box", "here"])
@pytest.mark.parametrize("words", READ)
def test_words_can_be_read(theme, behind, words):
    assert contrast(theme[words], theme[behind]) >= 4.5, "AA of WCAG, for text of any size"


def test_all_colours_of_words_are_of_the_themes():
    assert LIGHT.keys() == DARK.keys() >= {*READ, "page", "box", "here", "card"}
    rules = CSS[CSS.index("body {") :]
    assert set(re.findall(r"(?<![-\w])color: ([^;]+);", rules)) <= {f"var(--{name})" for name in READ} | {"inherit"}
    assert not re.search(r"#[0-9a-f]{3,6}\b", rules), "colours have names"
    assert DARK["card"] == "#fff", "figures are drawn for white"
