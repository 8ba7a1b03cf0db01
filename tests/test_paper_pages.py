"""Pages of results and of what papers leave open: their intervals are those of a report, and their runs are specs."""

import re
from pathlib import Path

import pytest

from lmcspec.report.summary import Cell

ROOT = Path(__file__).parents[1]
PAPERS = {page.name: page.read_text(encoding="utf-8") for page in sorted((ROOT / "docs" / "papers").glob("*.md"))}
RESULTS = {
    page.name: page.read_text(encoding="utf-8") for page in sorted((ROOT / "docs" / "reproductions").glob("*.md"))
}
SPECS = sorted(path for path in (ROOT / "specs" / "sensitivity").glob("*.toml") if not path.stem.startswith("_"))
INTERVAL = re.compile(r"(-?[\d.]+) ± ([\d.]+) \[(-?[\d.]+), (-?[\d.]+)\]")


def sections():
    """(place, n, text) of everything with intervals: a page of results has one n, a page of a paper one for each run."""
    for name, text in RESULTS.items():
        (n,) = re.findall(r"^- \*\*n\*\*: (\d+) (?:replicates|pairs)", text, re.MULTILINE)
        yield name, int(n), text
    for name, text in PAPERS.items():
        for section in re.split(r"^## ", text, flags=re.MULTILINE)[1:]:
            if INTERVAL.search(section):
                (n,) = set(re.findall(r"\bn = (\d+)\b", section))
                yield f"{name}, {section.partition(chr(10))[0]}", int(n), section


@pytest.mark.parametrize(("place", "n", "text"), [pytest.param(*one, id=one[0]) for one in sections()])
def test_intervals_are_those_that_a_report_computes(place, n, text):
    """By t over replicates, up to what rounding the mean and the deviation hides."""
    found = INTERVAL.findall(text)
    assert found, "verdicts of a page have intervals"
    for mean, deviation, low, high in found:
        factor = Cell(0.0, 1.0, n, (0.0,) * n).half_width
        assert factor is not None
        grain = 10.0 ** -len(mean.partition(".")[2]), 10.0 ** -len(deviation.partition(".")[2])
        slack = 0.51 * grain[0] + 0.51 * factor * grain[1] + 0.51 * 10.0 ** -len(low.partition(".")[2])
        assert float(low) == pytest.approx(float(mean) - factor * float(deviation), abs=slack), (mean, deviation, low)
        assert float(high) == pytest.approx(float(mean) + factor * float(deviation), abs=slack), (mean, deviation, high)


@pytest.mark.parametrize("spec", SPECS, ids=lambda path: path.stem)
def test_a_small_study_has_its_place_in_a_page(spec):
    header = spec.read_text(encoding="utf-8")
    (page,) = re.findall(r"^# Results: docs/papers/([\w-]+\.md)$", header, re.MULTILINE)
    command = re.findall(r"`(lmcspec run \S+ [^`]*)`", PAPERS[page])
    (own,) = [one for one in command if f"specs/sensitivity/{spec.stem}.toml" in one]
    assert own in header, "the command is that of the header"


def test_every_page_is_there_and_says_by_what_it_was_measured():
    assert set(PAPERS) == {"README.md", "instability.md", "sparse-lmc.md", "synthetic-imp.md", "alignment.md"}
    assert all(word in PAPERS["README.md"] for word in ("**Commit**", "**Hardware**", "**Numbers**"))
    for name in set(PAPERS) - {"README.md"}:
        assert f"({name})" in PAPERS["README.md"]
        assert re.search(r"^\| .+ \| .+ \| .+ \|", PAPERS[name], re.MULTILINE)


@pytest.mark.parametrize("name", PAPERS)
def test_its_links_lead_somewhere(name):
    for target in re.findall(r"\]\(([^)#]+)(?:#[\w-]+)?\)", PAPERS[name]):
        assert (ROOT / "docs" / "papers" / target).exists(), target
    for target, anchor in re.findall(r"\]\(([^)#]*)#([\w-]+)\)", PAPERS[name]):
        page = (ROOT / "docs" / "papers" / (target or name)).read_text(encoding="utf-8")
        titles = re.findall(r"^#+ (.+)$", page, re.MULTILINE)
        assert anchor in {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}, anchor
