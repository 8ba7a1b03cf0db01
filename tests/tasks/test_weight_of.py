"""Which parameter an excluded layer means."""

from lmcspec.tasks.masks import weight_of


def test_attention_s_one_matrix_is_excluded_by_its_own_name():
    names = ("first.in_proj_weight", "first.out_proj.weight", "classifier.weight")
    assert weight_of("first.in_proj_weight", names) == "first.in_proj_weight"
    assert weight_of("first.out_proj", names) == "first.out_proj.weight"
    assert weight_of("classifier", names) == "classifier.weight"
    assert weight_of("classifier.weight", names) == "classifier.weight.weight"  # a parameter's name is no layer's
