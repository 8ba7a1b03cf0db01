"""A driver to be killed: runs tasks on workers and says on stdout when each starts and ends.

python driver_for_tests.py STORE RUNNER WORKERS ACT …
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "engine"))


def main() -> int:
    from jobs_for_tests import Plan

    from lmcspec import engine
    from lmcspec.catalog.runners.local import Local
    from lmcspec.engine import events
    from lmcspec.store import Store
    from lmcspec_runners.inline import InlineRunner
    from lmcspec_runners.local import LocalRunner

    folder, kind, workers, *acts = sys.argv[1:]
    runner = LocalRunner(Local(workers=int(workers))) if kind == "local" else InlineRunner()
    plan = Plan()
    for number, act in enumerate(acts):
        plan.add(act, number, seconds=float(len(acts) - number), label=act)

    def say(event: events.Event) -> None:
        label = getattr(getattr(event, "task", None), "label", "")
        print(type(event).__name__, label, flush=True)

    print("Begun", flush=True)
    try:
        summary = engine.run(plan.job(), Store.open(folder), runner, listeners=[say])
    except engine.RunInterrupted as stopped:
        print("interrupted", len(stopped.summary.interrupted), flush=True)
        return stopped.exit_code
    return 1 if summary.failed else 0


if __name__ == "__main__":
    sys.exit(main())
