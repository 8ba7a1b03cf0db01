"""Several studies on one page: nothing of one is taken for another's, and differences are those of `diff`."""

import re
from dataclasses import replace
from itertools import pairwise
from statistics import fmean
from urllib.parse import unquote

import pytest
from results_for_tests import BASE, made_up
from specs_for_tests import plan_of as plan_of_whole
from test_page import Recorded
from test_page_form import HEADINGS, Tree

from lmcspec.report import tidy
from lmcspec.report.anchors import distinct
from lmcspec.report.html import html_of_several
from lmcspec.report.origin import Known
from lmcspec.report.page import page
from lmcspec.report.pictures import pictures
from lmcspec.report.several import joint
from lmcspec.report.study_part import StudyPart

TEXT = """
[networks]
dense = []
imp = [{ data = "real", rounds = 1 }]
[measures]
accuracy = {}
stability = { levels = ["last"], at = [0], copies = 2 }
matching = {}
"""
FIGURES = "accuracy-vs-sparsity", "cost"
MATCHES = (
    "matches dense up to level 1, 20.0% sparse (n = 3), off dense by -0.10 [-0.35, +0.15] (paired 95 % t-interval)"
)


def part(name: str, text: str, worse: float = 0.0, title: str = "", there=lambda target: True) -> StudyPart:
    plan = plan_of_whole(BASE.replace("lr = 0.1", f"lr = {0.1 + worse}") + text)

    def error(target):
        return 0.05 + worse + 0.001 * target.replicate * (target.level + 1) if there(target) else None

    store = Recorded(made_up(plan, error).found)
    rows = tidy(plan, store)
    text_of_page = replace(page(plan, rows, store, {}, Known(title)), prefix=f"{name}/")
    every = pictures(plan, rows, store, {}, ("svg",), prefix=f"{name}/")
    drawn = [replace(picture, file=f"{name}-{picture.file}") for picture in every]
    return StudyPart(text_of_page, tuple(drawn), None, tuple(rows))


@pytest.fixture(scope="module")
def both():
    more = TEXT.replace("[measures]", 'late = [{ data = "real", rounds = 1, rewind = "20it" }]\n[measures]')
    return joint([part("a", TEXT, title="The first"), part("b", more, 0.1, title="The second")])


@pytest.fixture(scope="module")
def tree(both):
    return Tree(html_of_several(both))


def test_verdicts_stand_side_by_side(both):
    assert both.title == "The first · The second"
    assert both.verdicts.headings == ("network", "a", "b")
    lines = {line[0].text: [cell.text for cell in line[1:]] for line in both.verdicts.lines}
    assert list(lines) == ["dense", "imp", "late"]
    # Errors rise by 5, 5.2 and 5.4 points in the first study, by ten more in the second: 4.303 · 0.2 / √3 = 0.50.
    first, second = (
        f"unstable (n = 3) at level 1 from k = 0, 95 % t-interval [{low}, {high}]; {MATCHES}"
        for low, high in (("4.70", "5.70"), ("14.70", "15.70"))
    )
    assert lines["imp"] == [first, second]
    assert lines["late"] == ["", MATCHES], "of two copies that part before its rewind point there is nothing"


def test_differences_are_of_what_both_measure_and_lead_to_each_study(both):
    lines = {(line[0].text, line[1].text, line[2].text): line[3:] for line in both.differences.lines}
    a, b, between = lines["imp", "1", "accuracy %"]
    assert fmean([5, 5.2, 5.4]) == pytest.approx(100 - float(a.text.split()[0]))
    assert (a.anchor, b.anchor) == ("a/imp/l1/accuracy", "b/imp/l1/accuracy")
    assert between.text.startswith("-10.00")
    assert "only b measures" in both.notes[-1]
    assert not any(network == "late" for network, *_ in lines)


def test_figures_of_equal_kind_stand_beside_each_other_and_nowhere_else(both):
    assert [[name for name, _ in pair.shown] for pair in both.pairs] == [["a", "b"]] * len(both.pairs)
    assert {picture.drawing.name for pair in both.pairs for _, picture in pair.shown} >= set(FIGURES)
    files = [picture.file for pair in both.pairs for _, picture in pair.shown]
    files += [picture.file for one in both.parts for picture in one.pictures]
    assert len(set(files)) == len(files)


def test_no_address_is_of_two_and_every_link_has_its_place(tree):
    ids = [element.attributes["id"] for element in tree.every if "id" in element.attributes]
    assert len(set(ids)) == len(ids)
    links = [unquote(link.attributes["href"][1:]) for link in tree.of("a") if link.attributes["href"].startswith("#")]
    assert set(links) <= set(ids)
    of_one = [link for link in links if link.startswith("a/")]
    assert of_one and all(link.startswith(("a/", "b/")) or link in ("figures", "differences") for link in links)


def test_headings_go_down_one_by_one(tree):
    depths = [int(element.name[1]) for element in tree.of(*HEADINGS)]
    assert depths[0] == 1 and all(later <= earlier + 1 for earlier, later in pairwise(depths))
    assert [element.text for element in tree.of("h2")][-2:] == ["a", "b"]


def test_three_studies_have_no_difference(tree):
    three = joint([part(name, TEXT) for name in "abc"])
    assert three.differences is None and three.verdicts.headings == ("network", "a", "b", "c")
    assert "Numbers side by side" not in html_of_several(three)


def test_a_study_that_measures_nothing_says_so_beside_one_that_does():
    empty = "networks.dense = []"
    text = html_of_several(joint([part("a", TEXT), part("b", TEXT), part("e", empty)]))
    of_studies = dict(zip("abe", re.split(r'<section class="study details"', text)[1:], strict=True))
    elsewhere = "Those of this study stand side by side with another"
    assert [elsewhere in of_studies[name] for name in "abe"] == [True, True, False]
    assert "There is nothing to draw." in of_studies["e"]
    assert "e: nothing is measured." in text and "all 0 results" not in text


def test_a_study_without_results_says_so_beside_one_with_verdicts():
    table = joint([part("a", TEXT), part("b", TEXT, there=lambda target: False)]).verdicts
    lines = {line[0].text: [cell.text for cell in line[1:]] for line in table.lines}
    assert lines["all networks"] == ["", "No verdict yet: results are missing."]
    assert lines["imp"][0] and not lines["imp"][1]


@pytest.mark.parametrize(
    ("measures", "says"),
    [
        ("accuracy = {}", "No study asks for a verdict: the figures and tables below are the answer."),
        ("accuracy = {}\nmatching = {}", "No verdict yet: results are missing."),
    ],
)
def test_why_no_study_has_a_verdict(measures, says):
    text = f"networks.imp = [{{ rounds = 1 }}]\n[measures]\n{measures}"
    both = joint([part(name, text, there=lambda target: False) for name in "ab"])
    assert both.unanswered == says and f"<p>{says}</p>" in html_of_several(both)


def test_one_study_twice_is_two():
    names = distinct(["a", "a"])
    twice = joint([part(name, TEXT) for name in names])
    text = html_of_several(twice)
    ids = re.findall(r'\bid="([^"]+)"', text)
    assert len(set(ids)) == len(ids) and {"a/study", "a-2/study"} < set(ids)
    assert [line[-1].text for line in twice.differences.lines] == ["same results"] * 5
