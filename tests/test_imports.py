"""Nothing heavy is imported before it is used: by what modules say, and by what commands load."""

import ast
import json
import subprocess
import sys
from collections.abc import Collection, Iterator
from pathlib import Path

import numpy as np
import pytest
from cards_for_tests import unmeasured
from safetensors.numpy import save_file
from specs_for_tests import TINY

from lmcspec.cli import main
from lmcspec.store import Store
from lmcspec.tasks import kinds as all_kinds

ROOT = Path(__file__).parents[1]
SOURCES = sorted(path for folder in ("lmcspec", "runners") for path in (ROOT / folder).rglob("*.py"))
HEAVY = {"torch", "mlflow", "ray", "matplotlib", "scipy", "pandas", "sklearn", "torchvision", "PIL"}

LOADED = """
import json, sys
from pathlib import Path
answer, heavy, arguments = json.loads(sys.argv[1])
code = 0
import lmcspec
if arguments:
    from lmcspec.cli import main
    try:
        main(arguments)
    except SystemExit as end:
        code = end.code or 0
Path(answer).write_text(json.dumps([code, sorted(set(heavy) & set(sys.modules))]))
"""


EVERY_KIND = """
study = "every-kind"
dataset = "digits"
model = { name = "convnet2", width = 8 }
[recipes.real]
length = "4it"
batch = 64
optimiser = { name = "adam", lr = 0.01 }
augment = { flip = true, crop = 1 }
[recipes.distilled]
length = "4it"
batch = 8
optimiser = { name = "sgd", lr = 0.01, momentum = 0.9 }
[distilled]
few = { method = "dm", ipc = 1, iterations = 4 }
led = { method = "mtt", ipc = 1, iterations = 1, latest = 1, student_steps = 1, experts = { count = 1, epochs = 2 } }
packed = { method = "idc", ipc = 1, networks = 1, inner = 2, seen = 64 }
[networks]
led = [{ data = "led", rounds = 1 }, { data = "packed", rounds = 1 }]
imp = [{ data = "few", rounds = 1 }, { data = "real", rounds = 1, rewind = "1it" }]
shuffled = { like = "imp", mask = "shuffled" }
reinit = { like = "imp", weights = "reinitialised" }
[measures]
accuracy = {}
stability = { levels = ["last"], points = 3 }
distance = { levels = ["last"] }
landscape = { networks = ["imp"], levels = ["last"], copies = 3, grid = 2, images = 50 }
hessian = { networks = ["imp"], levels = ["last"], batch = 8, batches = 1 }
overlap = { levels = ["last"], against = "imp" }
"""

OF_PARTNERS = """
study = "of-partners"
dataset = "digits"
model = { name = "mlp", widths = [8] }
recipes.real = { length = "4it", batch = 64, optimiser = { name = "sgd", lr = 0.1 } }
networks.imp = [{ rounds = 1 }]
permutations.wm = { method = "weights", network = "imp" }
measures.accuracy = { levels = ["last"] }
[[sweep.cases]]
case = "pairs"
replicates = 2
partners = 2
networks.ours = { like = "imp", mask_from = "partner", under = "wm" }
[[sweep.cases]]
case = "triples"
replicates = 3
partners = 3
permutations.ind = { method = "weights", network = "imp", via = "third" }
measures.fixed-points = { between = ["wm", "ind"] }
measures.transitivity = { levels = ["dense"], under = ["wm"], lengths = [3], paths = 1 }
"""

GIVEN = """
study = "given"
dataset = "digits"
model = { name = "mlp", widths = [8] }
recipes.real = { length = "4it", batch = 64, optimiser = { name = "sgd", lr = 0.1 } }
weights.start = { load = "start.safetensors" }
masks.ticket = { load = "mask.safetensors" }
networks.imp = [{ weights = "start", mask = "ticket" }]
measures.accuracy = { levels = ["last"] }
"""

COMPILER = ("torch._dynamo", "torch._inductor")
"""Two seconds of imports that torch does on the quiet: for its optimisers, and for its deterministic algorithms."""


def at_import(body: list[ast.stmt]) -> Iterator[tuple[int, str]]:
    """(line, module) of every import that runs when the module does: all but those in functions and type checks."""
    for statement in body:
        match statement:
            case ast.Import():
                yield from ((statement.lineno, name.name) for name in statement.names)
            case ast.ImportFrom():
                yield from ((statement.lineno, f"{statement.module}.{name.name}") for name in statement.names)
            case ast.If(test=ast.Name("TYPE_CHECKING")):
                yield from at_import(statement.orelse)
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                pass
            case _:
                for part in ("body", "orelse", "finalbody"):
                    yield from at_import(getattr(statement, part, []))
                for more in (*getattr(statement, "handlers", ()), *getattr(statement, "cases", ())):
                    yield from at_import(more.body)


def imports() -> Iterator[tuple[str, int, str]]:
    """(file, line, module) of all of lmcspec's."""
    for path in SOURCES:
        for line, name in at_import(ast.parse(path.read_text()).body):
            yield path.relative_to(ROOT).as_posix(), line, name


def test_heavy_imports_stand_in_functions():
    found = [one for one in imports() if one[2].partition(".")[0] in HEAVY]
    in_science = [one for one in found if one[0].startswith("lmcspec/science/") and one[2].partition(".")[0] == "torch"]
    assert in_science, "the walk finds something"
    assert [one for one in found if one not in in_science] == []


def test_science_is_imported_by_science_or_in_functions():
    found = [one for one in imports() if one[2].startswith("lmcspec.science")]
    assert [one for one in found if not one[0].startswith("lmcspec/science/")] == []


def test_the_walk_sees_what_runs_and_nothing_else():
    text = """
import a
from b import c
if TYPE_CHECKING:
    import unseen
else:
    import d
try:
    import e
except ImportError:
    import f
finally:
    import g
class C:
    import h
    def method(self):
        import unseen
with x:
    import i
for x in y:
    import j
match x:
    case 1:
        import k
def function():
    import unseen
async def function():
    import unseen
"""
    assert [name for _, name in at_import(ast.parse(text).body)] == ["a", "b.c", *"degfhijk"]


@pytest.fixture
def loaded(tmp_path):
    """A function that runs a command in a new process: its exit code, the heavy modules it loaded, its output."""

    def run(*arguments: str, heavy: Collection[str] = HEAVY) -> tuple[int, list[str], str]:
        answer = tmp_path / "answer.json"
        program = [sys.executable, "-c", LOADED, json.dumps([str(answer), sorted(heavy), arguments])]
        ended = subprocess.run(program, capture_output=True, text=True, cwd=ROOT)
        assert answer.exists(), ended.stderr
        code, modules = json.loads(answer.read_text())
        return code, modules, ended.stdout

    return run


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("--help",),
        ("plan", "--help"),
        ("plan", "specs/quickstart.toml"),
        ("plan", "specs/quickstart.toml", "--format", "tree"),
        ("plan", "specs/quickstart.toml", "--format", "json"),
        ("status",),
        ("status", "specs/quickstart.toml"),
        ("schema",),
        ("explain", "specs/quickstart.toml", "recipes.real.optimiser.lr"),
        ("explain", "specs/quickstart.toml", "imp/s0/l3/train"),
        ("diff", "specs/quickstart.toml", "--set", "recipes.real.batch=64"),
    ],
    ids=lambda arguments: " ".join(arguments) or "import lmcspec",
)
def test_commands_load_nothing_heavy(loaded, tmp_path, arguments):
    store = (
        ("--store", str(tmp_path / "none"))
        if arguments and arguments[0] in ("plan", "status", "explain", "diff")
        else ()
    )
    # numpy may be imported at the top by whoever computes, and commands like these compute nothing.
    code, modules, _ = loaded(*arguments, *store, heavy={*HEAVY, "numpy"})
    assert (code, modules) == (0, [])


def test_an_export_that_comes_to_nothing_loads_nothing_heavy(loaded, tmp_path):
    store = Store.open(tmp_path / "store")
    for name, output, code in (("dm10", "dm10.pt", 4), ("dm", "dm10.pt", 2), ("dm10", "nowhere/dm10.pt", 2)):
        command = ("export", "specs/quickstart.toml", name, str(tmp_path / output), "--store", str(store.root))
        assert loaded(*command)[:2] == (code, []), command


def test_a_store_with_results_loads_nothing_heavy(loaded, tmp_path):
    spec, store = tmp_path / "tiny.toml", ("--store", str(tmp_path / "store"))
    spec.write_text(TINY)
    with pytest.raises(SystemExit, match=r"^0$"):  # in this process, where another test may have paid for torch
        main(["run", str(spec), *store, "--runner", "inline"])
    changed = ("--set", "recipes.real.optimiser.lr=0.2")
    task = ("explain", str(spec), "imp/s0/l1/train")
    results = [("results", str(spec), "--format", form) for form in ("json", "csv", "table")]
    results.append(("diff", str(spec), "--results", *changed))
    status = [("status",), ("status", str(spec))]
    for command in (("plan", str(spec)), ("plan", str(spec), *changed), task, *results, *status):
        code, modules, output = loaded(*command, *store)
        assert (code, modules) == (0, []), command
    assert "5 done" in output
    code, modules, _ = loaded("report", str(spec), "-o", str(tmp_path / "report"), *store)
    assert (code, modules) == (0, ["PIL", "matplotlib"]), "figures, and no pandas or mlflow"
    code, modules, _ = loaded("run", str(spec), *store)
    assert code == 0
    assert not {"torch", "mlflow", "ray"} & set(modules), "nothing is left to do"


@pytest.mark.slow
def test_no_kind_of_task_loads_the_compiler(loaded, tmp_path):
    spec = tmp_path / "every.toml"
    shapes = {"layers.0.weight": (8, 64), "layers.0.bias": (8,), "classifier.weight": (10, 8), "classifier.bias": (10,)}
    ones = {name: np.ones(shape, np.float32) for name, shape in shapes.items()}
    save_file(ones, tmp_path / "start.safetensors")
    save_file({name: ones[name] for name in ones if "weight" in name}, tmp_path / "mask.safetensors")
    for text in (EVERY_KIND + unmeasured('["last"]', EVERY_KIND), OF_PARTNERS, GIVEN):
        spec.write_text(text)
        arguments = ("run", str(spec), "--store", str(tmp_path / "store"), "--runner", "inline")
        code, modules, output = loaded(*arguments, heavy=(*COMPILER, "torch"))
        assert (code, modules) == (0, ["torch"]), output
    kinds = {json.loads(path.read_text())["kind"] for path in tmp_path.glob("store/objects/*/*/task.json")}
    assert kinds == set(all_kinds()), "each has run"
