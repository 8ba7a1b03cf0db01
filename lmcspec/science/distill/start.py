"""The images that a set starts from: real ones of each class, drawn from the stream `distill`, or noise."""

import numpy as np
import torch
from torch import Tensor

from lmcspec.base import streams
from lmcspec.science.data.arrays import DataError
from lmcspec.science.data.resident import Split
from lmcspec.science.distill.distillation import Distillation


def members_of(split: Split, classes: int) -> list[np.ndarray]:
    """Of each class the places of its images, in their order."""
    labels = split.labels.cpu().numpy()
    return [np.flatnonzero(labels == label) for label in range(classes)]


def some(rows: np.ndarray, count: int, *address: int | str) -> np.ndarray:
    """`count` of the rows without replacement, drawn from the stream `distill`; all of them if there are fewer."""
    return rows if len(rows) <= count else rows[streams.permutation(len(rows), "distill", *address)[:count]]


def real_subset(split: Split, classes: int, ipc: int, seed: int) -> tuple[Tensor, Tensor]:
    """`ipc` random real images of each class, in the split's space, class after class: where distilling starts.

    Raises DataError where a class has fewer.
    """
    return split.batch(torch.from_numpy(np.concatenate(start_rows(split, classes, ipc, seed))))


def start_rows(split: Split, classes: int, ipc: int, seed: int) -> list[np.ndarray]:
    """Of each class the places of `ipc` random images. Raises DataError where a class has fewer."""
    members = members_of(split, classes)
    for label, rows in enumerate(members):
        if len(rows) < ipc:
            raise too_few(label, len(rows), ipc)
    return [
        rows[streams.permutation(len(rows), "distill", seed, "start", label)[:ipc]]
        for label, rows in enumerate(members)
    ]


def too_few(label: int, there: int, wanted: int) -> DataError:
    """What is wrong where a class has fewer real images than a set is made of."""
    message = f"class {label} has {there} images, fewer than the {wanted} that a set takes of each class to start from"
    return DataError(message, help='ask for a smaller ipc, or for start = "noise" where the method knows it')


def class_labels(classes: int, ipc: int, device: torch.device) -> Tensor:
    """Labels of `ipc` images of each class, class after class: int64 (classes x ipc,)."""
    return torch.arange(classes, device=device).repeat_interleave(ipc)


def real_or_noise(distillation: Distillation, start: str, ipc: int, seed: int) -> tuple[Tensor, Tensor]:
    """What to start from, in the data's space: copies of `real_subset`, or with `noise` standard normal pixels."""
    data = distillation.data
    if start == "real":
        images, labels = real_subset(data.train, data.classes, ipc, seed)
        return images.clone(), labels
    labels = class_labels(data.classes, ipc, distillation.device)
    shape = torch.Size((len(labels), *data.shape))
    values = streams.normals(shape.numel(), "distill", seed, "start")
    return torch.from_numpy(values).to(distillation.device, torch.float32).view(shape), labels
