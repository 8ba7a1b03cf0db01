"""A figure that asks for what nobody measures, or says what its plot doesn't take, is an error of the plan."""

import pytest
from specs_for_tests import TINY, plan_of

from lmcspec.base.errors import SpecError
from lmcspec.catalog import built_in

STUDY = """
study = "figures"
dataset = "digits"
model = { name = "mlp", widths = [8] }
recipes.real = { length = "2ep", batch = 64, optimiser = { name = "sgd", lr = 0.1 } }
[networks]
imp = [{ data = "real", rounds = 2, rewind = { each = [0, "3it"] } }]
other = [{ data = "real", rounds = 2 }]
[measures]
accuracy = {}
late = { kind = "accuracy", levels = ["last"], networks = ["imp"] }
stability = { networks = ["imp"], levels = ["dense", 1], at = [0, 1], split = ["test"], bn = ["average"] }
masks = { networks = ["imp"], levels = ["last"] }
"""


def said(table: str) -> list[tuple[str, str]]:
    """(code, message with label and help) of each problem of a figure `{ table }`, the place in the spec before it."""
    with pytest.raises(SpecError) as caught:
        plan_of(f"{STUDY}[figures]\nf = {{ {table} }}\n")
    assert all(one.span is not None for one in caught.value.problems)
    return [(one.code, f"{one.path}: {one.message} | {one.label} | {one.help}") for one in caught.value.problems]


@pytest.mark.parametrize(
    ("table", "code", "words"),
    [
        ('plot = "fixed-point"', "E213", "figures.f.plot: there is no plot `fixed-point`"),
        ('plot = "acuracy-vs-sparsity"', "E213", "did you mean `accuracy-vs-sparsity`?"),
        ('x = "density"', "E104", "`f` lacks the key `plot`"),
        ('plot = "accuracy-vs-sparsity", at = 3', "E103", "unknown key `at`"),
        ('plot = "accuracy-vs-sparsity", size = "density"', "E103", "unknown key `size`"),
        ('plot = "accuracy-vs-sparsity", x = "density!"', "E106", 'did you mean "density"?'),
        ('plot = "accuracy-vs-sparsity", panels = "rows"', "E106", '"case" or "network"'),
        ('plot = "accuracy-vs-sparsity", levels = ["lst"]', "E106", 'did you mean "last"?'),
        ('plot = "images", networks = ["imp"], split = "test"', "E103", "unknown key `split`"),
        ('plot = "layers", panels = "network"', "E103", "unknown key `panels`"),
        ('plot = "layers", shared = false', "E103", "unknown key `shared`"),
        ('plot = "layers", metric = "layer-sparsity"', "E106", 'did you mean "sparsity"?'),
        ('plot = "path-surface", band = "all"', "E103", "unknown key `band`"),
        ('plot = "path-surface", metric = "accuracy"', "E106", "`metric` can't be"),
        ('plot = "error-along-path", metric = "error@frozen"', "E106", "`metric` can't be"),
        ('plot = "landscape", metric = "sharpness"', "E106", '"loss" or "error"'),
        ('plot = "overview"', "E104", "`f` lacks the key `baseline`"),
        ('plot = "overview", baseline = "im", size = "compression"', "E209", "did you mean `imp`?"),
        ('plot = "overview", baseline = "imp[rewind=0]", size = "big"', "E106", '"compression" or "sparsity"'),
        ('plot = "cost", x = "rewind"', "E106", '"density" or "sparsity"'),
        ('plot = "cost", panels = "case"', "E107", '`panels` is of masks: say `x = "sparsity"` with it'),
        ('plot = "cost", split = "train"', "E103", "unknown key `split`"),
        ('plot = "landscape"', "E430", "figures.f.plot: `landscape` is drawn from a measure of the kind `landscape`"),
        ('plot = "instability-vs-step", measure = "late"', "E430", "it is drawn from: stability"),
        ('plot = "layers", measure = "accuracy"', "E430", "it is drawn from: masks"),
        ('plot = "layers", metric = "overlap"', "E431", "of a mask alone there are density and sparsity"),
        ('plot = "accuracy-vs-sparsity", metric = "acuracy"', "E431", "did you mean `accuracy`?"),
        ('plot = "accuracy-vs-sparsity", metric = "test/mean"', "E431", "they make: accuracy, loss"),
        ('plot = "accuracy-vs-sparsity", metric = "error"', "E431", "they make: accuracy, loss"),
        ('plot = "instability-vs-step", metric = "barrier/train"', "E431", "they make: instability, error, barrier"),
        ('plot = "instability-vs-step", metric = "barrier/test@recompute"', "E431", "did you mean `barrier/test`?"),
        ('plot = "instability-vs-step", split = "train"', "E431", "they look at: test"),
        ('plot = "instability-vs-sparsity", at = 3', "E431", "measured are: 0ep, 1ep"),
        ('plot = "instability-vs-sparsity", levels = [1, 2]', "E431", "figures.f.levels[1]: level 2 is not measured"),
        ('plot = "accuracy-vs-sparsity", measure = "late", levels = [1]', "E431", "measured are: 2"),
        ('plot = "table", networks = []', "E431", "figures.f.networks: a figure of no networks shows nothing"),
        (
            'plot = "layers", networks = ["other"]',
            "E431",
            "figures.f.networks: none of these networks is looked at by `masks`",
        ),
        ('plot = "instability-vs-sparsity", at = 1, networks = ["other"]', "E431", "these are: imp[rewind=0], imp["),
        ('plot = "accuracy-vs-sparsity", measure = "late", networks = ["other"]', "E431", "is looked at by `late`"),
        ('plot = "layers", levels = ["dense"]', "E431", "figures.f.levels: none of these levels is measured"),
        ('plot = "accuracy-vs-sparsity", split = "validation"', "E431", "they look at: test, train"),
        ('plot = "instability-vs-step", y = ["accuracy", "angle"]', "E430", "figures.f.y[1]: no measure of the study"),
        (
            'plot = "instability-vs-step", y = "accuracy", metric = "barrier"',
            "E431",
            "of `accuracy` there is no number",
        ),
        ('plot = "distance-vs-step", y = "accuracy", at = 3', "E431", "measured are: 0ep, 1ep"),
        ('plot = "distance-vs-step", y = "distance", metric = "barrier"', "E431", "of `distance` there is no number"),
        ('plot = "instability-vs-step", y = ["barrier", "distance"], metric = "loss"', "E431", "no number `loss`"),
        ('plot = "instability-vs-step", y = "midpoint", networks = ["other"]', "E431", "is looked at by `stability`"),
        (
            'plot = "through-training"',
            "E431",
            "figures.f.plot: `stability` looks at no network of the figure on its way",
        ),
        (
            'plot = "accuracy-through-training", measure = "late"',
            "E431",
            "figures.f.measure: `late` looks at no network",
        ),
        ('plot = "path-surface", metric = "error@recompute"', "E431", "they have: average"),
        ('plot = "images"', "E430", "figures.f.plot: `images` shows distilled sets that the study makes"),
        ('plot = "overview", baseline = "imp"', "E431", "figures.f.baseline: `imp` is no pruned network"),
        ('plot = "overview", baseline = "other"', "E431", "these could be: imp[rewind=0], imp[rewind=3it]"),
        ('plot = "overview", baseline = "imp[rewind=0]", networks = ["other"]', "E431", "figures.f.networks: no other"),
        (
            'plot = "accuracy-vs-sparsity", metric = "test/loss", split = "train"',
            "E431",
            "figures.f.split: `test/loss`",
        ),
        ('plot = "instability-vs-step", metric = "barrier/test", y = "midpoint"', "E431", "is no `midpoint`"),
        ('plot = "overview", baseline = "imp[rewind=0]", levels = ["dense"]', "E431", "measured and pruned | "),
        ('plot = "accuracy-vs-sparsity", reduce = "best-over:lr"', "E432", "its families vary in: rewind"),
        ('plot = "accuracy-vs-sparsity", reduce = "mean"', "E107", 'such as "best-over:rewind"'),
    ],
)
def test_each_mistake_has_its_place_and_what_to_type(table, code, words):
    (found,) = said(table)
    assert found[0] == code and words in found[1], found


def test_without_families_there_is_no_axis_of_them():
    text = STUDY.replace('rewind = { each = [0, "3it"] }', "rewind = 0")
    with pytest.raises(SpecError) as caught:
        plan_of(text + '[figures]\nf = { plot = "instability-vs-step", x = "rewind" }\n')
    (problem,) = caught.value.problems
    assert (problem.code, problem.help) == ("E432", "it has no families: `{ each = [...] }` makes one")


def test_a_plot_of_several_measures_lacks_one_of_them():
    text = STUDY.replace("stability = {", 'stability = { kind = "distance",').replace(
        ', split = ["test"], bn = ["average"]', ""
    )
    with pytest.raises(SpecError) as caught:
        plan_of(text + '[figures]\nf = { plot = "overview", baseline = "imp[rewind=0]" }\n')
    (problem,) = caught.value.problems
    assert (problem.code, "there is no `stability`" in problem.message) == ("E430", True)
    assert "such as `stability = ...`" in problem.help


@pytest.mark.parametrize(
    "table",
    [
        'plot = "instability-vs-step", metric = "barrier"',
        'plot = "instability-vs-step", metric = "barrier/test-loss"',
        'plot = "instability-vs-step", metric = "error"',
        'plot = "instability-vs-step", metric = "loss", split = "test", y = ["instability", "accuracy"]',
        'plot = "instability-vs-step", x = "rewind", levels = [1]',
        'plot = "accuracy-vs-sparsity", metric = "loss", reduce = "best-over:rewind", networks = ["imp"]',
        'plot = "accuracy-vs-sparsity", split = "train", levels = ["dense", 2]',
        'plot = "table", measure = "late"',
        'plot = "layers", networks = ["other", "imp"], levels = ["dense", "last"]',
        'plot = "distance-vs-step", y = "accuracy", networks = ["other"]',
        'plot = "overview", baseline = "imp[rewind=0]", networks = ["imp", "other"]',
        'plot = "overview", baseline = "imp[rewind=0]", measure = "accuracy"',
        'plot = "instability-vs-step", measure = "stability", y = "accuracy"',
        'plot = "error-along-path", metric = "loss@average"',
        'plot = "cost", x = "sparsity", levels = [1], panels = "network"',
    ],
)
def test_what_is_measured_can_be_asked_for(table):
    plan_of(f"{STUDY}[figures]\nf = {{ {table} }}\n")


def test_all_problems_at_once():
    codes = [code for code, _ in said('plot = "accuracy-vs-sparsity", at = 3, size = "density", x = "density!"')]
    assert codes == ["E103", "E103", "E106"]


@pytest.mark.parametrize("name", sorted(built_in("plot")))
def test_a_plot_can_be_drawn_from_some_kind_of_measure(name):
    card = built_in("plot")[name]
    assert set(card.measures) <= set(built_in("measure"))
    assert callable(card.load())


@pytest.mark.parametrize(
    ("table", "code", "words"),
    [
        ('plot = "cost", x = "sparsity", networks = ["dense"]', "E431", "networks: no image is seen to find a mask"),
        ('plot = "cost", x = "sparsity", networks = ["bare"]', "E431", "some are for: imp[rewind=0], imp[rewind=3it]"),
        ('plot = "cost", x = "sparsity", levels = ["dense"]', "E431", "levels is measured and pruned | "),
        ('plot = "cost", networks = ["bare"]', "E431", "is looked at by `accuracy` or `late` or `stability`"),
        ('plot = "table", networks = ["bare"]', "E431", "figures.f.networks: none of these networks is looked at"),
        ('plot = "table", measure = "late", networks = ["dense"]', "E431", "these are: imp[rewind=0], imp[rewind=3it]"),
        ('plot = "accuracy-vs-sparsity", baseline = "bare"', "E431", "measured is that of: imp[rewind=0], imp["),
        ('plot = "instability-vs-step", baseline = "dense"', "E431", "baseline: its band is of accuracies"),
        ('plot = "distance-vs-step", y = "accuracy", baseline = "bare"', "E431", "`bare` is not measured dense"),
        ('plot = "overview", baseline = "imp[rewind=3it]", at = 0', "E431", "these could be: imp[rewind=0]"),
    ],
)
def test_networks_and_baselines_have_what_is_drawn_of_them(table, code, words):
    looked_at = 'accuracy = { networks = ["imp", "dense"] }'
    text = STUDY.replace("[measures]", "dense = []\nbare = []\n[measures]").replace("accuracy = {}", looked_at)
    with pytest.raises(SpecError) as caught:
        plan_of(f"{text}[figures]\nf = {{ {table} }}\n")
    (problem,) = caught.value.problems
    assert problem.code == code and words in f"{problem.path}: {problem.message} | {problem.help}"


CASES = """
[[sweep.cases]]
case = "a"
measures.distance = { networks = ["imp"], levels = [1], at = [0] }
[[sweep.cases]]
case = "b"
recipes.real.batch = 32
measures.late.networks = ["other"]
measures.stability.at = [0]
"""


@pytest.mark.parametrize(
    ("table", "path"),
    [
        ('plot = "instability-vs-step", panels = "case", y = "angle"', ""),  # one case measures it
        ('plot = "instability-vs-step", panels = "case", y = "sharpness"', "figures.f.y"),
        ('plot = "accuracy-vs-sparsity", series = "case", measure = "late", networks = ["other"]', ""),
        ('plot = "accuracy-vs-sparsity", measure = "late", networks = ["other"]', "figures.f.networks"),
        ('plot = "instability-vs-sparsity", panels = "case", networks = ["other"]', "figures.f.networks"),
        ('plot = "overview", baseline = "imp[rewind=0]"', ""),
        ('plot = "instability-vs-step", panels = "case", y = "angle", at = 0, levels = [1]', ""),
        ('plot = "instability-vs-step", panels = "case", measure = "stability", at = 1', ""),
        ('plot = "instability-vs-step", panels = "case", measure = "stability", at = 3', "figures.f.at"),
        ('plot = "overview", baseline = "other"', "figures.f.baseline"),
        ('plot = "images", panels = "case"', "figures.f.plot"),
        ('plot = "through-training", panels = "case"', "figures.f.plot"),
        ('plot = "cost", x = "density", panels = "case", levels = ["dense"]', "figures.f.levels"),
    ],
)
def test_a_figure_of_all_cases_needs_one_that_has_it(table, path):
    text = f"{STUDY}[figures]\nf = {{ {table} }}\n{CASES}"
    if not path:
        plan_of(text)
        return
    with pytest.raises(SpecError) as caught:
        plan_of(text)
    assert {problem.path for problem in caught.value.problems} == {path}


def test_a_policy_that_no_measure_has_is_one_problem():
    """Of a figure that takes any number by name, too."""
    measure = 'way = { kind = "connectivity", levels = ["dense"], under = ["none"], through = "1it" }'
    text = f"{TINY.replace('accuracy = {}', measure)}[figures]\n"
    for metric, says in (("error@repair", "never have batch norm"), ("error@average", "make no number")):
        with pytest.raises(SpecError) as error:
            plan_of(text + f'f = {{ plot = "barrier-vs-time", metric = "{metric}" }}', "replicates=2", "partners=2")
        (problem,) = error.value.problems
        assert problem.code == "E431" and says in problem.message
