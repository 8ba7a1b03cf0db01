"""Plans of specs that people run have the ids that they had before plots, metrics and kinds of task became cards.

The ids stand in `ids_before_cards.json`, by place in the study; they were written by the release before. A store of such
a plan is reused as a whole: what is there is looked for by id, and by nothing else. The quickstart is that of then.
"""

import json
from pathlib import Path

import pytest

from lmcspec.plan import compile_study
from lmcspec.spec import load

BEFORE = json.loads(Path(__file__).with_name("ids_before_cards.json").read_text(encoding="utf-8"))
SPECS = Path(__file__).parents[2] / "specs"
OF_THEN = {"quickstart": Path(__file__).with_name("quickstart_before.toml")}


@pytest.mark.parametrize("name", BEFORE)
def test_ids_are_what_they_were(name, monkeypatch):
    monkeypatch.delenv("LMCSPEC_DATA", raising=False)
    plan = compile_study(load(OF_THEN.get(name, SPECS / f"{name}.toml")))
    moved = {role: task for role, task in plan.roles.items() if BEFORE[name].get(role) != task}
    assert moved == {}
    assert plan.roles.keys() == BEFORE[name].keys()
    assert len(plan.tasks) > 100
