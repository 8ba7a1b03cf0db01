"""A study like those of "Linear Mode Connectivity and the Lottery Ticket Hypothesis", and results made up for it."""

from statistics import fmean

from drawn_for_tests import Recorded
from results_for_tests import made_up

KS = ("0", "20it", "100it")
STEPS = '[0, "20it", "100it"]'
TEXT = f"""
[networks]
dense = []
imp = [{{ data = "real", rounds = 3, rewind = {{ each = {STEPS} }} }}]
random = {{ like = "imp", mask = "shuffled" }}
[measures]
accuracy = {{ networks = ["dense", "imp"] }}
acc_base = {{ kind = "accuracy", networks = ["random"], levels = ["last"] }}
dense_lmc = {{ kind = "stability", networks = ["dense"], at = {STEPS}, levels = ["dense"], copies = 3, through = "46it" }}
sparse_lmc = {{ kind = "stability", networks = ["imp", "random"], levels = ["last"], copies = 3, threshold = 0.05 }}
"""
CASES = """
[[sweep.cases]]
case = "std"
[[sweep.cases]]
case = "low"
recipes.real.optimiser.lr = 0.01
networks.imp = [{ data = "real", rounds = 2, rewind = { each = [0, "20it", "100it"] } }]
"""
BASE = {"": 0.0, "std": 0.1, "low": 0.2}
NAMES = [f"{name}[rewind={k}]" for name in ("imp", "random") for k in KS]


def rewind(network: str) -> int:
    written = network.partition("=")[2].rstrip("]")
    return 46 * int(written[:-2]) if written.endswith("ep") else int(written.rstrip("it") or 0)


def kind_of(network: str) -> int:
    return ("dense", "imp", "random").index(network.partition("[")[0])


def error(target) -> float:
    """The best rewind is 20it at level 1, and 100it beyond."""
    first = {0: 0.02, 20: 0.0}.get(rewind(target.network), 0.01)
    off = first if target.level == 1 else -rewind(target.network) / 1e4
    sparse = off + 0.05 * kind_of(target.network) if target.level else 0.0  # level 0 is one network
    return BASE[target.case] + 0.2 + 0.01 * target.level + sparse + 0.003 * target.replicate


def rise(target) -> float:
    place = target.at_updates / 2000 - 0.01 * kind_of(target.network) * target.level
    way = 1.0 if target.through is None else target.through / 230
    return way * (BASE[target.case] + 0.2 - place + 0.01 * target.replicate + 0.002 * sum(target.copies))


def made(target) -> float:
    return error(target) if target.kind == "accuracy" else rise(target)


def over(plan, name: str, of=made, **wanted) -> list[float]:
    """Values by replicate, pairs averaged, found by looking at every target."""
    found: dict[int, list[float]] = {}
    for one in plan.targets:
        if one.measure == name and all(getattr(one, key) == value for key, value in wanted.items()):
            found.setdefault(one.replicate, []).append(of(one))
    assert found
    return [fmean(values) for values in found.values()]


def results(plan, validation=None) -> Recorded:
    store = Recorded(made_up(plan, made).found)
    for target in plan.targets:
        scalars = store.found[target.task].scalars
        if target.kind == "stability":
            top = rise(target)
            curve = {"test_error": [0.1, top, 0.2], "train_error": [0.0, top / 2, 0.0]}
            scalars["paths"]["average"] |= curve
            scalars["paths"]["recompute"] = {"test_error": [0.1, top / 4, 0.2], "summary": {}}
            scalars["paths"]["average"]["summary"] |= {"instability/test-loss": 3 * top, "instability/train": top / 2}
            scalars["distance"] = 100 * top
        elif validation:
            scalars |= {"validation_error": validation(target), "validation_loss": 10 * validation(target)}
    return store
