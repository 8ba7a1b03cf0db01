"""Specs that tests of several folders share, and a short way from text to plan."""

from pathlib import Path

from lmcspec.plan import Plan, compile_study
from lmcspec.spec import load

FIG7 = """
study = "fig7"
replicates = 5
dataset = "digits"
model = "convnet2"
[recipes.real]
length = "300ep"
batch = 64
optimiser = { name = "sgd", lr = 0.01 }
[recipes.distilled]
length = "1000ep"
batch = 64
optimiser = { name = "sgd", lr = 0.01 }
[distilled]
idc10 = { method = "dm", ipc = 10 }
[networks]
dense    = []
imp      = [{ data = "real", rounds = 25 }]
imp-k3   = [{ data = "real", rounds = 25, rewind = 3 }]
stable   = [{ data = "idc10", sparsity = 0.83 }, { data = "real", rounds = 25 }]
shuffled = { like = "stable", mask = "shuffled" }
reinit   = { like = "stable", weights = "reinitialised" }
[measures]
accuracy  = {}
stability = { at = [0, 3], levels = "all", copies = 3 }
"""
"""The example of the language, with names that exist standing in for ResNet-10, IDC and ImageNet-10."""

LENET = """
study = "lenet"
replicates = 3
dataset = "digits"
model = "lenet-300-100"
[recipes.real]
length = "24000it"
batch = 60
optimiser = { name = "adam", lr = 12e-4 }
[networks]
dense = []
imp = [{ data = "real", rounds = 15, rewind = { each = [0, "100it", "250it", "500it", "1000it", "2000it", "3000it", "5000it", "10000it"] } }]
random = { like = "imp", mask = "shuffled" }
reinit = { like = "imp", weights = "reinitialised" }
[measures]
accuracy = { networks = ["dense", "imp"] }
acc_base = { kind = "accuracy", networks = ["random[rewind=0]", "reinit[rewind=0]"] }
dense_lmc = { kind = "stability", networks = ["dense"], at = [0, "100it", "250it", "500it", "1000it", "2000it", "3000it", "5000it", "10000it"], copies = 3, levels = ["dense"] }
sparse_lmc = { kind = "stability", networks = ["imp", "random", "reinit"], levels = ["last"], copies = 3 }
"""
"""All of Frankle et al.'s LeNet: k = 0 and eight later rewind points."""

SEVEN_UPDATES = """
study = "tiny"
dataset = "digits"
model = { name = "mlp", widths = [16] }
[recipes.real]
length = "1ep"
batch = 256
optimiser = { name = "sgd", lr = 0.1, momentum = 0.9 }
"""
"""A study but for its networks and measures, whose trainings take a moment each."""

TINY = (
    SEVEN_UPDATES
    + """
[networks]
dense = []
imp = [{ data = "real", rounds = 2, fraction = 0.5 }]
[measures]
accuracy = {}
"""
)
"""Five trainings and masks that run in under a second."""

STABILITY = (
    SEVEN_UPDATES
    + """
[networks]
dense = []
imp = [{ data = "real", rounds = 1, fraction = 0.5 }]
[measures]
accuracy = {}
stability = { levels = ["last"], points = 5 }
"""
)
"""Seven tasks: trainings, a mask, and a path for each network."""


def plan_of(text: str, *sets: str, max_tasks: int = 100_000) -> Plan:
    """The plan of a spec's text, with values set as by --set."""
    return compile_study(load(Path("study.toml"), sets, text=text), max_tasks=max_tasks)
