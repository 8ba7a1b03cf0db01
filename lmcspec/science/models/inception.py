"""Inception-v3, as torchvision has it."""

from torch import nn

from lmcspec.catalog.models.inception import InceptionV3, misfit
from lmcspec.science.dropout import Dropout


def build(config: InceptionV3, shape: tuple[int, int, int], classes: int) -> nn.Module:
    """The network for images of `shape` (channels, height, width). Raises ValueError where they are too small.

    In training with the auxiliary classifier it gives (logits, auxiliary logits), otherwise logits. torchvision's
    change of the images' numbers (`transform_input`) stays off: a study's space says what they are.
    """
    from torchvision.models.inception import BasicConv2d, Inception3

    if reason := misfit(config, shape):
        raise ValueError(reason)
    network = Inception3(classes, aux_logits=config.auxiliary, transform_input=False, init_weights=False)
    if shape[0] != 3:
        network.Conv2d_1a_3x3 = BasicConv2d(shape[0], 32, kernel_size=3, stride=2)
    network.add_module("dropout", Dropout(config.dropout))
    return network
