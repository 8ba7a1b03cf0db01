"""Legends beside the axes, however long they are."""

from drawn_for_tests import Recorded, draw
from results_for_tests import made_up, plan_of


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


def test_broken_names_stay_in_it_too():
    values = ", ".join(f'"{one}it"' for one in range(1, 30))
    plan = plan_of(
        f"[networks]\na-network-whose-name-is-long-enough-to-be-broken = [{{ rounds = 1, rewind = {{ each = [{values}] }} }}]\n"
        "[measures]\naccuracy = {}"
    )
    figure = draw(plan, Recorded(made_up(plan, lambda target: 0.1).found))["accuracy-vs-sparsity"].figure
    figure.draw_without_rendering()
    box = figure.legends[0].get_window_extent()
    assert all("\n" in text.get_text() for text in figure.legends[0].get_texts()[:-1])
    assert box.y0 >= 0 and box.x1 <= figure.bbox.x1
