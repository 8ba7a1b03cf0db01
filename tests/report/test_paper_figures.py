"""The figures of "Linear Mode Connectivity and the Lottery Ticket Hypothesis" from made-up results, read back."""

from itertools import pairwise
from statistics import fmean, stdev

import pytest
from drawn_for_tests import Recorded, draw, draw_across, lines, panels
from results_for_tests import Result, made_up, plan_of

from lmcspec.report import tidy
from lmcspec.report.figures import across, drawings, files
from lmcspec.spec.study import Figure as Wish

KS = ("0", "20it", "100it")
STEPS = '[0, "20it", "100it"]'
TEXT = f"""
[networks]
dense = []
imp = [{{ data = "real", rounds = 3, rewind = {{ each = {STEPS} }} }}]
random = {{ like = "imp", mask = "shuffled" }}
[measures]
accuracy = {{ networks = ["dense", "imp"] }}
acc_base = {{ kind = "accuracy", networks = ["random"], levels = ["last"] }}
dense_lmc = {{ kind = "stability", networks = ["dense"], at = {STEPS}, levels = ["dense"], copies = 3, through = "46it" }}
sparse_lmc = {{ kind = "stability", networks = ["imp", "random"], levels = ["last"], copies = 3, threshold = 0.05 }}
"""
CASES = """
[[sweep.cases]]
case = "std"
[[sweep.cases]]
case = "low"
recipes.real.optimiser.lr = 0.01
networks.imp = [{ data = "real", rounds = 2, rewind = { each = [0, "20it", "100it"] } }]
"""
BASE = {"": 0.0, "std": 0.1, "low": 0.2}
NAMES = [f"{name}[rewind={k}]" for name in ("imp", "random") for k in KS]


def rewind(network: str) -> int:
    written = network.partition("=")[2].rstrip("]")
    return 46 * int(written[:-2]) if written.endswith("ep") else int(written.rstrip("it") or 0)


def kind_of(network: str) -> int:
    return ("dense", "imp", "random").index(network.partition("[")[0])


def error(target) -> float:
    """The best rewind is 20it at level 1, and 100it beyond."""
    first = {0: 0.02, 20: 0.0}.get(rewind(target.network), 0.01)
    off = first if target.level == 1 else -rewind(target.network) / 1e4
    sparse = off + 0.05 * kind_of(target.network) if target.level else 0.0  # level 0 is one network
    return BASE[target.case] + 0.2 + 0.01 * target.level + sparse + 0.003 * target.replicate


def rise(target) -> float:
    place = target.at_updates / 2000 - 0.01 * kind_of(target.network) * target.level
    way = 1.0 if target.through is None else target.through / 230
    return way * (BASE[target.case] + 0.2 - place + 0.01 * target.replicate + 0.002 * sum(target.copies))


def made(target) -> float:
    return error(target) if target.kind == "accuracy" else rise(target)


def over(plan, name: str, of=made, **wanted) -> list[float]:
    """Values by replicate, pairs averaged, found by looking at every target."""
    found: dict[int, list[float]] = {}
    for one in plan.targets:
        if one.measure == name and all(getattr(one, key) == value for key, value in wanted.items()):
            found.setdefault(one.replicate, []).append(of(one))
    assert found
    return [fmean(values) for values in found.values()]


def only(measure: str, k: str) -> dict[str, str]:
    return {"network": f"imp[rewind={k}]"} if measure == "sparse_lmc" else {}


@pytest.fixture(scope="module")
def plan():
    return plan_of(TEXT)


@pytest.fixture(scope="module")
def store(plan):
    return results(plan)


@pytest.fixture(scope="module")
def cases():
    return plan_of(TEXT + CASES)


@pytest.fixture(scope="module")
def of_cases(cases):
    return results(cases)


def results(plan, validation=None) -> Recorded:
    store = Recorded(made_up(plan, made).found)
    for target in plan.targets:
        scalars = store.found[target.task].scalars
        if target.kind == "stability":
            top = rise(target)
            curve = {"test_error": [0.1, top, 0.2], "train_error": [0.0, top / 2, 0.0]}
            scalars["paths"]["average"] |= curve
            scalars["paths"]["recompute"] = {"test_error": [0.1, top / 4, 0.2], "summary": {}}
            scalars["paths"]["average"]["summary"] |= {"instability/test-loss": 3 * top, "instability/train": top / 2}
            scalars["distance"] = 100 * top
        elif validation:
            scalars |= {"validation_error": validation(target), "validation_loss": 10 * validation(target)}
    return store


class TestByRewindPoint:
    """Figure 7."""

    WISH = {"x": "rewind", "y": ["instability", "accuracy"], "series": "network"}

    def test_a_line_per_family_and_dense_by_k(self, plan, store):
        drawing = draw(plan, store, **{"instability-vs-step": self.WISH})["instability-vs-step"]
        above, below = drawing.figure.axes
        assert drawing.notes == ()
        shown = lines(above)
        assert list(shown) == ["imp", "random", "dense"]
        for name in ("imp", "random"):
            x, y = shown[name]
            assert x == [0, 20, 100]
            expected = [
                fmean(over(plan, "sparse_lmc", network=f"{name}[rewind={k}]", at_updates=at))
                for k, at in zip(KS, x, strict=True)
            ]
            assert y == pytest.approx([100 * one for one in expected])
        x, y = shown["dense"]
        assert x == [0, 20, 100]
        expected = [fmean(over(plan, "dense_lmc", at_updates=at, through=None)) for at in x]
        assert y == pytest.approx([100 * one for one in expected])
        assert above.get_ylabel() == "instability (points of test error)"
        assert [tick.get_text() for tick in below.get_xticklabels()] == ["0", "20", "100"]
        assert below.get_xlabel() == "k, the rewind point (iterations)"

    def test_accuracies_below_with_the_band_of_dense(self, plan, store):
        drawing = draw(plan, store, **{"instability-vs-step": self.WISH})["instability-vs-step"]
        _, below = drawing.figure.axes
        shown = lines(below)
        assert set(shown) == {"imp", "random"}
        for name, measure in (("imp", "accuracy"), ("random", "acc_base")):
            _, y = shown[name]
            expected = [fmean(over(plan, measure, network=f"{name}[rewind={k}]", level=3)) for k in KS]
            assert y == pytest.approx([100 * (1 - one) for one in expected])
        dense = [1 - one for one in over(plan, "accuracy", network="dense")]
        (band,) = below.patches
        assert band.get_y() == pytest.approx(100 * (fmean(dense) - stdev(dense)))
        assert band.get_height() == pytest.approx(200 * stdev(dense))
        assert below.get_ylabel() == "test accuracy (%)"

    def test_cases_side_by_side(self, cases, of_cases):
        wish = {"instability-vs-step": self.WISH | {"panels": "case"}}
        drawing = draw_across(cases, of_cases, **wish)["instability-vs-step"]
        titles = panels(drawing)
        assert list(titles) == ["std (51.2 % of weights)", "low (64.0 % of weights)"]
        for case, axes in zip(("std", "low"), titles.values(), strict=True):
            _, y = lines(axes)["imp"]
            expected = [fmean(over(cases, "sparse_lmc", case=case, network=f"imp[rewind={k}]")) for k in KS]
            assert y == pytest.approx([100 * one for one in expected])
        assert len([axes for axes in drawing.figure.axes if axes.axison]) == 4
        # In the figures of each case it has no place any more.
        assert draw(cases, of_cases, case="std", **wish) == {}

    def test_without_such_a_family_it_says_so(self):
        plan = plan_of('networks.dense = []\nmeasures.stability = { levels = ["dense"], at = [0, "20it"] }')
        store = Recorded(made_up(plan, lambda target: 0.1).found)
        drawing = draw(plan, store, **{"instability-vs-step": {"x": "rewind"}})["instability-vs-step"]
        assert drawing.figure is None
        assert drawing.notes[0].endswith("has no family of those: it has no families")


class TestBestOverRewind:
    """Figure 8."""

    WISH = {"networks": [name for name in NAMES if name.startswith("imp")], "reduce": "best-over:rewind"}

    def drawn(self, plan, store):
        drawing = draw(plan, store, **{"accuracy-vs-sparsity": self.WISH})["accuracy-vs-sparsity"]
        (axes,) = [one for one in drawing.figure.axes if one.get_ylabel()]
        ((name, (x, y)),) = lines(axes).items()
        assert name == "imp"
        assert x == sorted(x) and axes.get_xlim()[0] > axes.get_xlim()[1]
        return drawing, y[::-1]

    def test_on_the_images_that_are_shown_where_there_are_no_others(self, plan, store):
        drawing, y = self.drawn(plan, store)
        expected = [
            max(100 * (1 - fmean(over(plan, "accuracy", network=f"imp[rewind={k}]", level=level))) for k in KS)
            for level in range(4)
        ]
        assert y == pytest.approx(expected)
        assert "chosen on the test images that are shown" in drawing.caption
        assert "so these numbers are optimistic" in drawing.caption
        assert "imp: 20it at level 1, 100it at levels 2, 3" in drawing.caption

    def test_on_validation_images_where_the_study_sets_some_aside(self, plan):
        """They say 0 at every level, where the test says otherwise: what is shown is the test's number at 0."""

        def validation(target):
            return 0.1 + rewind(target.network) / 1e3

        drawing, y = self.drawn(plan, results(plan, validation))
        expected = [
            100 * (1 - fmean(over(plan, "accuracy", network="imp[rewind=0]", level=level))) for level in range(4)
        ]
        assert y == pytest.approx(expected)
        assert "best mean validation result" in drawing.caption
        assert "optimistic" not in drawing.caption
        assert "imp: 0 at levels 1–3" in drawing.caption

    def test_members_named_by_themselves_have_lines_of_their_own(self, plan, store):
        """The paper's figure: the best of any k, and networks from initialisation beside it."""
        start = [f"{name}[rewind=0]" for name in ("imp", "random")]
        wish = self.WISH | {"networks": [*self.WISH["networks"], *start]}
        drawing = draw(plan, store, **{"accuracy-vs-sparsity": wish})["accuracy-vs-sparsity"]
        (axes,) = [one for one in drawing.figure.axes if one.get_ylabel()]
        drawn = lines(axes)
        assert set(drawn) == {"imp, best rewind", *start}
        assert drawn["imp, best rewind"][1][::-1] == pytest.approx(self.drawn(plan, store)[1])
        for name, measure, levels in zip(start, ("accuracy", "acc_base"), (range(4), [3]), strict=True):
            own = [100 * (1 - fmean(over(plan, measure, network=name, level=level))) for level in levels]
            assert drawn[name][1][::-1] == pytest.approx(own)
        colours = {
            line.get_label(): line.get_color() for line in axes.get_lines() if not line.get_label().startswith("_")
        }
        assert len({colours[name] for name in drawn}) == len(drawn)

    def test_of_losses_the_least_is_best(self, plan):
        def validation(target):
            return 0.5 - rewind(target.network) / 1e3

        wish = self.WISH | {"metric": "loss"}
        drawing = draw(plan, results(plan, validation), **{"accuracy-vs-sparsity": wish})["accuracy-vs-sparsity"]
        (axes,) = [one for one in drawing.figure.axes if one.get_ylabel()]
        assert axes.get_ylabel() == "test loss"
        _, y = lines(axes)["imp"]
        expected = [10 * fmean(over(plan, "accuracy", network="imp[rewind=100it]", level=n)) for n in (3, 2, 1)]
        assert y[:3] == pytest.approx(expected)

    @pytest.mark.parametrize(
        ("reduce", "says"),
        [
            ("best-over:lr", "no such family: its families vary in rewind"),
            ("mean", "is not there: say best-over:rewind"),
        ],
    )
    def test_what_can_t_be_chosen_over(self, plan, store, reduce, says):
        wish = self.WISH | {"reduce": reduce}
        drawing = draw(plan, store, **{"accuracy-vs-sparsity": wish})["accuracy-vs-sparsity"]
        assert says in " ".join(drawing.notes)


class TestThroughTraining:
    """Figure 4."""

    def test_a_line_per_k_over_the_epochs(self, plan, store):
        drawing = draw(plan, store, **{"through-training": {}})["through-training"]
        (axes,) = drawing.figure.axes
        shown = lines(axes)
        assert list(shown) == ["k = 0", "k = 20it", "k = 100it"]
        # 230 updates of 23 an epoch, looked at every 46: beyond 100 the first is 138.
        for k, steps in (("0", (46, 92, 138, 184, 230)), ("20it", (46, 92, 138, 184, 230)), ("100it", (138, 184, 230))):
            x, y = shown[f"k = {k}"]
            assert x == [step / 23 for step in steps]
            at = int(k.removesuffix("it"))
            expected = [
                fmean(over(plan, "dense_lmc", at_updates=at, through=None if step == 230 else step)) for step in steps
            ]
            assert y == pytest.approx([100 * one for one in expected])
        assert (axes.get_title(), axes.get_xlabel()) == ("dense", "epochs of training")

    def test_over_steps(self, plan, store):
        drawing = draw(plan, store, **{"through-training": {"x": "step", "at": "100it"}})["through-training"]
        ((x, _),) = lines(drawing.figure.axes[0]).values()
        assert x == [138, 184, 230]

    def test_cases_side_by_side(self, cases, of_cases):
        drawing = draw_across(cases, of_cases, **{"through-training": {"panels": "case"}})["through-training"]
        assert list(panels(drawing)) == ["std", "low"]
        _, y = lines(panels(drawing)["low"])["k = 0"]
        assert y[-1] == pytest.approx(100 * fmean(over(cases, "dense_lmc", case="low", at_updates=0, through=None)))

    def test_without_through_it_says_what_to_write(self, store):
        plan = plan_of(TEXT.replace(', through = "46it"', ""))
        drawing = draw(plan, store, **{"through-training": {}})["through-training"]
        assert drawing.figure is None
        assert "say `through`" in drawing.notes[0]

    def test_a_study_with_it_gets_the_figure_unasked(self, plan, store):
        names = [one.name for one in drawings(plan, "", tidy(plan, store), store, store, {})]
        assert "through-training" in names


class TestDistances:
    """Appendices D and E."""

    def test_from_the_paths_where_nothing_else_measures_them(self, plan, store):
        drawing = draw(plan, store, **{"distance-vs-step": {"x": "rewind"}})["distance-vs-step"]
        (axes,) = drawing.figure.axes
        _, y = lines(axes)["random"]
        expected = [fmean(over(plan, "sparse_lmc", network=f"random[rewind={k}]")) for k in KS]
        assert y == pytest.approx([100 * one for one in expected]), "not in percent: 100 is made up"
        assert axes.get_ylabel() == "L2 distance of the two ends"
        assert "stable" not in drawing.caption

    def test_from_their_own_measure(self):
        plan = plan_of(
            TEXT + 'distance = { networks = ["dense", "imp"], levels = ["dense", "last"], at = ["rewind", "20it"] }'
        )
        store = results(plan_of(TEXT))
        for one in plan.targets:
            if one.kind == "distance":
                number = 5.0 + one.at_updates / 10 + one.replicate
                store.found[one.task] = Result({"distance": number, "from-start": [number, 3 * number], "angle": 60.0})
            elif one.task not in store.found:
                store.found[one.task] = Result({})
        wishes = {"distance-vs-step": {"networks": ["dense"]}}
        _, y = lines(draw(plan, store, **wishes)["distance-vs-step"].figure.axes[0])["dense"]
        assert y == pytest.approx([6.0, 8.0])
        wishes["distance-vs-step"] |= {"y": ["from-start", "angle"]}
        drawing = draw(plan, store, **wishes)["distance-vs-step"]
        assert [axes.get_ylabel() for axes in drawing.figure.axes] == [
            "L2 distance from the start",
            "angle between their ways (degrees)",
        ]
        _, y = lines(drawing.figure.axes[0])["dense"]
        assert y == pytest.approx([12.0, 16.0])
        rows = [row for row in tidy(plan, store) if row.measure == "distance" and row.headline]
        assert {row.metric for row in rows} == {"distance"}


class TestPanels:
    def test_accuracy_of_cases_each_with_its_dense_band(self, cases, of_cases):
        """Figure 5."""
        wish = {"panels": "case", "networks": ["imp[rewind=0]"]}
        drawing = draw_across(cases, of_cases, **{"accuracy-vs-sparsity": wish})["accuracy-vs-sparsity"]
        for case, axes in panels(drawing).items():
            dense = [100 * (1 - one) for one in over(cases, "accuracy", case=case, network="dense")]
            (band,) = axes.patches
            assert band.get_y() + band.get_height() / 2 == pytest.approx(fmean(dense))
            assert f"{case}: {fmean(dense):.2f} ± {stdev(dense):.2f} (n = 3)" in drawing.caption
            assert axes.get_xscale() == "log" and axes.get_xlim()[0] > 100

    def test_errors_along_paths_of_cases(self, cases, of_cases):
        """Figures 2 and 6."""
        wish = {"panels": "case", "networks": ["imp[rewind=0]", "random[rewind=0]"], "split": "test"}
        drawing = draw_across(cases, of_cases, **{"error-along-path": wish})["error-along-path"]
        assert list(panels(drawing)) == ["std, test", "low, test"]
        for case in ("std", "low"):
            shown = lines(panels(drawing)[f"{case}, test"])
            assert list(shown) == wish["networks"]
            for network, (_, y) in shown.items():
                assert y[1] == pytest.approx(100 * fmean(over(cases, "sparse_lmc", case=case, network=network)))
        looks = {line.get_color() for line in panels(drawing)["std, test"].lines}
        assert len(looks) == 2, "more networks than colours, but only one of each family"

    def test_errors_along_paths_of_a_family(self, plan, store):
        """Appendix C: a panel per family, a line per rewind point."""
        wish = {"panels": "network", "networks": NAMES, "split": "test"}
        drawing = draw(plan, store, **{"error-along-path": wish})["error-along-path"]
        assert list(panels(drawing)) == ["imp, test", "random, test"]
        for name in ("imp", "random"):
            shown = lines(panels(drawing)[f"{name}, test"])
            assert list(shown) == ["k = 0", "k = 20it", "k = 100it"]
            expected = [fmean(over(plan, "sparse_lmc", network=f"{name}[rewind={k}]")) for k in KS]
            assert [y[1] for _, y in shown.values()] == pytest.approx([100 * one for one in expected])

    def test_a_line_per_k_in_panels_of_cases(self, cases, of_cases):
        """Appendices B and C: all settings side by side."""
        for networks, measure in ((["dense"], "dense_lmc"), ([f"imp[rewind={k}]" for k in KS], "sparse_lmc")):
            wish = {"panels": "case", "series": "at", "networks": networks, "measure": measure, "split": "test"}
            drawing = draw_across(cases, of_cases, **{"error-along-path": wish})["error-along-path"]
            assert list(panels(drawing)) == ["std, test", "low, test"]
            for case in ("std", "low"):
                shown = lines(panels(drawing)[f"{case}, test"])
                assert list(shown) == ["k = 0", "k = 20it", "k = 100it"]
                for (_, y), k in zip(shown.values(), KS, strict=True):
                    at = int(k.rstrip("it"))
                    own = fmean(over(cases, measure, case=case, at_updates=at, through=None, **only(measure, k)))
                    assert y[1] == pytest.approx(100 * own)
            assert drawing.notes == ()

    def test_paths_under_another_policy(self, plan, store):
        wish = {"networks": ["dense"], "at": 0, "split": "test", "metric": "error@recompute"}
        drawing = draw(plan, store, **{"error-along-path": wish})["error-along-path"]
        (axes,) = drawing.figure.axes
        assert lines(axes)["dense"][1][1] == pytest.approx(
            25 * fmean(over(plan, "dense_lmc", at_updates=0, through=None))
        )
        assert "recomputed" in drawing.caption

    def test_cases_whose_families_have_other_members(self):
        """ImageNet's rewind points are epochs, LeNet's updates: each panel shows its own."""
        text = TEXT + CASES.replace(
            'rewind = { each = [0, "20it", "100it"] }', 'rewind = { each = [0, "40it", "2ep"] }'
        )
        plan = plan_of(text)
        store, own = results(plan), {"std": KS, "low": ("0", "40it", "2ep")}

        def drawing(**wish):
            wishes = {
                case: {"figure": Wish.model_validate({"panels": "case", **wish, "networks": members(wish, ks)})}
                for case, ks in own.items()
            }
            (found,) = across(plan, tidy(plan, store), store, store, wishes)
            return found

        def members(wish, ks):
            every = [f"imp[rewind={k}]" for k in ks]
            return every if wish["plot"] == "error-along-path" else [*every, "imp[rewind=0]"]

        paths = drawing(plot="error-along-path", series="at", split="test", measure="sparse_lmc")
        best = drawing(plot="accuracy-vs-sparsity", reduce="best-over:rewind")
        looks = set()
        for case, ks in own.items():
            assert list(lines(panels(paths)[f"{case}, test"])) == [f"k = {k}" for k in ks]
            axes = panels(best)[case]
            assert set(lines(axes)) == {"imp[rewind=0]", "imp, best rewind"}
            errors = [
                min(fmean(over(plan, "accuracy", case=case, network=f"imp[rewind={k}]", level=level)) for k in ks)
                for level in (0, 1, 2)
            ]
            shown = lines(axes)["imp, best rewind"][1][::-1][:3]
            assert shown == pytest.approx([100 * (1 - one) for one in errors])
            looks.add(tuple((line.get_label(), line.get_color()) for line in axes.lines if line.get_label()[0] != "_"))
        assert len(looks) == 1

    def test_both_kinds_of_images_in_one_panel(self, cases, of_cases):
        """Figures 2 and 3."""
        wish = {"panels": "case", "series": "split", "networks": ["dense"]}
        paths = draw_across(cases, of_cases, **{"error-along-path": wish | {"at": 0}})["error-along-path"]
        steps = draw_across(cases, of_cases, **{"instability-vs-step": wish})["instability-vs-step"]
        assert (paths.notes, steps.notes) == ((), ())
        for case in ("std", "low"):
            top = fmean(over(cases, "dense_lmc", case=case, at_updates=0, through=None))
            shown = lines(panels(paths)[case])
            assert [y[1] for y in (shown["test"][1], shown["train"][1])] == pytest.approx([100 * top, 50 * top])
            over_steps = lines(panels(steps)[case])
            assert list(over_steps) == ["test", "train"]
            tops = [fmean(over(cases, "dense_lmc", case=case, at_updates=k, through=None)) for k in (0, 20, 100)]
            assert over_steps["test"][1] == pytest.approx([100 * one for one in tops])
            assert over_steps["train"][1] == pytest.approx([50 * one for one in tops])
            assert len({line.get_color() for line in panels(steps)[case].lines[:2]}) == 2
        (first, *_) = (axes for axes in steps.figure.axes if axes.get_ylabel())
        assert first.get_ylabel() == "instability (points of error)"

    def test_a_panel_per_family_of_accuracies(self, plan, store):
        wish = {"panels": "network"}
        drawing = draw(plan, store, **{"accuracy-vs-sparsity": wish})["accuracy-vs-sparsity"]
        assert list(panels(drawing)) == ["dense", "imp", "random"]
        assert set(lines(panels(drawing)["imp"])) == {f"imp[rewind={k}]" for k in KS}

    def test_of_several_k_a_panel_of_a_case_shows_the_first_and_says_so(self, cases, of_cases):
        wish = {"panels": "case", "measure": "dense_lmc"}
        drawing = draw_across(cases, of_cases, **{"instability-vs-sparsity": wish})["instability-vs-sparsity"]
        assert drawing.notes[0] == "std: k = 0 of 0, 20it, 100it; say which with `at`"


class TestBands:
    def test_over_all_pairs_of_all_replicates(self, plan, store):
        """Frankle et al. count nine values where there are three initialisations of three pairs."""
        wish = {"networks": ["dense"], "at": "20it"}
        usual, nine = (
            draw(plan, store, **{"instability-vs-step": wish | more})["instability-vs-step"]
            for more in ({}, {"band": "all"})
        )
        values = [
            rise(one) for one in plan.targets if (one.at_updates, one.network, one.through) == (20, "dense", None)
        ]
        assert len(values) == 9
        for drawing, spread in ((usual, over(plan, "dense_lmc", at_updates=20, through=None)), (nine, values)):
            (axes,) = drawing.figure.axes
            _, y = lines(axes)["dense"]
            assert y == pytest.approx([100 * fmean(values)])
            (bar,) = axes.collections[0].get_segments()
            assert bar[1][1] - bar[0][1] == pytest.approx(200 * stdev(spread))
        assert usual.figure.legends[0].get_title().get_text() == "mean ± std, n = 3"
        assert nine.figure.legends[0].get_title().get_text() == "mean ± std over replicates and pairs, n = 9"
        assert "not independent" in nine.caption and "not independent" not in usual.caption

    def test_along_a_path(self, plan, store):
        wish = {"networks": ["dense"], "at": "20it", "split": "test", "band": "all"}
        drawing = draw(plan, store, **{"error-along-path": wish})["error-along-path"]
        assert drawing.figure.legends[0].get_title().get_text().endswith("n = 9")

    def test_the_band_of_another_network(self, plan, store):
        wish = {"networks": ["imp[rewind=0]"], "baseline": "imp"}
        drawing = draw(plan, store, **{"accuracy-vs-sparsity": wish})["accuracy-vs-sparsity"]
        assert "Grey: the dense network" in drawing.caption


def test_instability_of_the_loss(plan, store):
    wish = {"metric": "loss", "networks": ["dense"]}
    drawing = draw(plan, store, **{"instability-vs-step": wish})["instability-vs-step"]
    (axes,) = drawing.figure.axes
    _, y = lines(axes)["dense"]
    assert y[0] == pytest.approx(3 * fmean(over(plan, "dense_lmc", at_updates=0, through=None)))
    assert axes.get_ylabel() == "instability (test loss)"
    assert "stable" not in drawing.caption


def test_labels_of_steps_do_not_touch():
    """Ten rewind points of the paper in a panel of two inches."""
    from matplotlib.figure import Figure

    from lmcspec.report.figures.step_axis import finish, in_one_unit

    steps = (0, 20, 50, 100, 200, 500, 1000, 2000, 3000, 5000)
    labels, unit = in_one_unit({step: f"{step}it" for step in steps})
    assert unit == "iterations"
    assert labels[2000] == "2K" and labels[0] == "0"
    assert in_one_unit({0: "0", 69: "3ep"})[1] == "epochs"
    assert in_one_unit({20: "20it", 69: "3ep"}) == ({20: "20it", 69: "3ep"}, "")
    figure = Figure(figsize=(2.6, 2.4), layout="constrained")
    axes = figure.subplots()
    axes.plot(steps, steps)
    finish(axes, labels, 2.2)
    figure.draw_without_rendering()
    boxes = [tick.get_window_extent() for tick in axes.get_xticklabels() if tick.get_text()]
    starts = [box.x1 for box in boxes]
    assert all(after - before > 8 for before, after in pairwise(starts)), "slanted, a line apart"


def test_a_long_legend_stays_in_its_figure():
    plan = plan_of(
        "[networks]\nimp = [{ rounds = 1, rewind = { each = [0, 1, 2, 3, 4, 5, 6, 7] } }]\n"
        "shuffled = { like = 'imp', mask = 'shuffled' }\nreinit = { like = 'imp', weights = 'reinitialised' }\n"
        "[measures]\naccuracy = {}"
    )
    store = Recorded(made_up(plan, lambda target: 0.1).found)
    figure = draw(plan, store)["accuracy-vs-sparsity"].figure
    figure.draw_without_rendering()
    box = figure.legends[0].get_window_extent()
    assert len(figure.legends[0].get_texts()) == 25
    assert box.y0 >= 0 and box.x1 <= figure.bbox.x1
    axes = figure.axes[0].get_tightbbox()
    assert axes.x1 <= box.x0, "and covers nothing"


def test_every_figure_can_be_written(cases, of_cases):
    wishes = {plot: {"panels": "case"} for plot in ("accuracy-vs-sparsity", "through-training")}
    for drawing in draw_across(cases, of_cases, **wishes).values():
        assert set(files(drawing)) == {"svg", "png"}
