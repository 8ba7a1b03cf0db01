"""A comparison as the terminal shows it: the whole text."""

# pyright: reportArgumentType=false

import io
from pathlib import Path

from results_for_tests import made_up, plan_of
from rich.console import Console

from lmcspec.report import tidy
from lmcspec.report.contrast_table import table
from lmcspec.report.within import compare_within

TEXT = """
[networks]
imp = [{ data = "real", rounds = 3, fraction = 0.36, rewind = { each = [0, "20it"] } }]
once = [{ data = "real", rounds = 1, sparsity = 0.58 }]
random = { like = "imp", mask = "shuffled" }
[measures]
accuracy = {}
stability = { networks = ["imp", "random"], at = ["rewind"], levels = [2, "last"] }
"""
GOLDEN = Path(__file__).with_name("contrasts.txt")
OFF = (0.004, -0.002, 0.001)


def made(target):
    """Random masks are worse, the more the sparser; a late rewind is hardly better; something is always amiss."""
    if target.network.startswith("random") and target.level == 3 and target.replicate == 1:
        return "diverged"
    if target.network == "imp[rewind=20it]" and target.level == 1 and target.replicate == 2:
        return None
    late, alike = "20it" in target.network and target.level, target.network.startswith("random")
    shift = -0.002 * bool(late) + 0.02 * target.level * alike + OFF[(target.replicate + target.level) % 3] * bool(late)
    if target.kind == "stability":
        return 0.015 + shift / 2 + 0.004 * target.replicate + 0.001 * (target.level == 3) * target.replicate**2
    return 0.05 + 0.01 * target.level + shift + 0.003 * target.replicate + 0.001 * alike * target.replicate**2


def printed(*names: str) -> str:
    plan = plan_of(TEXT)
    rows = tidy(plan, made_up(plan, made))
    file = io.StringIO()
    console = Console(width=170, file=file, color_system=None)
    for part in table(plan.study, compare_within(plan, rows, *names), rows):
        console.print(part)
    return file.getvalue()


def test_two_rewinds_two_families_and_another_fraction():
    texts = [printed("imp[rewind=0]", "imp[rewind=20it]"), printed("imp", "random"), printed("imp[rewind=0]", "once")]
    assert "\n".join(texts) == GOLDEN.read_text()
