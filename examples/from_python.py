"""A study from Python. Run it anywhere: `python examples/from_python.py [STORE]`. It takes seconds, and is done once.

The same study can be run by `lmcspec run`; both find each other's results in the store.
"""

import sys
from pathlib import Path

import lmcspec

SPEC = """
study = "from-python"
replicates = 2
dataset = "digits"
model = { name = "mlp", widths = [32] }
[recipes.real]
length = "2ep"
batch = 64
optimiser = { name = "sgd", lr = 0.1, momentum = 0.9 }
[networks]
imp    = [{ data = "real", rounds = 3, fraction = 0.5 }]
random = [{ data = "real", rounds = 3, fraction = 0.5, criterion = "random" }]
[measures]
accuracy = {}
"""


def main(store: Path) -> None:
    store.mkdir(parents=True, exist_ok=True)
    spec = store / "study.toml"
    spec.write_text(SPEC)
    plan = lmcspec.load(spec).plan(store / "results")
    print(plan)
    results = plan.run(runner="inline", track=False)
    frame = results.frame()
    accuracy = frame[frame.metric == "test/accuracy"]
    print(accuracy.pivot_table(index="sparsity", columns="network", values="value").round(3))


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "from-python"))
