"""docs/exchange.md: what it shows of weights that don't fit is what a plan says of its own example."""

import re

import pytest
import torch
from blocks_for_tests import blocks

from lmcspec.cli.app import main

BLOCKS = blocks("docs/exchange.md")


def test_the_error_of_other_names_is_what_a_plan_says(tmp_path, monkeypatch, capsys):
    (spec,) = (block.text for block in BLOCKS if "[weights]" in block.text)
    (shown,) = (block.text for block in BLOCKS if "error[E441]" in block.text)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("COLUMNS", raising=False)
    (tmp_path / "study.toml").write_text(spec, encoding="utf-8")
    parts = {"fc1.weight": (64, 64), "fc1.bias": (64,), "classifier.weight": (10, 64), "classifier.bias": (10,)}
    torch.save({name: torch.zeros(shape) for name, shape in parts.items()}, "start.pt")
    with pytest.raises(SystemExit) as end:
        main(["plan", "study.toml", "--facts"])
    assert end.value.code == 2
    said = re.sub(r"\S*/start\.pt does", "/home/you/start.pt does", capsys.readouterr().err)
    assert shown.strip() in said
