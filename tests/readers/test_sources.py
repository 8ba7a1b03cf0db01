"""No file is read in a way that nobody has thought about: each call that reads stands in `sources.txt` with a reason."""

import ast
from pathlib import Path

import lmcspec
import lmcspec_runners

LIST = Path(__file__).with_name("sources.txt")
FUNCTIONS = {
    "open", "json.load", "json.loads", "torch.load", "safe_open", "load_file", "np.load", "np.loadtxt", "np.fromfile",
    "np.memmap", "sqlite3.connect", "Image.open", "pickle.load", "pickle.loads", "tomli.load", "tomli.loads", "ZipFile",
    "zipfile.ZipFile", "io.FileIO", "load", "yaml.load",
}  # fmt: skip
METHODS = {"read_bytes", "read_text", "open"}
OURS = {"layout.read_bytes", "Store.open", "os.open", "self._queue.open", "self.open", "_queue.open"}


def calls() -> set[str]:
    """`module: call` of everything that reads a file or parses what was read."""
    found = set()
    for package in (lmcspec, lmcspec_runners):
        root = Path(str(package.__file__)).parent
        for path in sorted(root.rglob("*.py")):
            tree = ast.parse(path.read_text(encoding="utf-8"))
            imported = {
                alias.asname or alias.name: node.module
                for node in ast.walk(tree)
                if isinstance(node, ast.ImportFrom)
                for alias in node.names
            }
            for node in ast.walk(tree):
                if not isinstance(node, ast.Call):
                    continue
                called = ast.unparse(node.func)
                name = called.rpartition(".")[2]
                if called in OURS or (called == "load" and not str(imported.get("load", "")).startswith("safetensors")):
                    continue
                method = isinstance(node.func, ast.Attribute) and name in METHODS and called not in FUNCTIONS
                if called in FUNCTIONS or method or called == "os.open":
                    told = f"*.{name}" if method else called
                    found.add(f"{package.__name__}/{path.relative_to(root).as_posix()}: {told}")
    return found


def listed() -> dict[str, str]:
    """What the list says, with the reasons."""
    lines = [line for line in LIST.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
    return dict(line.split("  ", 1) for line in lines)


def test_every_call_that_reads_is_known():
    reasons = listed()
    assert sorted(calls() - reasons.keys()) == [], "read it by lmcspec.base.documents, or add it with a reason"
    assert sorted(reasons.keys() - calls()) == [], "these are gone: take them off the list"
    assert all(len(reason.strip()) > 10 for reason in reasons.values())
