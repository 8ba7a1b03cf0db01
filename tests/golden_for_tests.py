"""What each command prints in a small study, without what differs from machine to machine and from day to day."""

import re
import shlex
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from specs_for_tests import STABILITY

FOLDER = Path(__file__).parent / "cli" / "golden"
WIDTH = 80

STEPS: Mapping[str, str] = {
    "help": "--help",
    "init": "init",
    "init-template": "init lottery lottery.toml",
    "specs": "specs lenet",
    "schema": "schema --write study.toml",
    "doctor": "doctor study.toml",
    "plan": "plan study.toml",
    "plan-tree": "plan study.toml --format tree",
    "run": "run study.toml --runner inline",
    "run-again": "run study.toml --runner inline",
    "plan-nothing": "plan study.toml",
    "plan-changed": "plan study.toml --set recipes.real.batch=128",
    "plan-verbose": "plan study.toml -v",
    "results": "results study.toml",
    "results-csv": "results study.toml --format csv --network imp --measure accuracy",
    "compare": "compare study.toml dense imp",
    "diff": "diff study.toml --set recipes.real.batch=128",
    "diff-results": "diff study.toml other.toml --results",
    "status": "status",
    "status-study": "status study.toml",
    "explain-study": "explain study.toml",
    "explain-key": "explain study.toml recipes.real.batch",
    "explain-task": "explain study.toml imp/s0/l1/mask",
    "explain-code": "explain E103",
    "report": "report study.toml -o page",
    "report-figure": "report study.toml --figure cost --for column -o page",
    "export": "export study.toml imp/s0/l1/mask mask.safetensors",
    "pack": "pack study.toml --objects all",
    "unpack": "unpack tiny.zip --store unpacked",
    "verify": "verify",
    "sync": "sync --objects objects",
    "gc-nothing": "gc",
    "forget": "forget tiny",
    "gc": "gc",
    "gc-yes": "gc --yes",
    "bad-spec": "plan bad.toml",
    "bad-usage": "gc --older soon",
}
"""By the name of its file, in this order, in one folder."""

OTHER = STABILITY.replace('study = "tiny"', 'study = "other"').replace("rounds = 1", "rounds = 2")

_DURATION = r"\d[\d.]* (?:ms|s|min|h|d)\b(?: \d+ (?:s|min|h)\b)?"
_MASKED = (
    (re.compile(r"(?m)^\d\d:\d\d:\d\d "), "HH:MM:SS "),
    (re.compile(r"\b\d{4}-\d\d-\d\d \d\d:\d\d\b( to \d{4}-\d\d-\d\d \d\d:\d\d\b)?"), "DATE"),
    (re.compile(r"(?m)^(HH:MM:SS )?\d+/\d+ done, .*\n"), ""),
    (re.compile(_DURATION), "TIME"),
    (re.compile(r" *\b\d[\d.]* [kMG]?B\b"), " SIZE"),
    (re.compile(r"on \d+ slots?\b"), "on N slots"),
    (re.compile(r"on cpu of \S+ \(.*(?:\n +.*)?deterministic"), "on MACHINE, deterministic"),
    (re.compile(r"\b[0-9a-f]{32,}\b"), "DIGEST"),
    (re.compile(r"\b(?=[a-z]*\d)[0-9a-f]{10}\b"), "TENDIGITID"),
    (re.compile(r"lmcspec \d+\.\d+\.\d+[\w.+]*"), "lmcspec VERSION"),
    (re.compile(r"(?<=[-+ ,\[(])\d+\.\d+(?! ?%)|(?<=accuracy )\d+\.\d(?=%)|(?<=rises by )\d+\.\d"), "N.NN"),
    (re.compile(r"(?m) +N\.NN"), " N.NN"),
)
"""What a machine, a day or rounding decides. Shares of weights that are pruned are exact everywhere, and stay."""
_FINDING = re.compile(r"(?m)^(?:ok|warn|bad) +(\S+(?: [a-z]+)*).*\n(?: +.*\n)*")
"""Of `lmcspec doctor` what it looks at; the rest is about the machine."""


def normalised(text: str, folder: Path) -> str:
    """The text without times, sizes, ids, paths, versions and numbers that rounding decides."""
    text = text.replace(str(folder), "HERE")
    for pattern, stands in _MASKED:
        text = pattern.sub(stands, text)
    return text


def told(folder: Path, call: Callable[..., Any]) -> dict[str, str]:
    """What each step says, by its name; `call` is the command line in this folder."""
    for name, text in (("study", STABILITY), ("other", OTHER), ("bad", STABILITY.replace("batch", "bacth"))):
        (folder / f"{name}.toml").write_text(text)
    return {name: _told(command, call(*command.split()), folder) for name, command in STEPS.items()}


def _told(command: str, said: Any, folder: Path) -> str:
    out, err = normalised(said.out, folder), normalised(said.err, folder)
    if command.startswith("doctor"):
        out = _FINDING.sub(r"STATE \1\n", out)
    parts = [f"$ lmcspec {shlex.join(command.split())}\n", out]
    parts += ["--- stderr\n", err] if err else []
    return "".join([*parts, f"--- exit {said.code}\n"])
