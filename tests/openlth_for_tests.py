"""OpenLTH's networks and directories, written anew from what its pages and its layout say: to be brought along."""

import json
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional as F


class Lenet(nn.Module):
    """`mnist_lenet_N1_N2…`."""

    def __init__(self, inputs=784, widths=(300, 100), outputs=10):
        super().__init__()
        sizes = [inputs, *widths]
        self.fc_layers = nn.ModuleList(nn.Linear(a, b) for a, b in zip(sizes, widths, strict=False))
        self.fc = nn.Linear(sizes[-1], outputs)

    def forward(self, x):
        x = x.flatten(1)
        for layer in self.fc_layers:
            x = F.relu(layer(x))
        return self.fc(x)


class ResnetBlock(nn.Module):
    def __init__(self, f_in, f_out, downsample):
        super().__init__()
        self.conv1 = nn.Conv2d(f_in, f_out, 3, 2 if downsample else 1, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(f_out)
        self.conv2 = nn.Conv2d(f_out, f_out, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(f_out)
        self.shortcut = nn.Sequential()
        if downsample or f_in != f_out:
            self.shortcut = nn.Sequential(nn.Conv2d(f_in, f_out, 1, 2, bias=False), nn.BatchNorm2d(f_out))

    def forward(self, x):
        return F.relu(self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x))))) + self.shortcut(x))


class Resnet(nn.Module):
    """`cifar_resnet_N_W`."""

    def __init__(self, depth=20, width=16, outputs=10):
        super().__init__()
        self.conv, self.bn = nn.Conv2d(3, width, 3, padding=1, bias=False), nn.BatchNorm2d(width)
        blocks, filters = [], width
        for segment in range(3):
            for place in range((depth - 2) // 6):
                blocks.append(ResnetBlock(filters, width * 2**segment, segment > 0 and place == 0))
                filters = width * 2**segment
        self.blocks, self.fc = nn.Sequential(*blocks), nn.Linear(filters, outputs)

    def forward(self, x):
        x = self.blocks(F.relu(self.bn(self.conv(x))))
        return self.fc(F.avg_pool2d(x, x.shape[3]).flatten(1))


class VggLayer(nn.Module):
    def __init__(self, f_in, f_out):
        super().__init__()
        self.conv, self.bn = nn.Conv2d(f_in, f_out, 3, padding=1), nn.BatchNorm2d(f_out)

    def forward(self, x):
        return F.relu(self.bn(self.conv(x)))


class Vgg(nn.Module):
    """`cifar_vgg_N`."""

    PLANS = {
        11: [64, 0, 128, 0, 256, 256, 0, 512, 512, 0, 512, 512],
        16: [64, 64, 0, 128, 128, 0, 256, 256, 256, 0, 512, 512, 512, 0, 512, 512, 512],
    }

    def __init__(self, depth=16, outputs=10):
        super().__init__()
        layers, filters = [], 3
        for wide in self.PLANS[depth]:
            layers.append(VggLayer(filters, wide) if wide else nn.MaxPool2d(2, 2))
            filters = wide or filters
        self.layers, self.fc = nn.Sequential(*layers), nn.Linear(512, outputs)

    def forward(self, x):
        return self.fc(F.avg_pool2d(self.layers(x), 2).flatten(1))


def prunable(network: nn.Module) -> list[str]:
    return [f"{name}.weight" for name, layer in network.named_modules() if isinstance(layer, nn.Conv2d | nn.Linear)]


LOG = """Dataset Hyperparameters
    * dataset_name => mnist
    * batch_size => 256
Model Hyperparameters
    * model_name => mnist_lenet_16
    * model_init => kaiming_normal
    * batchnorm_init => uniform
Hyperparameters for Sparse Global Pruning
    * pruning_strategy => sparse_global
    * pruning_fraction => 0.2
    * pruning_layers_to_ignore => fc.weight
Training Hyperparameters
    * optimizer_name => sgd
    * lr => 0.1
    * training_steps => 20it
    * momentum => 0.9
    * milestone_steps => 14it
    * gamma => 0.1"""


def write_lottery(folder: Path, networks, levels=2, *, ignored=("fc.weight",), log=LOG, begin="ep0_it5", end="ep2_it6"):
    """A directory with a replicate for each network, at its rewind point: levels are made up, and no training is.

    Ends are a little beside the beginning; each level prunes a fifth of the smallest weights there. Returns the
    masks and ends: {(replicate, level): (mask, state)}.
    """
    made = {}
    for replicate, network in enumerate(networks, 1):
        start = {name: value.clone() for name, value in network.state_dict().items()}
        mask = {name: torch.ones_like(start[name]) for name in prunable(network)}
        draw = torch.Generator().manual_seed(replicate)
        for level in range(levels + 1):
            place = folder / f"replicate_{replicate}" / f"level_{level}" / "main"
            place.mkdir(parents=True)
            held = {name: value * mask.get(name, torch.ones(1)) for name, value in start.items()}
            torch.save(
                {name: value.to(start[name].dtype) for name, value in held.items()}, place / f"model_{begin}.pth"
            )
            done = {
                name: (value + 0.1 * torch.randn(value.shape, generator=draw)) * mask.get(name, torch.ones(1))
                if value.is_floating_point() and "running" not in name
                else value
                for name, value in held.items()
            }
            done = {name: value.to(start[name].dtype) for name, value in done.items()}
            torch.save(done, place / f"model_{end}.pth")
            torch.save({name: kept.int() for name, kept in mask.items()}, place / "mask.pth")
            total, left = (sum(int(f(kept)) for kept in mask.values()) for f in (torch.numel, torch.sum))
            (place / "sparsity_report.json").write_text(
                json.dumps({"total": float(total), "unpruned": float(left)}, indent=4)
            )
            (place / "logger").write_text(f"test_loss,5,2.3\ntest_accuracy,5,0.1\ntest_accuracy,20,{0.9 - level / 100}")
            made[replicate, level] = ({name: kept.bool() for name, kept in mask.items()}, done)
            ranked = {name: done[name].abs() for name in mask if name not in ignored}
            alive = torch.cat([ranked[name][mask[name] == 1] for name in ranked]).sort().values
            threshold = alive[left // 5]
            mask = {name: kept * (ranked[name] > threshold) if name in ranked else kept for name, kept in mask.items()}
        if log:
            (folder / f"replicate_{replicate}" / "level_0" / "main" / "hparams.log").write_text(log)
    return made
