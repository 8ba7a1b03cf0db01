"""What a tracking server has of a store, asked of MLflow's client a page at a time."""

from collections.abc import Callable, Container
from typing import TYPE_CHECKING, Any

from lmcspec.store import Store
from lmcspec.track.evidence import CURRENT, OWNER, SUBJECT, Evidence, ServerRun, by_subject, mark_of, surplus

if TYPE_CHECKING:
    from mlflow import MlflowClient

PAGE = 1000
"""Runs in one answer."""


def listed(
    client: "MlflowClient", ask: Callable[[Callable[[], Any]], Any], store: Store, study: str, known: Container[str]
) -> Evidence | None:
    """What the study's experiment has of this store; None where there is no such experiment.

    `ask` makes a call of the client, and of several runs that stand for the same one that is `known` counts.
    """
    from mlflow.entities import ViewType

    experiment = ask(lambda: client.get_experiment_by_name(study))
    if experiment is None:
        return None
    runs: list[tuple[str, ServerRun]] = []
    token: str | None = None
    while True:
        page = ask(
            lambda token=token: client.search_runs(
                [experiment.experiment_id],
                f"tags.`{OWNER}` = '{store.id}'",
                run_view_type=ViewType.ALL,
                max_results=PAGE,
                order_by=["attributes.start_time DESC"],
                page_token=token,
            )
        )
        runs += [(run.data.tags[SUBJECT], _seen(run)) for run in page if SUBJECT in run.data.tags]
        if not (token := page.token):
            break
    chosen = by_subject(runs, known)
    deleted = experiment.lifecycle_stage != "active"
    mark = experiment.tags.get(mark_of(store), "")
    return Evidence(experiment.experiment_id, deleted, mark, chosen, surplus(runs, chosen))


def _seen(run: Any) -> ServerRun:
    blank = run.info.status == "RUNNING" and not run.data.metrics and not run.data.params
    return ServerRun(run.info.run_id, run.info.lifecycle_stage != "active", run.data.tags.get(CURRENT, ""), blank)
