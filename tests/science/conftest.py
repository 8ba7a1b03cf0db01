"""Real images for the science tests: scikit-learn's handwritten digits, few enough to be quick."""

import pytest
import torch

from lmcspec.science.data.resident import Split


@pytest.fixture(scope="session", autouse=True)
def one_thread():
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def digits():
    """1,437 training and 360 test images, float32 (n, 1, 8, 8) in [0, 1], cut in the order in which they come."""
    from sklearn.datasets import load_digits

    whole = load_digits()
    images = torch.tensor(whole.images / 16, dtype=torch.float32)[:, None]
    labels = torch.tensor(whole.target, dtype=torch.int64)
    return Split(images[:1437], labels[:1437]), Split(images[1437:], labels[1437:])


@pytest.fixture(scope="session")
def few(digits):
    """300 training and 200 test images; 300 is no multiple of 32, so the last batch is a partial one."""
    train, test = digits
    return Split(train.images[:300], train.labels[:300]), Split(test.images[:200], test.labels[:200])


@pytest.fixture
def few_on_gpu(cuda, few):
    """The same images on the GPU."""
    return tuple(Split(split.images.to(cuda), split.labels.to(cuda)) for split in few)
