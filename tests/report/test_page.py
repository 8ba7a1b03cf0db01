"""The page of a report: what it says, that its links lead somewhere, and that nothing outside it is loaded."""

import re
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser
from pathlib import Path
from statistics import fmean, stdev
from urllib.parse import unquote

import pytest
from results_for_tests import Results, made_up, plan_of

from lmcspec.report import tidy
from lmcspec.report.figures import Drawing
from lmcspec.report.html import Picture, html
from lmcspec.report.origin import Known
from lmcspec.report.page import page

TEXT = """
[networks]
dense = []
imp = [{ data = "real", rounds = 2 }]
late = [{ data = "real", rounds = 1, rewind = "20it" }]
[measures]
accuracy = {}
stability = { networks = ["imp"], levels = ["last"], at = [0], copies = 3 }
matching = {}
"""
GOLDEN = Path(__file__).with_name("page_table.html")


class Recorded(Results):
    """Made-up results with what a store knows of them; tasks of one kind ran on a GPU."""

    def find(self, identifier):
        found = super().find(identifier)
        if found is None:
            return None
        device = "H200" if "paths" in found.scalars else "cpu"
        record = {"seconds": 2.0, "numerics": {"device": device, "torch": "2.9", "threads": 1, "python": "3.12"}}
        path = Path("/store/objects", identifier[:2], identifier)
        return type("Stored", (), {"scalars": found.scalars, "outcome": found.outcome, "record": record, "path": path})


def made(target):
    if (target.network, target.level, target.replicate) == ("late", 1, 0):
        return "diverged"
    if (target.network, target.level, target.replicate) == ("imp", 1, 2):
        return None
    if target.kind == "stability":
        return 0.01 + 0.003 * sum(target.copies)
    return 0.05 + 0.01 * target.level + 0.001 * target.replicate


@pytest.fixture(scope="module")
def plan():
    return plan_of(TEXT)


@pytest.fixture(scope="module")
def store(plan):
    return Recorded(made_up(plan, made).found)


@pytest.fixture(scope="module")
def found(plan, store):
    runs = {plan.roles["imp/s0/l2/train"]: "run-of-imp"}
    known = Known("A <title> & more", "Figure 1", "study.toml", command="lmcspec run study.toml")
    return page(plan, tidy(plan, store), store, runs, known)


@dataclass
class Read(HTMLParser):
    """What a page holds."""

    ids: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)
    tags: set[str] = field(default_factory=set)
    open: list[str] = field(default_factory=list)
    text: str = ""

    def __post_init__(self):
        super().__init__()

    def handle_starttag(self, tag, attrs):
        own = dict(attrs)
        self.tags.add(tag)
        self.ids += [own["id"]] if "id" in own else []
        self.links += [own["href"]] if "href" in own else []
        self.sources += [own["src"]] if "src" in own else []
        if tag not in ("meta", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def read(text: str) -> Read:
    parser = Read()
    parser.feed(text)
    parser.close()
    assert parser.open == []
    return parser


PICTURES = [
    Picture("", "a figure", Drawing("a", "A & B", None, "<caption>"), {"svg": b"<svg/>", "png": b"png"}),
    Picture("", "none", Drawing("none", "None", None, notes=("not there <yet>",)), {}),
]


def test_every_link_leads_somewhere_and_nothing_is_loaded(found):
    text = html(found, PICTURES)
    parsed = read(text)
    assert len(set(parsed.ids)) == len(parsed.ids)
    inside = [link for link in parsed.links if link.startswith("#")]
    assert {unquote(link[1:]) for link in inside} <= set(parsed.ids)
    assert len(inside) > 10
    assert [link for link in parsed.links if not link.startswith("#")] == ["a%20figure.svg", "a%20figure.png"]
    assert parsed.sources == ["data:image/svg+xml;base64,PHN2Zy8+"]
    assert not parsed.tags & {"script", "link", "iframe", "object"}
    assert "http" not in text
    assert "@import" not in text


def test_what_people_wrote_is_text_and_never_markup(found):
    parsed = read(html(found, PICTURES))
    assert "A <title> & more" in parsed.text
    assert "<caption>" in parsed.text
    assert "not there <yet>" in parsed.text


def test_a_number_names_the_tasks_of_all_its_copies(plan, found):
    """Three copies are three pairs, in each of three replicates."""
    (part,) = found.cases
    line = next(line for line in part.results.lines if (line[0].text, line[1].text) == ("imp", "2"))
    stability = next(cell for cell in line if cell.anchor == "imp/l2/stability/k=0")
    assert set(stability.tasks) == {target.task for target in plan.targets if target.kind == "stability"}
    assert len(stability.tasks) == 9


def test_the_answer_comes_first(found):
    text = read(html(found, PICTURES)).text
    assert text.index("no level matches (n = 3)") < text.index("Figures")
    assert "stable (n = 3) at level 2 from k = 0" in text
    assert "imp, accuracy: 1 result missing at level 1" in text
    assert "late, accuracy: 1 result diverged at level 1" in text
    assert "20 of 21 results, 1 diverged" in text


def test_numbers_name_their_tasks(plan, found):
    part = found.cases[0]
    assert part.results.headings == ("network", "level", "sparsity", "accuracy %", "instability k=0")
    line = next(line for line in part.results.lines if (line[0].text, line[1].text) == ("imp", "2"))
    values = [100 * (1 - 0.07 - 0.001 * s) for s in range(3)]
    assert line[3].text == f"{fmean(values):.2f} ± {stdev(values):.2f} (3)"
    assert line[3].tasks == tuple(plan.roles[f"imp/s{s}/l2/train"] for s in range(3))
    assert line[4].text == "1.60 ± 0.00 (3)", "of pairs 0-1, 0-2 and 1-2"
    missing = next(line for line in part.results.lines if (line[0].text, line[1].text) == ("imp", "1"))
    assert (missing[3].amiss, "2 of 3" in missing[3].text) == (True, True)
    assert [(line[0].text, line[1].text) for line in part.sparsest.lines] == [
        ("dense", "0"),
        ("imp", "2"),
        ("late", "1"),
    ]


def test_every_task_of_a_number_is_listed_with_its_place_and_run(plan, found):
    tasks = [task for part in found.sources for number in part.numbers for task in number.tasks]
    listed = {task.id: task for task in tasks if task.first}
    assert len(listed) == len([task for task in tasks if task.first]), "each has one address"
    assert set(listed) == {target.task for target in plan.targets}
    imp = listed[plan.roles["imp/s0/l2/train"]]
    assert (imp.label, imp.value, imp.outcome, imp.run) == ("imp/s0/l2/train", "93.00", "ok", "run-of-imp")
    assert imp.path == f"objects/{imp.id[:2]}/{imp.id}"
    missing = listed[plan.roles["imp/s2/l1/train"]]
    assert (missing.outcome, missing.path, missing.value) == ("missing", "", "")
    pair = listed[plan.roles["imp/s0/l2/path k=0 1-2"]]
    assert (pair.value, pair.copies) == ("1.90", "1-2"), "its own, not the mean of the three pairs"


def test_the_table_as_html(found):
    text = html(found, [])
    section = text[text.index('id="tables"') : text.index('id="settings"')]
    table = re.search(r"<table>.*</table>", section, re.DOTALL)
    assert table is not None
    assert numbered(table[0]) + "\n" == GOLDEN.read_text()


def numbered(text: str) -> str:
    """The text with `t1`, `t2`, … for ids, which are not what it is about."""
    ids: dict[str, str] = {}
    return re.sub(r"\b[0-9a-f]{10,64}\b", lambda match: ids.setdefault(match[0][:10], f"t{len(ids) + 1}"), text)


def test_settings_that_differ_stand_apart_from_those_that_don_t(found):
    part = found.cases[0]
    assert part.settings.headings == ("setting", "dense", "imp", "late")
    lines = {line[0].text: [cell.text for cell in line[1:]] for line in part.settings.lines}
    assert lines["stage1.rewind"] == ["", "0", "20"]
    assert dict(part.common)["recipe.lr"] == 0.1
    assert "recipe.lr" not in lines


def test_cost_and_numerics(found):
    cost = {line[0].text: [cell.text for cell in line[1:]] for line in found.spent.lines}
    # 3 dense trainings, 6 of imp and 3 of late, each 10 epochs of 1,437 images, late without its first 20 updates of
    # 64; copies of imp at its last level 2 more each. The states at 20 are left in passing. One was never there.
    trained = 3 * 14_370 + 6 * 14_370 + 3 * (14_370 - 20 * 64) + 2 * 3 * 14_370
    assert cost["train"][1] == f"{trained:,}"
    assert found.numerics.headings[-1] == "tasks"
    assert {line[0].text: line[-1].text for line in found.numerics.lines}.keys() == {"cpu", "H200"}
    assert sum(int(line[-1].text) for line in found.numerics.lines) == len(
        [task for task in plan_of(TEXT).tasks if task in made_up(plan_of(TEXT), made).found]
    )


def test_cases_stand_under_their_names():
    plan = plan_of(TEXT + "[sweep.grid]\nreplicates = [1, 2]\n")
    store = Recorded(made_up(plan, made).found)
    found = page(plan, tidy(plan, store), store, {})
    assert [part.case for part in found.cases] == ["replicates=1", "replicates=2"]
    text = html(found, [])
    assert text.count("<h2>replicates=2</h2>") == 1, "in the answer"
    assert text.count("<h3>replicates=2</h3>") == 3, "in tables, settings, gaps"


def test_many_gaps_are_listed_further_down():
    plan = plan_of(TEXT.replace("[measures]", "reinit = { like = 'imp', weights = 'reinitialised' }\n[measures]"))
    found = page(plan, tidy(plan, Results()), Recorded(), {})
    text = read(html(found, [])).text
    assert text.index("5 kinds of results are missing or collapsed") < text.index("Tables")
    assert text.count("imp, stability: 3 results missing at level 2") == 1
    assert text.index("imp, stability: 3 results missing") > text.index("Settings of the networks")


def test_a_study_that_measures_nothing():
    plan = plan_of("networks.dense = []")
    found = page(plan, [], Results(), {})
    text = read(html(found, [])).text
    assert "This study measures nothing yet." in text and "nothing is measured." in text
    assert "There is nothing to draw." in text and "results are there" not in text


@pytest.mark.parametrize(
    ("measures", "there", "says"),
    [
        ("accuracy = {}", 0, "The study asks for no verdict: the figures and tables below are its answer."),
        ("accuracy = {}\nmatching = {}", 0, "No verdict yet: results are missing."),
        ("stability = { levels = ['last'] }", 0, "No verdict yet: results are missing."),
        ("stability = { levels = ['last'] }", 1, "verdicts undecided (n = 1): they need 3 replicates"),
        (
            "accuracy = { levels = ['last'] }\nmatching = {}",
            3,
            "No verdict: matching takes accuracies of the dense network and of sparser ones.",
        ),
    ],
)
def test_why_there_is_no_verdict(measures, there, says):
    plan = plan_of(f"networks.imp = [{{ rounds = 1 }}]\n[measures]\n{measures}")
    store = Recorded(made_up(plan, lambda target: 0.1 if target.replicate < there else None).found)
    text = html(page(plan, tidy(plan, store), store, {}), [])
    answer = text.partition('<section class="answer"')[2].partition("</section>")[0]
    assert says in answer and answer.count("erdict") == 1


def test_what_is_on_the_way_is_counted_and_is_no_line_of_a_table():
    plan = plan_of('networks.dense = []\nmeasures.stability = { levels = ["dense"], at = [0], through = 4 }')
    store = Recorded(made_up(plan, lambda target: None if target.through == 92 else 0.01).found)
    made_of = page(plan, tidy(plan, store), store, {})
    # Of each replicate the end and two states on the way, one of which is missing.
    assert made_of.progress == "6 of 9 results"
    (part,) = made_of.cases
    assert part.gaps == ("dense, stability: 3 results missing at level 0",)
    assert [[cell.text for cell in line] for line in part.results.lines] == [["dense", "0", "0.0%", "1.00 ± 0.00 (3)"]]
    assert [len(number.tasks) for part in made_of.sources for number in part.numbers] == [3, 3, 3], "on their way, too"


def test_verdicts_of_a_family_are_of_its_members_with_n_and_interval():
    plan = plan_of(
        'networks.imp = [{ rounds = 1, rewind = { each = [0, "20it"] } }]\n'
        'measures.stability = { levels = ["last"] }\nmeasures.accuracy = {}\nmeasures.matching = {}'
    )

    def value(target):
        if target.kind == "accuracy":
            return 0.1 + 0.01 * target.replicate + (0.002 if (target.level, target.replicate) == (1, 1) else 0)
        return (0.01 if "20it" in target.network else 0.3) + 0.001 * target.replicate

    store = Recorded(made_up(plan, value).found)
    (part,) = page(plan, tidy(plan, store), store, {}).cases
    # Half the t-interval of three values a tenth of a point apart is 4.303 x 0.1 / sqrt(3) = 0.25, that of differences
    # 0, -0.2 and 0 is 4.303 x 0.115 / sqrt(3) = 0.29.
    matches = "matches dense up to level 1, 20.0% sparse (n = 3), off dense by -0.07 [-0.35, +0.22] "
    matches += "(paired 95 % t-interval)"
    assert part.verdicts == (
        ("imp[rewind=0]", f"unstable (n = 3) at level 1 from k = 0, 95 % t-interval [29.85, 30.35]; {matches}"),
        ("imp[rewind=20it]", f"stable (n = 3) at level 1 from k = 20it, 95 % t-interval [0.85, 1.35]; {matches}"),
    )


def test_figures_of_all_cases_stand_once_and_first():
    from lmcspec.report.figures.options import figure_of
    from lmcspec.report.pictures import pictures

    plan = plan_of(
        'networks.dense = []\nmeasures.accuracy = {}\n[[sweep.cases]]\ncase = "a"\n[[sweep.cases]]\ncase = "b"'
    )
    store = Recorded(made_up(plan, lambda target: 0.1).found)
    every = figure_of({"plot": "accuracy-vs-sparsity", "panels": "case"})
    own = figure_of({"plot": "accuracy-vs-sparsity"})
    figures = {case: {"all": every, "each": own} for case in "ab"}
    drawn = list(pictures(plan, tidy(plan, store), store, figures, ("svg",)))
    assert [(one.case, one.file) for one in drawn] == [("", "all"), ("a", "a-each"), ("b", "b-each")]
    found = page(plan, tidy(plan, store), store, {})
    text = read(html(found, [replace(one, files={"svg": b"<svg/>"}) for one in drawn])).text
    assert "Accuracy against sparsity, a" in text and "Accuracy against sparsity\n" in text
    figures = {case: {"a-f": every, "f": figure_of({"plot": "table"})} for case in "ab"}
    drawn = pictures(plan, tidy(plan, store), store, figures, ("svg",))
    assert [one.file for one in drawn] == ["a-f", "a-f-2", "b-f"], "each has a file of its own"
