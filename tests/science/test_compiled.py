"""Networks through the compiler: the same trainings to rounding, bitwise going on, partial batches too."""

import shutil

import pytest
import torch
from torch import nn
from trainings_for_tests import half, network, recipe_of, same

from lmcspec.base.sgd_noise import SgdNoise
from lmcspec.science import masks
from lmcspec.science.compiled import can_be_compiled, compiled, seconds_as_made
from lmcspec.science.train import Segment, train
from lmcspec.science.trial import Trial


@pytest.fixture
def compiler(monkeypatch, tmp_path_factory):
    """What torch makes CPU kernels with; their folder is one for all of these tests."""
    if shutil.which("g++") is None and shutil.which("clang++") is None:
        pytest.skip("needs a C++ compiler")
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path_factory.getbasetemp() / "kernels"))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # what torch's compiler says of itself
def test_a_compiled_training_is_the_same_to_rounding_and_goes_on_bitwise(few, compiler):
    """300 images in batches of 32: the last one of an epoch is computed by the module itself."""
    mask = half(network("convnet"))
    eager = train(network("convnet"), few[0], recipe_of(length=12), SgdNoise(0), mask=mask)
    made = compiled(network("convnet"))
    whole = train(made, few[0], recipe_of(length=12), SgdNoise(0), mask=mask)
    masks.assert_masked(whole.state, mask)
    for name, tensor in eager.state.items():
        torch.testing.assert_close(whole.state[name], tensor, rtol=1e-3, atol=1e-4)
    assert whole.loss == pytest.approx(eager.loss, rel=1e-3)
    made.module.load_state_dict(network("convnet").state_dict())
    middle = train(made, few[0], recipe_of(length=12), SgdNoise(0), mask=mask, segment=Segment(until=5))
    made.module.load_state_dict(network("convnet", 1).state_dict())
    made.module.load_state_dict(middle.state)
    rest = Segment(5, optimiser=middle.optimiser)
    assert same(whole.state, train(made, few[0], recipe_of(length=12), SgdNoise(0), mask=mask, segment=rest).state)
    seconds = seconds_as_made(made, Trial(32, (1, 8, 8), 10, "float32"))
    assert seconds.keys() == {"eager", "compiled"} and all(0 < each < 60 for each in seconds.values())


def test_what_draws_at_random_is_not_compiled():
    assert can_be_compiled(network("convnet"))
    assert not can_be_compiled(nn.Sequential(nn.Linear(2, 2), nn.Dropout(0.1)))
    hooked = nn.Linear(2, 2)
    hooked.register_forward_hook(lambda *given: None)
    assert not can_be_compiled(nn.Sequential(hooked))
