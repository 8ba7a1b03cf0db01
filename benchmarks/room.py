"""How long `status` and `gc` take in a store of many results: room.py FOLDER [RESULTS [STUDIES]].

Makes such a store in the folder, if there is none: a fifth of the results are shared by two studies, a fifth is in no
study's plan.
"""

import os
import resource
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from stores_for_tests import keep, name_of, put  # pyright: ignore[reportMissingImports]

from lmcspec.store import Store


def make(root: Path, results: int, studies: int) -> None:
    """A store with that many results."""
    store = Store.open(root)
    names = [name_of(number) for number in range(results)]
    for number, name in enumerate(names):
        put(store, name, kind=("train", "path", "prune")[number % 3], study=f"study{number % studies}")
    asked = names[: results * 4 // 5]
    share = len(asked) // studies
    for number in range(studies):
        own = asked[number * share : (number + 1) * share + share // 4]
        keep(
            store,
            f"study{number}",
            {task: (set(own[max(0, place - 2) : place]), "always") for place, task in enumerate(own)},
        )


def timed(*words: str) -> tuple[float, float]:
    """Seconds that a command takes, and those of a core that it works."""
    begun, before = time.perf_counter(), _worked()
    subprocess.run([sys.executable, "-m", "lmcspec", *words], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - begun, _worked() - before


def _worked() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main(folder: str, results: int = 100_000, studies: int = 10) -> None:
    root = Path(folder) / "store"
    if not root.exists():
        make(root, results, studies)
    for name in root.glob("index.sqlite*"):
        name.unlink()
    print(f"{results:,} results, {studies} studies, {os.cpu_count()} cores")
    for what, words in (
        ("status, making the index", ("status",)),
        ("status", ("status",)),
        ("gc, showing", ("gc",)),
        ("gc --yes", ("gc", "--yes")),
        ("status after it", ("status",)),
    ):
        seconds, worked = timed(*words, "--store", str(root))
        print(f"  {what:26} {seconds:6.1f} s, {worked:6.1f} s of a core", flush=True)


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:]))
