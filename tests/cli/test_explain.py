"""What `explain` says of values, and of tasks that have run and that are only planned."""


def test_a_table_with_who_set_each_leaf(place, lmcspec):
    said = lmcspec("explain", "study.toml", "recipes.real.optimiser", "--set", "recipes.real.optimiser.lr=0.2")
    assert said.code == 0
    assert said.out.splitlines() == [
        'recipes.real.optimiser = { name = "sgd", lr = 0.2, momentum = 0.9, weight_decay = 0.0, nesterov = false }',
        "  set by file study.toml:8:13",
        '  name          "sgd"  study.toml:8',
        "  lr            0.2    --set",
        "  momentum      0.9    study.toml:8",
        "  weight_decay  0.0    default",
        "  nesterov      false  default",
    ]
    data = lmcspec("explain", "study.toml", "networks", "--format", "json").data
    assert data["value"]["imp"][0]["fraction"] == 0.5
    assert {leaf["path"]: leaf["setter"]["source"] for leaf in data["leaves"]}["imp[0].scope"] == "default"
