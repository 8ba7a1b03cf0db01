"""Descriptions in the real MLflow: in a database, and behind a server."""

import pytest
from test_mlflow import MlflowServer
from tracked_for_tests import Quick, plan_of

from lmcspec.report import tracked as reporter
from lmcspec.track import Tracker, default_uri, noted, view
from lmcspec.track.about import About
from lmcspec.track.reporter import REPORT

pytestmark = pytest.mark.slow


@pytest.fixture(params=["database", "server"])
def uri(request, store, tmp_path):
    if request.param == "database":
        yield default_uri(store)
        return
    server = MlflowServer(tmp_path)
    server.start()
    yield server.uri
    server.kill()


def test_it_says_what_it_is_until_a_person_says_it(store, spec, uri):
    from mlflow import MlflowClient

    def tags():
        experiment = client.get_experiment_by_name("tracked")
        assert experiment is not None
        return experiment.experiment_id, experiment.tags

    def told(title):
        Tracker(store, uri, Quick(), abouts={"tracked": About(title)}).sync(plan)
        return tags()[1][noted.NOTE]

    plan = plan_of(spec, store)
    Tracker(store, uri, reporter).sync()
    client = MlflowClient(tracking_uri=uri)
    experiment, said = tags()
    runs = client.search_runs([experiment], max_results=1000)
    assert said[noted.KIND] == noted.TRAINING and all(run.data.tags[noted.NOTE] for run in runs)
    (invocation,) = [run.info.run_id for run in runs if run.data.tags["lmcspec.kind"] == "invocation"]
    assert view.page_of(experiment, invocation, REPORT) in said[noted.NOTE]
    assert REPORT in {file.path for file in client.list_artifacts(invocation)}
    assert told("One").startswith("One · ")
    assert told("Two").startswith("Two · ")
    client.set_experiment_tag(experiment, noted.NOTE, "Mine")
    assert told("Three") == "Mine"
