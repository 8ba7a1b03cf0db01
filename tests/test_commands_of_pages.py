"""Commands on pages without a test of their own are typed, in a folder with studies that have what they name.

What none can be typed in a test is listed with what does it instead, or why nobody does: a block that is in no list fails.
"""

import subprocess
from pathlib import Path

import pytest
from blocks_for_tests import PAGES, ROOT, Block, blocks, commands
from pages_for_tests import surroundings
from test_docs_blocks import CARRIED_OUT

STUDY = """
study = "STUDY"
replicates = 2
partners = 2
dataset = "digits"
model = { name = "mlp", widths = [16] }
recipes.real = { length = "20it", batch = 128, optimiser = { name = "sgd", lr = 0.1, momentum = 0.9 } }
recipes.distilled = { length = "10it", batch = 10, optimiser = { name = "sgd", lr = 0.1 } }
distilled.idc10 = { method = "dm", ipc = 1, iterations = 2 }
networks.imp = [{ data = "real", rounds = 3 }]
networks.stable = [{ data = "idc10", rounds = 1 }]
permutations.wm = { method = "weights", network = "imp" }

[measures]
accuracy = {}
way = { kind = "connectivity", networks = ["imp"], levels = ["dense"], under = ["wm"], points = 3 }
"""
FAMILIES = """
study = "families"
dataset = "digits"
model = { name = "mlp", widths = [16] }
recipes.real = { length = "520it", batch = 512, optimiser = { name = "sgd", lr = 0.1 } }

[networks]
imp = [{ data = "real", rounds = 1, rewind = { each = [0, "500it"] } }]
random = { like = "imp", mask = "shuffled" }
stable = [{ data = "real", rounds = 1, fraction = 0.5 }]

[measures.accuracy]
"""
CASES = """
study = "cases"
dataset = "digits"
model = { name = "mlp", widths = [16] }
recipes.real = { length = "10it", batch = 512, optimiser = { name = "sgd", lr = 0.1 } }

[networks]
imp = [{ data = "real", rounds = 1 }]
stable = [{ data = "real", rounds = 1, fraction = 0.5 }]

[measures.accuracy]

[[sweep.cases]]
case = "lenet"

[[sweep.cases]]
case = "resnet20"
model = { name = "mlp", widths = [20] }
"""
FILES = {"study.toml": STUDY, "families.toml": FAMILIES, "cases.toml": CASES}
TYPED = {
    "README.md": {},
    "docs/clusters.md": {"s3://bucket": "bucket"},
    "docs/comparing.md": {"SPEC lenet": "cases.toml lenet", "SPEC": "families.toml"},
    "docs/distillation.md": {},
    "docs/editors.md": {"cd my-studies": "mkdir specs studies more; cp study.toml specs; cp study.toml studies"},
    "docs/exchange.md": {"SPEC": "study.toml"},
    "docs/first-steps.md": {},
    "docs/reading-a-report.md": {"A.toml B.toml": "study.toml families.toml"},
    "docs/running.md": {"specs/quickstart.toml": "quickstart"},
    "docs/store.md": {"s3://bucket": "bucket", "mv .lmcspec": "cp -r .lmcspec", "/large/disk": "disk"},
}
"""Pages in whose order these commands are typed, each page in a folder of its own; and what stands for what nobody has."""
BEFORE = {
    "docs/comparing.md": ("lmcspec run families.toml", "lmcspec run cases.toml"),
    "docs/distillation.md": ("lmcspec run study.toml",),
    "docs/exchange.md": ("lmcspec run study.toml",),
    "docs/reading-a-report.md": ("lmcspec run study.toml", "lmcspec run families.toml"),
    "docs/store.md": ("lmcspec run study.toml", "mkdir disk"),
}
ELSEWHERE = {
    "uv run lmcspec run quickstart": ".ci/run",
    "lmcspec run quickstart": ".ci/run",
    "uv run pytest": ".ci/run",
    "lmcspec ui": "tests/cli/test_ui.py",
    "lmcspec run small/figure7 --set dataset.root=DIR": "tests/spec/test_shipped.py",
    "uv run --extra ray lmcspec run study.toml --runner ray --address HOST:6379 --store /shared/store": "tests/runners/test_ray_runner.py",
    "lmcspec run study.toml --runner ray --address auto --objects s3://bucket/study": "tests/runners/test_ray_nodes.py",
    "uv run pytest -n 0 -s -m slow tests/science/distill -k random_real": ".ci/full",
}
"""Commands of which something else is the test."""
NOT_TYPED = {
    "docs/install.md": "an environment is made by .ci/wheel and .ci/run; what nobody tried is said there",
    "docs/reliability.md": "hours of killing, with its results on the page",
    "docs/distillation.md:182": "39 minutes, with its result on the page",
}
"""Pages and blocks of which commands are only held against the command line, and why."""


def left() -> list[Block]:
    """Blocks of commands that no other test carries out."""
    return [
        block
        for page in PAGES
        if page not in CARRIED_OUT and page not in NOT_TYPED and "reproductions" not in page
        for block in blocks(page)
        if block.language in ("sh", "console") and not block.mark and block.where not in NOT_TYPED
    ]


def test_every_command_is_typed_or_says_why_not():
    assert {block.page for block in left()} == TYPED.keys()
    of_blocks = {line for block in left() for line in commands(block)}
    assert ELSEWHERE.keys() <= of_blocks
    assert all((ROOT / test).exists() for test in ELSEWHERE.values())
    pages = {where.partition(":")[0] for where in NOT_TYPED}
    assert pages <= set(PAGES)
    wheres = {block.where for page in pages for block in blocks(page)}
    assert all(where in wheres for where in NOT_TYPED if ":" in where)


@pytest.mark.slow
@pytest.mark.parametrize("page", TYPED)
def test_commands_of_a_page_do_what_they_are_there_for(page, tmp_path):
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    lines = [line for block in left() if block.page == page for line in commands(block) if line not in ELSEWHERE]
    for line in (*BEFORE.get(page, ()), *lines):
        for part, stand_in in TYPED[page].items():
            line = line.replace(part, stand_in)
        typed(line, tmp_path)


def typed(line: str, folder: Path) -> None:
    said = subprocess.run(
        ["bash", "-c", line],
        cwd=folder,
        env={**surroundings(), "LMCSPEC_NO_TRACKING": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert said.returncode == 0, f"{line}\n{said.stdout}"
