"""How results came about: from records that are written by hand."""

from pathlib import Path
from types import SimpleNamespace

import pytest
import tomli
from hypothesis import given
from hypothesis import strategies as st
from results_for_tests import BASE, Results, plan_of

from lmcspec.report.origin import Known, commits_of, origin_of, spec_texts, toml
from lmcspec.spec import load
from lmcspec.store import Store, open_journal
from lmcspec.version import __version__

TEXT = 'networks.imp = [{ data = "real", rounds = 1 }]\nmeasures.accuracy = {}\n'
NUMERICS = {"device": "cpu", "cpu": "EPYC", "torch": "2.9", "python": "3.12.1", "lmcspec": "0.1.0"}


def told(records):
    plan = plan_of(TEXT)
    results = Results({task: SimpleNamespace(record=record) for task, record in zip(plan.tasks, records, strict=False)})
    return dict(origin_of(plan, results, Known()).facts)


def record(committed, machine=None, **numerics):
    return {"committed": committed, "numerics": NUMERICS | numerics, "machine": machine or {}, "host": "secret"}


def test_when_by_what_and_on_what():
    machine = {"cores": 16, "name": "secret", "system": "Linux-6.1-x86_64"}
    facts = told([record(1796074505.1, machine), record(1796074999.9, machine)])
    assert facts == {
        "results": "2026-11-30 21:35 to 21:43 UTC",
        "computed by": "lmcspec 0.1.0, torch 2.9, Python 3.12.1",
        "computed on": "EPYC, 16 cores, Linux",
        "page made by": f"lmcspec {__version__}",
    }, "and no name of a machine"


def test_several_days_versions_and_devices():
    facts = told([record(0.0), record(86400.0, device="H200"), record(86400.0, torch="2.8")])
    assert facts["results"] == "1970-01-01 00:00 to 1970-01-02 00:00 UTC"
    assert facts["computed by"] == (
        "lmcspec 0.1.0, torch 2.9, Python 3.12.1 (2 tasks); lmcspec 0.1.0, torch 2.8, Python 3.12.1 (1 task)"
    )
    assert facts["computed on"] == "EPYC (2 tasks); H200, EPYC (1 task)"
    many = told([record(0.0, torch=f"2.{minor}") for minor in range(5)])["computed by"]
    assert many.count("(1 task)") == 3 and many.endswith("; and 2 more, see Numerics")


def test_of_nothing_there_is_nothing_to_tell():
    assert told([]) == {"page made by": f"lmcspec {__version__}"}
    assert told([{}]) == {"page made by": f"lmcspec {__version__}"}, "a record of an older version"


def test_commits_of_a_study_the_last_run_first(tmp_path):
    store = Store.open(tmp_path / "store")
    begun = [("a", "11", False), ("a", "22", True), ("b", "33", False), ("a", "", False), ("a", "22", True)]
    for study, commit, dirty in begun:
        open_journal(store, study, {}, None, {"commit": commit, "dirty": dirty, "user": "secret"}).close()
    assert commits_of(store, "a") == ("22 with changes", "11")
    facts = dict(origin_of(plan_of(TEXT), Results(), Known(commits=commits_of(store, "a"))).facts)
    assert facts["commit of the spec"] == "22 with changes; 1 other in earlier runs"


def test_commands_are_told_as_far_as_they_are_known():
    known = Known(command="lmcspec run a.toml", page="lmcspec report a.toml")
    commands = origin_of(plan_of(TEXT), Results(), known).commands
    assert commands == (("make this page", "lmcspec report a.toml"), ("run the study", "lmcspec run a.toml"))


def test_the_spec_as_written_and_what_it_amounts_to(tmp_path):
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "base.toml").write_text("# A comment.\n" + BASE)
    written = f'extends = "../parts/base.toml"\nstudy = "extended"\n{TEXT}'
    (tmp_path / "studies").mkdir()
    (tmp_path / "studies" / "a.toml").write_text(written)
    loaded = load(tmp_path / "studies" / "a.toml", ["replicates=7"])
    texts = {text.name: text.text for text in spec_texts(loaded)}
    assert list(texts) == ["a.toml", "../parts/base.toml", "the spec with all that it extends"]
    assert texts["a.toml"] == written and "# A comment." in texts["../parts/base.toml"]
    assert not any(str(tmp_path) in text for text in texts)
    whole = tomli.loads(texts["the spec with all that it extends"])
    assert (whole["study"], whole["replicates"], whole["model"]["widths"]) == ("extended", 7, [8])
    Path(tmp_path, "whole.toml").write_text(texts["the spec with all that it extends"])
    assert load(tmp_path / "whole.toml").cases[0].study == loaded.cases[0].study, "it is the same study"


NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)
SCALARS = st.booleans() | st.integers(-(2**62), 2**62) | st.floats(allow_nan=False) | NAMES
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3), max_leaves=8
)


@pytest.mark.hypothesis
@given(st.dictionaries(NAMES, VALUES, max_size=5))
def test_toml_of_any_tree_is_read_as_that_tree(tree):
    assert tomli.loads(toml(tree)) == tree
