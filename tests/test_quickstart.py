"""What the quickstart's header promises is what `.ci/quickstart.py` checks after each run, and that finds what is amiss."""

import importlib.util
import re
import sys
from itertools import product
from pathlib import Path

import pytest
from papers_for_tests import Specs

from lmcspec.base.facts import DataFacts
from lmcspec.catalog import get
from lmcspec.catalog.card import DatasetCard
from lmcspec.plan.outlook import images_to_see, outlook
from lmcspec.spec import load

ROOT = Path(__file__).parents[1]
SPEC = ROOT / "specs" / "quickstart.toml"
NUMBER = re.compile(r"\d+(?:,\d{3})*(?:\.\d+)?")


def module(path):
    spec = importlib.util.spec_from_file_location("quickstart_claims", path)
    assert spec is not None and spec.loader is not None
    sys.modules[spec.name] = loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


check = module(ROOT / ".ci" / "quickstart.py")
TEXT = SPEC.read_text(encoding="utf-8")
HEADER = check.header(TEXT)
TABLE = check.table(HEADER)
SPECS = Specs(SPEC.parent)


def written(line):
    """A line of the table as a person would write it, one space wide."""
    cells = [f"{line.network} {line.sparsity:g} %"]
    for k in (0, 3):
        bounds = line.instability.get(k)
        word = f", {bounds.word}" if bounds and bounds.word else ""
        cells.append(f"{bounds.low:g} to {bounds.high:g}{word}" if bounds else "-")
    return " ".join(cells)


def narrow(line):
    return " ".join(line.split())


def numbers(text):
    return sorted(float(number.replace(",", "")) for number in NUMBER.findall(text))


def rows_within():
    """Results in the middle of all that the header promises, three replicates of each number."""
    rows = []
    for line, replicate in product(TABLE, range(check.REPLICATES)):
        level = {"dense": 0, "imp": 3, "imp-k3": 3}.get(line.network, 5)
        shared = {"network": line.network, "level": level, "replicate": replicate, "sparsity": line.sparsity / 100}
        shared |= {"outcome": "ok"}
        rows.append(shared | {"metric": "test/accuracy", "value": 0.97, "at": "", "at_updates": 0})
        for k, bounds in line.instability.items():
            place = {"metric": "instability/test", "at": {0: "0ep", 3: "3ep"}[k], "at_updates": 45 * k}
            rows.append(shared | place | {"value": (bounds.low + bounds.high) / 200})
    return rows


def printed_of(rows):
    """The lines of verdicts beneath such results."""
    lines = []
    for line in TABLE:
        level = next(row["level"] for row in rows if row["network"] == line.network)
        words = "; ".join(
            f"{bounds.word} (n = 3) at level {level} from k = {check.STEPS[k]}, 95 % t-interval [0.31, 0.90]"
            for k, bounds in line.instability.items()
            if bounds.word
        )
        lines.append(f"  {line.network}  {words}; matches dense up to level {level} (n = 3)")
    return "\n".join(lines)


def failed(rows, printed, text=TEXT):
    return [claim.text for claim in check.claims(text, rows, printed) if not claim.holds]


def test_every_line_of_the_table_is_read_and_read_back():
    begin = next(place for place, line in enumerate(HEADER) if line.split()[:1] == ["network"])
    lines = []
    for line in HEADER[begin + 1 :]:
        if not line.strip():
            break
        lines.append(narrow(line))
    assert [written(line) for line in TABLE] == lines
    assert {line.network for line in TABLE} == set(load(SPEC).cases[0].study.networks)
    assert all(line.instability for line in TABLE)


def test_every_sentence_after_the_table_is_checked():
    """In their order: what instability is, then what CI looks at."""
    begin = max(place for place, line in enumerate(HEADER) if check.LINE.fullmatch(line.strip()))
    text = narrow(" ".join(HEADER[begin + 1 :]))
    definition, *sentences = re.split(r"(?<=\.) (?=[A-Z])", text)
    assert definition.startswith("Instability is by how many points ") and not numbers(definition)
    *words, accuracy = sentences
    assert words == list(check.SENTENCES)
    assert check.ACCURACY.match(accuracy) and len(numbers(accuracy)) == 2
    promised = {(line.network, k): bounds.word for line in TABLE for k, bounds in line.instability.items()}
    assert all(rests_on.items() <= promised.items() for rests_on in check.SENTENCES.values())


def test_every_other_number_of_the_header_is_one_of_the_study():
    card = get("dataset", "digits")
    assert isinstance(card, DatasetCard)
    facts = card.facts
    assert isinstance(facts, DataFacts)
    study = load(SPEC).cases[0].study
    assert study.replicates == check.REPLICATES
    images = facts.classes * study.distilled["dm10"].model_dump()["ipc"]
    counts = SPECS.counts("quickstart")
    table_begins = next(place for place, line in enumerate(HEADER) if line.split()[:1] == ["network"])
    said = narrow(" ".join(HEADER[:table_begins]))
    of_the_study = [facts.train + facts.test, facts.train, images, 3, sum(counts.values())]
    seen = images_to_see(outlook(SPECS.planned("quickstart"), None))
    of_the_study += [counts["train"], counts["distilled"], seen, 90]
    assert numbers(said) == sorted(map(float, of_the_study))
    assert "it may take 90 on an idle machine" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


def test_the_readme_says_what_the_header_says():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    text = narrow(readme)
    bounds = {(line.network, k): bounds for line in TABLE for k, bounds in line.instability.items()}
    dense, stable = bounds["dense", 0], bounds["stable", 0]
    said = (
        f"unstable from the start, by {dense.low:g} to {dense.high:g} points of test error, and stable from epoch 3 on"
    )
    assert said in text
    assert f"the distilled mask is stable from the start, by less than {stable.high:g} points" in text
    shown = re.search(r"```toml\n(.*?)```", readme, re.DOTALL)
    assert shown is not None
    assert {narrow(line) for line in shown[1].splitlines()} <= {narrow(line) for line in TEXT.splitlines()}
    running = (ROOT / "docs" / "running.md").read_text(encoding="utf-8")
    assert f"planned {sum(SPECS.counts('quickstart').values())} tasks" in running


def test_results_within_the_bounds_pass():
    rows = rows_within()
    assert failed(rows, printed_of(rows)) == []


@pytest.mark.parametrize("network", [line.network for line in TABLE])
def test_an_instability_out_of_its_bounds_is_told(network):
    line = next(line for line in TABLE if line.network == network)
    for k, bounds in line.instability.items():
        rows = rows_within()
        for row in rows:
            if (row["network"], row["metric"], row["at_updates"]) == (network, "instability/test", 45 * k):
                row["value"] = bounds.high / 100 + 0.001
        told = failed(rows, printed_of(rows))
        assert [text for text in told if f"{network} at level" in text and f"from k = {k}" in text], told
        assert all(text.startswith(f"{network} at level") for text in told)


def test_verdicts_that_are_not_printed_are_told():
    rows = rows_within()
    undecided = "    verdicts undecided (n = 2): they need 3 replicates"
    promised = sum(bool(bounds.word) for line in TABLE for bounds in line.instability.values())
    assert len(failed(rows, undecided)) == promised > 0


def test_a_replicate_too_few_and_a_collapse_are_told():
    rows = rows_within()
    printed = printed_of(rows)
    fewer = [row for row in rows if row["replicate"] < 2]
    assert len(failed(fewer, printed)) > len(TABLE)
    rows[0]["outcome"] = "diverged"
    assert failed(rows, printed) == ["every result is ok: diverged"]


def test_accuracies_of_all_networks_are_there_in_all_replicates():
    rows = rows_within()
    printed = printed_of(rows)
    first = next(row for row in rows if row["metric"] == "test/accuracy")
    first["value"] = None
    assert failed(rows, printed) == ["the header says how accurate all are, and all replicates have accuracies"]


def test_a_sentence_that_no_verdict_holds_is_told():
    rows = rows_within()
    without = TEXT.replace("is stable from the start", "is quiet from the start")
    assert without != TEXT
    assert len(failed(rows, printed_of(rows), without)) == 1


def test_a_cell_that_says_something_else_is_no_cell():
    with pytest.raises(SystemExit, match="about 9"):
        check.table(["  dense   0 %   about 9   0 to 1, stable"])


def test_verdicts_are_read_as_they_are_printed():
    printed = (
        "quickstart\n"
        "  imp     unstable (n = 3) at level 0 from k = 0, 95 % t-interval [10.00, 20.00]; stable, within the noise of "
        "360 images (n = 3) at levels 3, 5–7 from k = 0, 3ep and at level 0 from k = 3ep, 95 % t-intervals within "
        "[0.10, 0.90]; matches dense up to level 3 (n = 3)\n"
        "  stable  stable (n = 2) at level 5 from k = 0\n"
    )
    stable = {("imp", "stable", level, k) for level in (3, 5, 6, 7) for k in ("0", "3ep")}
    assert check.verdicts(printed) == stable | {("imp", "unstable", 0, "0"), ("imp", "stable", 0, "3ep")}
