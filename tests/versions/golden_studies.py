"""The studies of the golden run as text: together they lead every kind of task through every branch."""

from pathlib import Path

DENSE_AND_SPARSE = """
study = "golden-mlp"
dataset = "digits"
model = { name = "mlp", widths = [12] }
[recipes.real]
length = "8it"
batch = 64
optimiser = { name = "sgd", lr = 0.1, momentum = 0.9, nesterov = true, weight_decay = 5e-4 }
schedule = { name = "steps", at = ["6it"], factor = 0.2, warmup = "2it" }
augment = { flip = true, crop = 1 }
[recipes.distilled]
length = "6it"
batch = 8
optimiser = { name = "adam", lr = 0.01, weight_decay = 1e-4 }
[distilled]
dm = { method = "dm", ipc = 2, iterations = 3, batch = 20 }
[networks]
dense = []
imp = [{ data = "real", rounds = 1, fraction = 0.3, rewind = "3it" }]
layer = [{ data = "real", rounds = 1, fraction = 0.3, scope = "layer", exclude = ["classifier"], rewind = "3it" }]
chance = [{ data = "real", rounds = 2, criterion = "random" }]
one-shot = [{ data = "real", rounds = 2, iterative = false, restore = "prunable" }]
exact = [{ data = "dm", rounds = 2, sparsity = 0.613, exact = true }]
shuffled = { like = "imp", mask = "shuffled" }
everywhere = { like = "imp", mask = "shuffled-global" }
even = { like = "imp", mask = "even", weights = "reinitialised" }
[measures]
accuracy = { levels = ["dense", "last"] }
stability = { networks = ["dense", "imp"], levels = ["dense", "last"], at = ["3it"], points = 4 }
distance = { networks = ["imp", "even"], levels = ["dense", "last"], at = ["rewind", "3it"], through = "6it" }
"""
"""SGD with Nesterov momentum, augmentation, warm-up; every way to prune and to shuffle; a distilled set; distances."""

BATCH_NORM = """
study = "golden-batch-norm"
dataset = "digits"
model = { name = "convnet", depth = 2, width = 4, norm = "batch", init = "kaiming-normal" }
[recipes.real]
length = "6it"
batch = 64
optimiser = { name = "sgd", lr = 0.1, momentum = 0.9 }
optimiser_state = "carry"
[networks]
imp = [{ data = "real", rounds = 1, fraction = 0.5, rewind = "2it" }]
[measures]
stability = { levels = ["dense", "last"], at = ["2it"], points = 3, images = 200, bn_images = 100 }
"""
"""Running statistics, both policies for them on a path, fixed subsets, momentum that is carried.

No Adam here: what batch norm does to a convolution's bias has no gradient but rounding, which Adam would blow up.
"""

WHITENED = """
study = "golden-whitened"
dataset = { name = "digits", space = "zca" }
model = { name = "convnet", depth = 1, width = 4, norm = "layer" }
[recipes.real]
length = "4it"
batch = 64
optimiser = { name = "adam", lr = 0.01 }
optimiser_state = "carry"
augment = { flip = false, crop = 1 }
[networks]
imp = [{ data = "real", rounds = 1, fraction = 0.5, rewind = "2it" }]
[measures]
accuracy = { levels = ["last"] }
"""
"""Whitening behind augmentation, a norm without statistics, Adam whose state is carried."""

ADDED = """
study = "golden-added"
dataset = { name = "digits", split = { validation = 200, seed = 1 }, resize = 10 }
model = { name = "convnet", depth = 1, width = 4, norm = "layer" }
[recipes.real]
length = "8it"
batch = 64
optimiser = { name = "adamw", lr = 0.01 }
schedule = { name = "cosine", final = 0.1, warmup = "2it" }
augment = { dsa = "color_crop_cutout_flip_rotate_scale", dsa_style = "idc", cutmix = 0.7 }
[recipes.other]
extends = "real"
schedule = { name = "linear", final = 0.2 }
augment = { dsa_style = "mtt" }
[networks]
dense = []
tuned = [{ rounds = 2, fraction = 0.5, start = "trained", schedule_from = "6it" }]
[measures]
accuracy = { levels = ["dense", "last"] }
other = { kind = "accuracy", levels = ["dense"], networks = ["dense"], evaluate = "other" }
stability = { networks = ["dense"], levels = ["dense"], at = ["4it"], points = 3, split = ["validation"] }
"""
"""A validation split, another size, AdamW, both schedules that fall, DSA and CutMix, learning-rate rewinding."""

PRUNED_AT_START = """
study = "golden-pruned-at-start"
dataset = "digits"
model = { name = "convnet", depth = 1, width = 4, norm = "batch" }
[recipes.real]
length = "4it"
batch = 64
optimiser = { name = "sgd", lr = 0.1 }
[recipes.distilled]
extends = "real"
[distilled]
dm = { method = "dm", ipc = 2, iterations = 2, batch = 10 }
[networks]
snip = [{ rounds = 1, fraction = 0.5, criterion = { name = "snip", per_class = 5, batch = 30, iterations = 2 } }]
grasp = [{ rounds = 2, fraction = 0.4, criterion = { name = "grasp", per_class = 5, batch = 30, mode = "eval" }, rewind = "2it" }]
synflow = [{ rounds = 1, sparsity = 0.8, criterion = "synflow", scope = "layer", rewind = "2it" }]
small = [{ rounds = 2, iterative = false, criterion = "magnitude-at-init" }]
distilled = [{ data = "dm", rounds = 1, criterion = "snip" }]
open = [{ rounds = 1, fraction = 0.5, criterion = "random", exclude = ["classifier"] }]
everywhere = { like = "open", mask = "shuffled-global" }
[measures]
accuracy = { levels = ["last"] }
"""
"""Every criterion that ranks the weights at the rewind point, at 0 and later, on images of both kinds; a baseline of
a network that leaves a layer alone."""

MADE = """
study = "golden-made"
dataset = "digits"
model = { name = "convnet", depth = 1, width = 4, norm = "instance" }
[recipes.real]
length = "2it"
batch = 64
optimiser = { name = "sgd", lr = 0.1 }
[recipes.distilled]
extends = "real"
batch = 16
[distilled.dc]
method = "dc"
ipc = 1
iterations = 2
outer = 2
inner = 1
batch = 10
[distilled.dsa]
method = "dsa"
ipc = 1
iterations = 1
outer = 2
inner = 1
batch = 10
[distilled.dm]
method = "dm"
ipc = 1
iterations = 2
batch = 10
dsa = "color_crop"
[distilled.mtt]
method = "mtt"
ipc = 1
iterations = 2
experts = { count = 2, epochs = 2 }
student_steps = 2
expert_epochs = 1
latest = 2
lr = 10.0
[distilled.idc]
method = "idc"
ipc = 1
networks = 2
inner = 2
batch = 10
seen = 64
early = 1
lr = 0.5
[distilled.chance]
method = "random-images"
ipc = 1
[distilled.centres]
method = "k-center"
ipc = 2
epochs = 1
[networks]
dc = [{ data = "dc", rounds = 1 }]
dsa = [{ data = "dsa", rounds = 1 }]
dm = [{ data = "dm", rounds = 1 }]
mtt = [{ data = "mtt", rounds = 1 }]
idc = [{ data = "idc", rounds = 1 }]
chance = [{ data = "chance", rounds = 1 }]
centres = [{ data = "centres", rounds = 1 }]
[measures]
accuracy = { levels = ["last"] }
"""
"""Every method of distillation, experts and coresets, and training on what they make; packed raw images among it."""

LOOKED_AT = """
study = "golden-looked-at"
dataset = "digits"
model = { name = "convnet", depth = 2, width = 3, norm = "batch" }
[recipes.real]
length = "8it"
batch = 64
optimiser = { name = "sgd", lr = 0.05, momentum = 0.9, weight_decay = 0.01 }
[distilled]
far = { dataset = { name = "digits", split = { train = 200, seed = 2 } } }
[networks]
imp = [{ data = "real", rounds = 1, fraction = 0.4 }]
far = [{ data = "far", recipe = "real", rounds = 1, fraction = 0.4 }]
chance = [{ data = "real", rounds = 1, fraction = 0.4, criterion = "random" }]
[measures]
landscape = { networks = ["imp"], levels = ["last"], grid = 3, images = 100, split = ["test", "train"] }
between = { kind = "landscape", networks = ["imp"], levels = ["last"], copies = 2, anchors = [0, 1, { network = "chance" }], grid = 3, bn = "recompute", bn_images = 100, images = 100 }
released = { kind = "landscape", networks = ["imp"], levels = ["last"], grid = 3, images = 100, plane = "as-released", masks = "dropped" }
stability = { networks = ["imp"], levels = ["last"], points = 3, images = 100, masks = "dropped", bn = ["average"] }
hessian = { networks = ["imp"], levels = ["dense", "last"], batch = 20, batches = 2 }
estimate = { kind = "hessian", networks = ["imp"], levels = ["last"], batch = 20, batches = 1, diagonal = "estimated", probes = 4, eigenvalues = 2 }
masks = { levels = "all" }
overlap = { levels = "all", against = "imp" }
"""
"""Landscapes in every plane, paths without masks, the Hessian exact and estimated, what masks have in common, and one
from another data set."""

PARTNERS = """
study = "golden-partners"
replicates = 2
partners = 2
dataset = "digits"
model = { name = "mlp", widths = [12, 10] }
[recipes.real]
length = "8it"
batch = 64
optimiser = { name = "sgd", lr = 0.1, momentum = 0.9 }
[networks]
imp = [{ data = "real", rounds = 1, fraction = 0.3 }]
ours = { like = "imp", mask_from = "partner", under = "wm" }
[permutations]
wm = { method = "weights", network = "imp", restarts = 2 }
cosine = { method = "weights", network = "imp", kernel = "cosine", level = "same", step = "5it" }
am = { method = "activations", network = "imp", images = 200, where = "pre" }
ste = { method = "ste", network = "imp", images = 200, batch = 80, length = "1ep1it", look = "2it" }
sk = { method = "sinkhorn", network = "imp", images = 200, batch = 80, length = "2ep" }
l2 = { method = "sinkhorn", network = "imp", loss = "l2", length = "20it" }
[measures]
accuracy = { networks = ["ours"], levels = ["last"] }
connectivity = { networks = ["imp"], levels = ["dense", "last"], under = ["none", "wm", "cosine", "am"], points = 3 }
repaired = { kind = "connectivity", networks = ["imp"], levels = ["dense"], under = ["wm"], points = 3, bn = ["repair"], bn_images = 300 }
fixed-points = { between = ["wm", "am", "cosine", "ste", "sk", "l2"] }
"""
"""Ways to align two networks, paths between them, a mask that is carried over, and in what permutations agree.

Units of these small networks may answer to no image, or to none of another's: behind non-linearities several assignments
are as good as each other, and the rounding of a CPU would choose. In front of them none is.
"""

TRIPLES = """
study = "golden-triples"
replicates = 3
partners = 3
dataset = "digits"
model = { name = "mlp", widths = [8, 8] }
[recipes.real]
length = "8it"
batch = 64
optimiser = { name = "sgd", lr = 0.1 }
[networks]
dense = []
[permutations]
ind = { method = "weights", network = "dense", via = "third" }
wm = { method = "weights", network = "dense" }
[measures]
connectivity = { levels = ["dense"], under = ["ind"], points = 3, images = 100 }
transitivity = { levels = ["dense"], under = ["wm"], lengths = [2, 3], paths = 2, points = 3, images = 100 }
"""
"""Two networks that meet by way of a third, and what is left of permutations that are composed."""

ALIGNED = """
study = "golden-aligned"
replicates = 2
partners = 2
dataset = "digits"
model = { name = "convnet", depth = 2, width = 5, norm = "batch" }
[recipes.real]
length = "8it"
batch = 64
optimiser = { name = "sgd", lr = 0.1 }
[networks]
dense = []
[permutations]
magnitude = { method = "weights", network = "dense", prune = { fraction = 0.4, exclude = ["classifier"] } }
chance = { method = "activations", network = "dense", images = 100, where = "pre", step = "5it", prune = { criterion = "random", fraction = 0.5, scope = "layer" } }
as-they-are = { method = "identity", network = "dense", prune = { fraction = 0.4, exclude = ["classifier"] } }
snip = { method = "weights", network = "dense", prune = { criterion = { name = "snip", per_class = 2 }, fraction = 0.5 } }
bottom-up = { method = "weights", network = "dense", rewind_layers = { how = "bottom-up", layers = "blocks.1", step = "3it" } }
put-in = { method = "activations", network = "dense", images = 100, where = "pre", rewind_layers = { how = "put-in", layers = "blocks.0.conv", step = "rewind" } }
[measures]
whole = { kind = "connectivity", levels = ["dense"], under = ["bottom-up", "put-in"], points = 3, images = 100, bn_images = 100 }
pruned = { kind = "connectivity", levels = ["dense"], under = ["magnitude", "chance", "snip", "as-they-are"], ends = "pruned", points = 3, images = 100, bn_images = 100 }
"""
"""Networks that are pruned before they are aligned, and such of two steps; paths between pruned ends."""

PLANES = """
study = "golden-planes"
replicates = 2
partners = 2
dataset = "digits"
model = { name = "convnet", depth = 2, width = 4, norm = "batch" }
[recipes.real]
length = "8it"
batch = 64
optimiser = { name = "sgd", lr = 0.1, momentum = 0.9 }
[networks]
dense = []
[permutations]
wm = { method = "weights", network = "dense" }
early = { method = "weights", network = "dense", step = "4it" }
[measures.plane]
kind = "landscape"
levels = ["dense"]
under = ["wm", "early"]
anchors = [{ partner = "first" }, { partner = "second" }, { partner = "second", under = "none" }]
project = [{ partner = "first", step = "4it" }]
through = "3it"
grid = 3
images = 100
bn_images = 100
bn = "recompute"
"""
"""Planes through aligned networks, with the ways that these went."""

GIVEN = f"""
study = "golden-given"
dataset = "digits"
model = {{ name = "convnet", depth = 1, width = 4, norm = "batch" }}
[recipes.real]
length = "6it"
batch = 64
optimiser = {{ name = "sgd", lr = 0.05 }}
[weights]
start = {{ load = "{Path(__file__).parent / "given"}/weights.safetensors", step = "2it" }}
[masks]
ticket = {{ load = "{Path(__file__).parent / "given"}/mask.safetensors" }}
[networks]
imp = [{{ weights = "start", mask = "ticket" }}, {{ rounds = 1, fraction = 0.4 }}]
snip = [{{ weights = "start", rounds = 1, fraction = 0.4, criterion = {{ name = "snip", per_class = 5, batch = 50 }} }}]
[measures]
accuracy = {{ levels = "all" }}
"""
"""Weights and a mask from files: of a wrapped network without the counters of its batch norm, and as bytes."""

STUDIES = (
    DENSE_AND_SPARSE,
    BATCH_NORM,
    WHITENED,
    ADDED,
    PRUNED_AT_START,
    MADE,
    LOOKED_AT,
    PARTNERS,
    TRIPLES,
    PLANES,
    ALIGNED,
    GIVEN,
)

REMAINING = """
study = "golden-remaining"
dataset = "digits"
model = { name = "mlp", widths = [6] }
[recipes.real]
length = "2it"
batch = 64
optimiser = { name = "sgd", lr = 0.1 }
[networks]
imp = [{ rounds = 1, fraction = 0.3 }]
"""
"""A network for each criterion and each method that no other study names, and each measure that none has: a new one is in the golden
run as soon as it has a card, and a new kind of task as soon as there is a measure that asks for it."""
