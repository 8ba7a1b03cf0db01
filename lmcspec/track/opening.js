// Put by `lmcspec ui` into MLflow's page: a browser that was never here begins with training runs, and a link to a study
// leads to its figure. In MLflow all of this is a choice of each browser, of which its server knows nothing.
(() => {
  "use strict";
  const VIEW = "mlflow.sharedViewState.lmcspec";
  const EXPERIMENT = /#\/experiments\/(\d+)(?:\?[^/]*)?$/;
  const FIRST = {
    "mlflow.workflowType_v1": "machine_learning",
    // Else an assistant opens itself the first time, over a quarter of the page. Its button stays.
    "mlflow.assistant.fab.autoOpenedOnFirstLoad_v1": true,
  };

  try {
    for (const [key, value] of Object.entries(FIRST)) {
      if (localStorage.getItem(key) === null) {
        localStorage.setItem(key, JSON.stringify(value));
      }
    }
  } catch {
    // A browser that keeps nothing has MLflow's own beginning.
  }

  const figure = (id) =>
    `#/experiments/${id}/runs?compareRunsMode=CHART&viewStateShareKey=lmcspec&workflowType=machine_learning`;

  // Where a link leads: to the figure of a study that lmcspec has tracked, and of others where it says.
  async function target(address) {
    const [, id] = EXPERIMENT.exec(address);
    try {
      const answer = await fetch(`ajax-api/2.0/mlflow/experiments/get?experiment_id=${id}`);
      const { experiment } = await answer.json();
      return experiment.tags.some((tag) => tag.key === VIEW) ? figure(id) : address;
    } catch {
      return address;
    }
  }

  function onClick(event) {
    const link = event.target.closest?.("a[href]");
    const address = link?.getAttribute("href") ?? "";
    const elsewhere = event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey;
    if (elsewhere || link?.target === "_blank" || !EXPERIMENT.test(address)) {
      return;
    }
    event.preventDefault();
    event.stopImmediatePropagation();
    target(address).then((hash) => {
      location.hash = hash.slice(hash.indexOf("#"));
    });
  }

  addEventListener("click", onClick, { capture: true });
  if (EXPERIMENT.test(location.hash)) {
    target(location.hash).then((hash) => location.replace(hash));
  }
})();
