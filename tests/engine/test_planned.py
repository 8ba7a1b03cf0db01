"""What a run has ahead of it, by model."""

from lmcspec.engine.planned import PlannedTask, images_ahead


def test_what_is_ahead_of_each_slot():
    tasks = [
        PlannedTask("a", "train", "a", model="resnet", forward=300),
        PlannedTask("b", "train", "b", model="resnet", forward=100),
        PlannedTask("c", "train", "c", model="mlp", forward=50),
        PlannedTask("d", "prune", "d", model="mlp"),
    ]
    assert images_ahead(tasks, 2) == {"resnet": 200.0, "mlp": 25.0}
    assert images_ahead(tasks, 1) == {"resnet": 400.0, "mlp": 50.0}
    assert images_ahead([], 2) == {}
