"""What a plan tells its reader beside its tasks."""

import pytest
from specs_for_tests import TINY, plan_of

from lmcspec.base.errors import SpecError


@pytest.mark.parametrize("precision", ["fp16", "tf32"])
def test_a_plan_says_which_recipes_need_a_gpu(precision):
    known = "model={name='lenet-300-100'}"
    (note,) = plan_of(TINY, known, f"recipes.real.precision='{precision}'").notes
    assert note.startswith(f"recipes.real: the precision {precision} is computed on GPUs only")
    assert plan_of(TINY, known, "recipes.real.precision='bf16'").notes == ()


@pytest.mark.parametrize("kind", ["accuracy", "stability"])
def test_a_measure_of_levels_that_no_network_has(kind):
    """Dense networks beside pruned ones are passed over at higher levels; alone they leave nothing to look at."""
    with pytest.raises(SpecError) as error:
        plan_of(TINY, f'measures.high={{ kind = "{kind}", networks = ["dense"], levels = [1, 2] }}')
    (problem,) = error.value.problems
    assert (problem.code, problem.path) == ("E403", "measures.high.levels")
    assert len(plan_of(TINY, f'measures.high={{ kind = "{kind}", levels = [1] }}').targets) > 0
