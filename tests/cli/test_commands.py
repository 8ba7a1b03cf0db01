"""Every command through its real entry point: what it prints where, what it writes, and its exit code."""

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from specs_for_tests import STABILITY


def test_plan_writes_nothing_and_says_everything(place, lmcspec):
    said = lmcspec("plan", "study.toml")
    assert said.code == 0
    assert [path.name for path in place.iterdir()] == ["study.toml"]
    for word in ("never-run", "train", "prune", "path", "7 to run, 0 reused", "unknown"):
        assert word in said.out
    assert "to find the last mask: imp 1,437 images" in said.out


def test_plan_as_json(place, lmcspec):
    data = lmcspec("plan", "study.toml", "--format", "json").data
    assert data["counts"] == {"run": 7}
    assert {task["kind"] for task in data["tasks"]} == {"train", "prune", "path"}
    assert all(re.fullmatch("[0-9a-f]{64}", task["id"]) for task in data["tasks"])
    (mask,) = data["masks"]
    assert mask == {"case": "", "network": "imp", "level": 1, "sparsity": 0.5} | {
        "unpacked": 1437,
        "stored": 1437,
        "making": 0,
        "files": [],
    }


def test_plan_as_tree(place, lmcspec):
    lines = lmcspec("plan", "study.toml", "--format", "tree").out.splitlines()
    assert lines[0] == "tiny"
    assert any("imp" in line for line in lines)
    assert any(re.search(r"\+ train  [0-9a-f]{10}  never-run", line) for line in lines)


def test_detailed_exit_code(place, lmcspec, finished):
    assert lmcspec("plan", "study.toml", "--detailed-exitcode").code == 3
    assert lmcspec("plan", "study.toml", "--detailed-exitcode", "--store", str(finished)).code == 0


def test_a_run_that_has_nothing_to_do_says_so_and_prints_the_results(place, lmcspec, finished):
    said = lmcspec("run", "study.toml", "--store", str(finished))
    assert said.code == 0
    assert "all 7 tasks are reused" in said.err
    assert "50.0%" in said.out
    assert "undecided (n = 1)" in said.out


def test_results_as_json_come_alone_on_stdout(place, lmcspec, finished):
    data = lmcspec("run", "study.toml", "--store", str(finished), "--format", "json").data
    accuracies = [row for row in data["results"] if row["metric"] == "test/accuracy"]
    assert [row["level"] for row in accuracies] == [0, 0, 1]
    assert {row["sparsity"] for row in accuracies} == {0.0, 0.5}


def test_after_one_changed_rate_plan_names_the_field_old_and_new_and_what_follows(place, lmcspec, finished):
    said = lmcspec("plan", "study.toml", "--store", str(finished), "--set", "recipes.real.optimiser.lr=0.2")
    assert re.search(
        r"params-changed\s+recipe.optimiser.lr 0.1 -> 0.2\n +4 tasks \(train\); 3 more follow from these \(\d \w+, \d \w+",
        said.out,
    )
    assert re.search(r"time: .* on \d+ slots?", said.out), "everything has been timed"


def test_a_kind_that_has_never_run_is_estimated_by_its_work(place, lmcspec, finished):
    changes = ("--set", "replicates=2", "--set", "measures.hessian={levels=['last'],batches=1}")
    said = lmcspec("plan", "study.toml", "--store", str(finished), *changes)
    assert re.search(r"time: .* on \d+ slots? \(.* to .*\), \d+ tasks by a first estimate", said.out), said.out


def test_a_saved_plan_runs_as_it_is(place, lmcspec):
    assert lmcspec("plan", "study.toml", "-o", "plan.json").code == 0
    Path("study.toml").unlink()
    assert lmcspec("run", "plan.json", "--runner", "inline").code == 0
    assert "reused" in lmcspec("run", "plan.json").err


def _edit(document, key, **changes):
    next(iter(document[key].values())).update(changes)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda document: _edit(document, "tasks", version=99), "edited or damaged: the task"),
        (lambda document: _edit(document, "parts", surprise=1), "edited or damaged: the part"),
        (lambda document: _edit(document, "neutral", root="/elsewhere"), "edited or damaged after it was made"),
        (lambda document: document["notes"].append("all is well"), "edited or damaged after it was made"),
        (lambda document: document["targets"].pop(), "edited or damaged after it was made"),
        (lambda document: document.update(study="another"), "edited or damaged after it was made"),
        (lambda document: document.pop("digest"), "saved by an earlier version"),
        (lambda document: document.update(schema="other"), "not a saved plan"),
        (lambda document: document.pop("targets"), "edited or damaged after it was made"),
    ],
)
def test_a_plan_that_is_not_what_was_saved_is_refused(place, lmcspec, change, says):
    lmcspec("plan", "study.toml", "-o", "plan.json")
    document = json.loads(Path("plan.json").read_text())
    change(document)
    Path("plan.json").write_text(json.dumps(document))
    said = lmcspec("run", "plan.json")
    assert said.code == 4
    assert says in said.err
    assert "Traceback" not in said.err
    assert not any(Path(".lmcspec").glob("objects/*"))


def test_a_learning_rate_edited_in_a_saved_plan_trains_nothing(place, lmcspec):
    lmcspec("plan", "study.toml", "-o", "plan.json")
    text = Path("plan.json").read_text()
    assert text.count('"lr": 0.1') == 1
    Path("plan.json").write_text(text.replace('"lr": 0.1', '"lr": 0.05'))
    said = lmcspec("run", "plan.json", "--runner", "inline")
    assert said.code == 4 and "the part" in said.err and "optimiser" in said.err
    assert not any(Path(".lmcspec").glob("objects/*"))


def test_a_recorded_plan_that_was_edited_explains_nothing(place, lmcspec, finished):
    """The store's own record of a study is only what new plans are compared with; one that lies is left out."""
    shutil.copytree(finished, "store")
    record = Path("store/studies/tiny.json")
    changed = ("plan", "study.toml", "--store", "store", "--set", "recipes.real.optimiser.lr=0.2")
    assert "params-changed" in lmcspec(*changed).out
    whole = record.read_text()
    for old, new in (("imp/s0/l1/mask", "imp/s0/l1/nask"), ('"keep": "always"', '"keep": 5'), ('"roles"', '"rules"')):
        record.write_text(whole.replace(old, new))
        for command in (changed, ("status", "--store", "store"), ("explain", "imp/s0/l1/mask", "--store", "store")):
            said = lmcspec(*command)
            assert said.code in (0, 2) and "Traceback" not in said.err
    assert "tiny: its recorded plan can't be read" in lmcspec("status", "--store", "store").out


def test_a_plan_for_another_version_of_a_kind_is_stale(place, lmcspec, monkeypatch):
    from lmcspec.tasks import train

    lmcspec("plan", "study.toml", "-o", "plan.json")
    monkeypatch.setattr(train, "KIND", replace(train.KIND, version=99))
    said = lmcspec("run", "plan.json")
    assert said.code == 4 and "stale: 'train' tasks have version 99 now" in said.err


def test_a_plan_whose_images_have_changed_is_stale(place, lmcspec):
    from PIL import Image

    def paint(shade: int) -> None:
        for split in ("train", "test"):
            for label in ("a", "b"):
                Path("images", split, label).mkdir(parents=True, exist_ok=True)
                Image.new("L", (8, 8), shade).save(Path("images", split, label, "1.png"))

    paint(10)
    lmcspec("plan", "study.toml", "--set", "dataset={name='folder',root='images'}", "-o", "plan.json")
    assert lmcspec("plan", "plan.json").code == 0
    paint(200)
    said = lmcspec("run", "plan.json")
    assert said.code == 4
    assert "'folder' is" in said.err


def test_missing_data_block_with_exit_code_5(place, lmcspec):
    said = lmcspec("plan", "study.toml", "--set", "dataset.name=mnist", "--set", "dataset.root=nowhere")
    assert said.code == 0
    assert "blocked" in said.out
    said = lmcspec("run", "study.toml", "--set", "dataset.name=mnist", "--set", "dataset.root=nowhere")
    assert said.code == 5
    assert "nowhere" in said.err


def test_status(place, lmcspec, finished):
    assert "7 done" in lmcspec("status", "study.toml", "--store", str(finished)).out
    assert "tiny: 7 done" in lmcspec("status", "--store", str(finished)).out
    assert lmcspec("status", "study.toml", "--format", "json").data["counts"]["to do"] == 7
    assert "no study has run" in lmcspec("status").out
    assert not Path(".lmcspec").exists()


def test_status_names_failures_and_their_logs(place, lmcspec):
    from lmcspec.store import Store, open_attempt

    task = lmcspec("plan", "study.toml", "--format", "json").data["tasks"][0]["id"]
    attempt = open_attempt(Store.open(".lmcspec"), task)
    attempt.fail({"message": "it had no luck"})
    said = lmcspec("status", "study.toml")
    assert "1 failed" in said.out
    assert "it had no luck" in said.out
    assert "log.txt" in said.out.replace("\n", "")


def test_explain_a_value_a_code_and_a_task(place, lmcspec, finished):
    assert "study.toml:8" in lmcspec("explain", "study.toml", "recipes.real.optimiser.lr").out
    assert "--set" in lmcspec("explain", "study.toml", "recipes.real.batch", "--set", "recipes.real.batch=9").out
    assert "E401" in lmcspec("explain", "E401").out
    identifier = lmcspec("plan", "study.toml", "--format", "json", "--store", str(finished)).data["tasks"][0]["id"]
    said = lmcspec("explain", identifier[:8], "--store", str(finished))
    assert identifier in said.out.replace("\n", "")
    assert lmcspec("explain", "E999").code == 2
    assert lmcspec("explain", "ffffffff", "--store", str(finished)).code == 2


def test_schema_is_json_and_knows_the_names(place, lmcspec):
    said = lmcspec("schema")
    assert said.code == 0
    text = json.dumps(json.loads(said.out))
    for name in ("digits", "convnet3", "magnitude", "stability", "dm"):
        assert f'"{name}"' in text


def test_verify(place, lmcspec, finished, tmp_path):
    import shutil

    shutil.copytree(finished, tmp_path / "copy")
    assert lmcspec("verify", "--store", "copy").code == 0
    victim = next((tmp_path / "copy" / "objects").rglob("mask.safetensors"))
    content = bytearray(victim.read_bytes())
    content[-1] ^= 1
    victim.write_bytes(bytes(content))
    assert lmcspec("verify", "--store", "copy", "--quick").code == 0, "sizes don't tell"
    said = lmcspec("verify", "--store", "copy")
    assert said.code == 4
    assert "corrupt" in said.out


def test_force_runs_again_what_is_named(place, lmcspec, finished):
    said = lmcspec("plan", "study.toml", "--store", str(finished), "--force", "imp/s0/l1/mask")
    assert "forced" in said.out
    said = lmcspec("plan", "study.toml", "--store", str(finished), "--force", "imp/s0/l1/maks")
    assert said.code == 2
    assert "did you mean imp/s0/l1/mask?" in said.err


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["plan"], 2, "Missing argument"),
        (["plan", "nowhere.toml"], 2, "nowhere.toml"),
        (["plan", "studi.toml"], 2, "did you mean `study.toml`?"),
        (["plan", "studi"], 2, "did you mean `study.toml`?"),
        (["run", "plan.json"], 2, "lmcspec plan SPEC -o plan.json"),
        (["paln"], 2, "there is no command 'paln'\n  help: did you mean `plan`?"),
        (["train", "study.toml"], 2, "there are plan, run, status"),
        (["study.toml", "run"], 2, "lmcspec run study.toml"),
        (["help", "run"], 2, "lmcspec run --help"),
        (["plan", "study.toml", "--set", "replicates:2"], 2, "--set replicates=2"),
        (["plan", "study.toml", "--set", "extends=a.toml"], 2, 'extends = "other.toml"'),
        (["run", "study.toml", "--runner", "slurm"], 2, "there are inline, local"),
        (["plan", "study.toml", "--detailed"], 2, "No such option"),
        (["plan", "study.toml", "--set", "recipes.real.lr"], 2, "="),
        (["plan", "study.toml", "--max-tasks", "3"], 2, "E406"),
        (["plan", "study.toml", "--store", "study.toml"], 4, "file"),
        (["run", "study.toml", "--store", "."], 4, "not a store"),
        (["run", "study.toml", "--runner", "lokal"], 2, "did you mean 'local'"),
        (["verify"], 4, "no store"),
    ],
)
def test_mistakes_end_with_a_sentence_and_a_code(place, lmcspec, arguments, code, says):
    said = lmcspec(*arguments)
    assert said.code == code
    assert says in said.err
    assert said.out == ""
    assert "Traceback" not in said.err


def test_errors_in_json_where_json_was_asked_for(place, lmcspec):
    Path("study.toml").write_text(STABILITY.replace("batch", "bacth"))
    said = lmcspec("plan", "study.toml", "--format", "json")
    assert said.code == 2
    document = json.loads(said.out)
    assert not document["ok"]
    assert {error["code"] for error in document["errors"]} >= {"E103"}
    assert {error["code"]: error["line"] for error in document["errors"]}["E103"] == 7


def test_help_lists_the_commands_and_exit_codes(lmcspec):
    said = lmcspec("--help")
    assert said.code == 0
    for word in ("plan", "run", "status", "explain", "export", "schema", "verify", "130 interrupted"):
        assert word in " ".join(said.out.split())


def test_version(lmcspec):
    import lmcspec as package

    assert lmcspec("--version").out.strip() == package.__version__
