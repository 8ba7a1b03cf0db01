"""Are measures quick? Points of paths and planes, probes of a Hessian, beside a plain loop and forward passes alone.

`uv run python -m benchmarks.measures`: each way in a process of its own with one thread, all in turn; milliseconds of a
point on images of CIFAR-10's or MNIST's shape, or of a probe.

- *path*: POINTS between two networks, without recomputed statistics of batch norm; *recompute*: with them, on as many
  images; *plane*: POINTS of the plane through three networks.
- *forward*: nothing but as many forward passes in inference mode, in the quickest layout, on batches that are there, as
  many images in each as lmcspec takes; where statistics are recomputed, norms in training mode on theirs.
- *plain loop*: what people write: mix state dicts, load them, turn images into floats again, count on the host.
- *lmcspec*: the curves, planes and probes of its tasks, in the layout that was measured.
- *hessian*: PROBES of the diagonal on HESSIAN images. *forward* are six forward passes for each: forward and backward
  of a gradient that is computed and differentiated; the *plain loop* takes one vector after another.
- *stacked*: the same with STACKED points as one program, which tasks do on GPUs where that is quicker.
"""

import time
from collections.abc import Callable
from typing import Any

from benchmarks.training import SETTINGS, network
from benchmarks.ways import Goal, asked, put, ratio_line, seconds_in_turn, seconds_line

NETWORKS = ("lenet", "convnet-3", "convnet-3, batch norm", "resnet-20")
MEASURES = ("path", "recompute", "plane", "hessian")
WAYS = ("forward", "plain loop", "lmcspec", "stacked")
GOALS = {"cpu": (Goal("forward", 0.95), Goal("plain loop", 0)), "cuda": (Goal("forward", 0), Goal("plain loop", 3))}
POINTS, PROBES, STACKED = 8, 16, 8
HESSIAN = 640


def images_of(name: str, count: int) -> tuple[Any, Any]:
    """Random images uint8 and labels, the same every time."""
    import torch

    draws = torch.Generator().manual_seed(0)
    shape = SETTINGS[name].shape
    return (
        torch.randint(256, (count, *shape), generator=draws, dtype=torch.uint8),
        torch.randint(10, (count,), generator=draws),
    )


def two_ends(name: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Two states of a network."""
    one = network(name).state_dict()
    other = {key: value.roll(1, 0) if value.ndim > 1 else value.clone() for key, value in one.items()}
    return {key: value.clone() for key, value in one.items()}, other


def quickest_layout(name: str, module: Any) -> None:
    """Lay the network out as a long training would have it."""
    from lmcspec.science.layout import has_choice, lay_out, seconds_by_layout
    from lmcspec.science.trial import Trial, quickest

    if has_choice(module):
        trial = Trial(SETTINGS[name].batch, SETTINGS[name].shape, 10, "float32")
        lay_out(module, quickest(seconds_by_layout(module, trial)))


def forward(name: str, measure: str, device: str, count: int) -> Callable[[], None]:
    """Forward passes."""
    import torch
    from torch.nn.modules.batchnorm import _BatchNorm

    from lmcspec.science.evaluate import BATCH, quick_batch

    module = network(name).to(device).eval()
    quickest_layout(name, module)
    split = split_of(name, device, count)
    images = split.all()[0]
    norms = [part for part in module.modules() if isinstance(part, _BatchNorm)]

    def passes(size: int, training: bool = False) -> None:
        module.eval()
        for norm in norms:
            norm.train(training)
        for part in images.split(size):
            module(part)

    def points() -> None:
        with torch.inference_mode():
            for _ in range(6 * PROBES if measure == "hessian" else POINTS):
                if measure == "recompute":
                    passes(BATCH, training=True)
                passes(64 if measure == "hessian" else quick_batch(split))

    return points


def plain_loop(name: str, measure: str, device: str, count: int) -> Callable[[], None]:
    """A loop over points as notebooks have it."""
    import torch
    from torch.nn.functional import cross_entropy
    from torch.nn.modules.batchnorm import _BatchNorm
    from torch.utils.data import DataLoader, TensorDataset

    module = network(name).to(device)
    a, b = two_ends(name)
    loader = DataLoader(TensorDataset(*images_of(name, count)), 128)

    def refill() -> None:
        for part in module.modules():
            if isinstance(part, _BatchNorm):
                part.reset_running_stats()
                part.momentum = None
        module.train()
        for x, _ in loader:
            module((x.float() / 255).to(device))

    def points() -> None:
        for point in range(POINTS):
            share = point / (POINTS - 1)
            mixed = {key: torch.lerp(a[key], b[key], share) if a[key].is_floating_point() else a[key] for key in a}
            module.load_state_dict(mixed)
            wrong, loss = 0, 0.0
            with torch.no_grad():
                if measure == "recompute":
                    refill()
                module.eval()
                for x, y in loader:
                    logits = module((x.float() / 255).to(device))
                    loss += cross_entropy(logits, y.to(device)).item() * len(y)
                    wrong += (logits.argmax(1) != y.to(device)).sum().item()

    def probes() -> None:
        module.eval()
        parameters = list(module.parameters())
        for _ in range(PROBES):
            signs = [torch.randint_like(parameter, 2) * 2 - 1 for parameter in parameters]
            for x, y in loader:
                loss = cross_entropy(module((x.float() / 255).to(device)), y.to(device))
                gradients = torch.autograd.grad(loss, parameters, create_graph=True)
                products = torch.autograd.grad(gradients, parameters, signs)
                [(sign * product).cpu() for sign, product in zip(signs, products, strict=True)]

    return probes if measure == "hessian" else points


def lmcspec(name: str, measure: str, device: str, count: int, stacked: int = 1) -> Callable[[], None]:
    """What its tasks do."""
    from lmcspec.science import paths, plane
    from lmcspec.science.curvature import Hessian, Probes
    from lmcspec.science.curves import alphas
    from lmcspec.science.evaluate import InOrder

    module = network(name).to(device)
    quickest_layout(name, module)
    a, b = ({key: value.to(device) for key, value in end.items()} for end in two_ends(name))
    split = split_of(name, device, count)
    refill = paths.Refill(split)

    def path() -> None:
        policy = "recompute" if measure == "recompute" else "average"
        on = paths.Evaluated(split, each=True, stacked=stacked)
        paths.curves(module, paths.Ends(a, b), alphas(POINTS, add_half=False), on, (policy,), refill)

    def points() -> None:
        grid = plane.Points(module, (a, b, a), split, stacked=stacked)
        list(grid.values([(0.3, 0.5, 0.1 * place) for place in range(POINTS)]))

    def probes() -> None:
        hessian = Hessian(module, list(InOrder(split, 64)))
        Probes.none(hessian, ("subset", "benchmark")).add(*[8] * (PROBES // 8))

    return {"plane": points, "hessian": probes}.get(measure, path)


def split_of(name: str, device: str, count: int) -> Any:
    """The images as a data set has them."""
    from lmcspec.science.data.resident import Split
    from lmcspec.science.data.space import Conversion

    images, labels = images_of(name, count)
    return Split(images.to(device), labels.to(device), Conversion(255.0))


def timed(name: str, measure: str, way: str, device: str, count: int) -> float:
    """Seconds of a point or a probe, in this process; on a CPU the processor's."""
    import torch

    from lmcspec.engine import heap, pristine

    pristine.first()
    pristine.prepare(1)
    heap.keep()
    looked = HESSIAN if measure == "hessian" else count
    if way in ("lmcspec", "stacked"):
        points = lmcspec(name, measure, device, looked, STACKED if way == "stacked" else 1)
    else:
        points = {"forward": forward, "plain loop": plain_loop}[way](name, measure, device, looked)
    clock = time.process_time if device == "cpu" else time.perf_counter

    def took() -> float:
        began = clock()
        points()
        if device != "cpu":
            torch.cuda.synchronize()
        return (clock() - began) / (PROBES if measure == "hessian" else POINTS)

    took()
    return min(took() for _ in range(3))


def lines(rounds: int, only: str, device: str, count: int, measures: tuple[str, ...] = MEASURES) -> list[str]:
    """The table."""
    table = []
    for name in NETWORKS:
        for measure in measures:
            if only not in name or (measure == "recompute" and not has_statistics(name)):
                continue
            words = {
                way: ["--one", name, f"{measure}/{way}", "--device", device, "--images", str(count)]
                for way in WAYS
                if not (measure == "hessian" and way == "stacked")
            }
            took = seconds_in_turn("benchmarks.measures", words, rounds)
            what = f"{name}: {measure}"
            table += [seconds_line(what, way, took[way]) for way in words]
            table += [ratio_line(what, took, "lmcspec", goal) for goal in GOALS[device]]
            if "stacked" in took:
                table.append(ratio_line(what, took, "stacked", Goal("lmcspec", 0)))
    return table


def has_statistics(name: str) -> bool:
    """Whether batch norm is in the network."""
    return name.endswith("batch norm") or name.startswith("resnet")


def main() -> None:
    """Print the table."""
    parser = asked(__doc__)
    parser.add_argument("--images", type=int, default=4_000, help="how many images a point looks at")
    parser.add_argument("--measures", nargs="+", choices=MEASURES, default=MEASURES, help="which of them")
    given = parser.parse_args()
    if given.one:
        measure, _, way = given.one[1].partition("/")
        print(timed(given.one[0], measure, way, given.device, given.images))
    else:
        put(lines(given.rounds, given.only, given.device, given.images, tuple(given.measures)))


if __name__ == "__main__":
    main()
