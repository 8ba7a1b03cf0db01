"""What a plan tells its reader beside its tasks."""

import pytest
from specs_for_tests import TINY, plan_of


@pytest.mark.parametrize("precision", ["fp16", "tf32"])
def test_a_plan_says_which_recipes_need_a_gpu(precision):
    known = "model={name='lenet-300-100'}"
    (note,) = plan_of(TINY, known, f"recipes.real.precision='{precision}'").notes
    assert note.startswith(f"recipes.real: the precision {precision} is computed on GPUs only")
    assert plan_of(TINY, known, "recipes.real.precision='bf16'").notes == ()
