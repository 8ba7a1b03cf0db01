"""A whole run, tracked and with workers, from a folder full of traps: no process of it takes a module from there."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from lmcspec.store import Store

pytestmark = pytest.mark.slow

SPEC = """
study = "trapped"
dataset = "digits"
model = { name = "mlp", widths = [4] }
[recipes.real]
length = "4it"
batch = 32
optimiser = { name = "sgd", lr = 0.1 }
[networks]
imp = [{ data = "real", rounds = 1, fraction = 0.5 }]
[measures]
accuracy = {}
stability = { levels = ["last"], points = 3 }
"""
LIBRARIES = ("mlflow", "torch", "numpy", "matplotlib", "safetensors", "sqlalchemy", "pydantic", "rich")
STANDARD = ("types", "random", "json", "socket", "tempfile", "logging", "sitecustomize", "usercustomize")
SURROUNDINGS = {
    "MPLBACKEND": "module://matplotlib_inline.backend_inline",
    "http_proxy": "http://127.0.0.1:9",
    "HTTPS_PROXY": "http://127.0.0.1:9",
    "ALL_PROXY": "socks5://127.0.0.1:9",
    "PYTHONWARNINGS": "error",
    "OMP_NUM_THREADS": "7",
    "NVIDIA_TF32_OVERRIDE": "1",
}


@pytest.mark.parametrize(
    ("path", "modules"),
    # Of an empty entry Python makes the working folder, before any code of ours can say otherwise.
    [(None, (*LIBRARIES, *STANDARD)), (os.pathsep, LIBRARIES)],
    ids=["", "an empty entry"],
)
def test_a_run_from_a_folder_of_traps(tmp_path, path, modules):
    for module in modules:
        trap = f"open({str(tmp_path / 'sprung')!r}, 'a').write('{module} ')\nraise SystemExit('a trap: {module}')\n"
        (tmp_path / f"{module}.py").write_text(trap)
    (tmp_path / "study.toml").write_text(SPEC)
    kept = {name: value for name, value in os.environ.items() if name not in ("LMCSPEC_NO_TRACKING", "PYTHONPATH")}
    surroundings = {**kept, **SURROUNDINGS, **({} if path is None else {"PYTHONPATH": path})}
    command = [Path(sys.executable).with_name("lmcspec"), "run", "study.toml", "--store", "store", "--workers", "2"]
    done = subprocess.run(
        [*command, "--require-tracking"], cwd=tmp_path, env=surroundings, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert not (tmp_path / "sprung").exists()
    store = Store.open(tmp_path / "store", create=False)
    assert len(list(store.ids())) >= 5
    assert (store.root / "tracking" / "mlflow.db").is_file()
    assert not (tmp_path / "mlruns").exists()
