"""Does the quickstart's header hold on other processors, too? `uv run python benchmarks/rounding.py [--seeds 6]`.

Processors round otherwise, and a training at a high rate makes of that another network. Here the study runs again and
again, each time from nothing and with other rounding: with the kernels of torch and MKL that older processors have, on
more threads, and from initial weights of which a third each went up, down or nowhere by their last bit. For each claim
of `.ci/quickstart.py`: how often it held, and from what to what its numbers went. Exits with 1 where any did not hold
in any run. Eleven runs take six minutes on two cores.
"""

import argparse
import io
import json
import os
import subprocess
import sys
import tempfile
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

from startup import ENVIRONMENT, QUICKSTART

CHECK = Path(__file__).parents[1] / ".ci" / "quickstart.py"
WIDTH = 500
"""Columns: no line of a table is cut into two."""
LAST_BIT = 2.0**-23


@dataclass(frozen=True)
class Way:
    """How a run rounds: kernels by variables that libraries read, and what is changed in its process."""

    name: str
    variables: dict[str, str] = field(default_factory=dict)
    threads: int = 1
    seed: int | None = None
    """Of changed initial weights."""


AVX2 = {"ATEN_CPU_CAPABILITY": "avx2", "MKL_ENABLE_INSTRUCTIONS": "AVX2", "ONEDNN_MAX_CPU_ISA": "AVX2"}
OLDEST = {"ATEN_CPU_CAPABILITY": "default", "MKL_CBWR": "COMPATIBLE", "ONEDNN_MAX_CPU_ISA": "SSE41"}
WAYS = (
    Way("as it is"),
    Way("kernels for AVX2", AVX2),
    Way("kernels for SSE", OLDEST),
    Way("two threads", threads=2),
    Way("four threads", threads=4),
)


def perturbed(state: dict[str, Any], seed: int, address: tuple[str | int, ...]) -> dict[str, Any]:
    """Each weight w as w, w (1 + 2^-23) or w (1 - 2^-23): the same in all trainings from it."""
    import numpy as np
    import torch

    for name, values in state.items():
        draw = np.random.default_rng([seed, zlib.crc32(repr((address, name)).encode())])
        signs = torch.from_numpy(draw.integers(-1, 2, tuple(values.shape)))
        state[name] = (values.double() * (1 + LAST_BIT * signs)).to(values.dtype)
    return state


def run(way: Way, folder: Path) -> dict[str, Any]:
    """The study in this process: rows of results, and what is printed of them."""
    from rich.console import Console

    import lmcspec
    from lmcspec.engine import pristine
    from lmcspec.report.table import table
    from lmcspec.science import initial

    prepare, drawn = pristine.prepare, initial.initial_state
    pristine.prepare = lambda threads: prepare(way.threads)
    if way.seed is not None:
        seed = way.seed
        initial.initial_state = lambda module, scheme, address, *rest: perturbed(
            drawn(module, scheme, address, *rest), seed, address
        )
    results = lmcspec.load(QUICKSTART).plan(folder / "store").run(runner="inline", track=False, progress=False)
    page = Console(file=io.StringIO(), width=WIDTH)
    page.print(*table(results.graph, results.rows), sep="\n")
    return {"rows": [row.document() for row in results.rows], "printed": page.file.getvalue()}  # type: ignore[attr-defined]


def in_a_process(way: Way) -> dict[str, Any]:
    """What `run` gives, from a process that begins with the way's variables."""
    with tempfile.TemporaryDirectory() as folder:
        order = [sys.executable, __file__, "--way", json.dumps(way.__dict__), "--folder", folder]
        subprocess.run(order, check=True, env=ENVIRONMENT | way.variables, stdout=subprocess.DEVNULL)
        return json.loads(Path(folder, "said.json").read_text(encoding="utf-8"))


def checks() -> Any:
    """The module that checks the quickstart's header."""
    spec = spec_from_file_location("quickstart_claims", CHECK)
    assert spec is not None and spec.loader is not None
    sys.modules[spec.name] = module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def report(ways: list[Way], documents: list[dict[str, Any]]) -> Iterator[tuple[str, bool]]:
    """A line for each claim, and whether it held everywhere."""
    header, check = Path(QUICKSTART).read_text(encoding="utf-8"), checks()
    claims = [list(check.claims(header, document["rows"], document["printed"])) for document in documents]
    for places in range(max(map(len, claims))):
        alike = [of_run[places] for of_run in claims]
        held = sum(claim.holds for claim in alike)
        numbers = [number for claim in alike for number in claim.numbers]
        spread = f": {min(numbers):.2f} to {max(numbers):.2f}" if numbers else ""
        lost = ", ".join(way.name for way, claim in zip(ways, alike, strict=True) if not claim.holds)
        yield f"{held:3} of {len(alike)}  {alike[0].text}{spread}{f'  not {lost}' if lost else ''}", not lost


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=6, help="runs from changed initial weights")
    parser.add_argument("--at-once", type=int, default=os.cpu_count(), help="runs at the same time")
    parser.add_argument("--way", help=argparse.SUPPRESS)
    parser.add_argument("--folder", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.way:
        folder = Path(given.folder)
        folder.joinpath("said.json").write_text(json.dumps(run(Way(**json.loads(given.way)), folder)), encoding="utf-8")
        return
    ways = [*WAYS, *(Way(f"other last bits {seed}", seed=seed) for seed in range(given.seeds))]
    with ThreadPoolExecutor(given.at_once) as pool:
        lines = list(report(ways, list(pool.map(in_a_process, ways))))
    print(*(line for line, _ in lines), sep="\n")
    sys.exit(not all(held for _, held in lines))


if __name__ == "__main__":
    main()
