"""ResNets for ImageNet, as torchvision has them."""

from torch import nn

from lmcspec.catalog.models.imagenet_resnet import ImageNetResNet, misfit


def build(config: ImageNetResNet, shape: tuple[int, int, int], classes: int) -> nn.Module:
    """The network for images of `shape` (channels, height, width). Raises ValueError where they are too small."""
    from torchvision.models import resnet

    if reason := misfit(config, shape):
        raise ValueError(reason)
    network = getattr(resnet, f"resnet{config.depth}")(weights=None, num_classes=classes)
    if shape[0] != 3:
        network.conv1 = nn.Conv2d(shape[0], 64, 7, 2, padding=3, bias=False)
    return network
