import torch
from torch import nn

from lmcspec.catalog.models.convnet import ConvNet
from lmcspec.science.models import construct, convnet
from lmcspec.science.summary import model_facts


def test_multiply_adds_of_a_convnet_by_hand():
    module = construct(convnet.build, ConvNet(depth=2, width=8, norm="batch"), (1, 8, 8), 10)
    facts = model_facts(module, (1, 8, 8))
    assert facts.macs == 64 * 8 * 9 + 16 * 8 * 8 * 9 + 8 * 2 * 2 * 10
    assert facts.buffers == 2 * (8 + 8 + 1)
    assert facts.prunable[0] == ("blocks.0.conv.weight", (8, 1, 3, 3))
    assert module.training and next(module.parameters()).device.type == "cpu"


def test_a_module_on_the_meta_device_will_do():
    with torch.device("meta"):
        module = convnet.build(ConvNet(depth=4), (3, 128, 128), 10)
    assert model_facts(module, (3, 128, 128)).parameters > 0


def test_strides_groups_and_transposed_convolutions_count_what_they_compute():
    module = nn.Sequential(
        nn.Conv2d(4, 8, 3, stride=2, padding=1, groups=2), nn.ConvTranspose2d(8, 2, 2, stride=2), nn.Flatten()
    )
    assert model_facts(module, (4, 8, 8)).macs == 16 * 8 * 2 * 9 + 8 * 16 * 2 * 4
