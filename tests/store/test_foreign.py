# pyright: reportOptionalContextManager=false
"""A store from elsewhere: whatever is planted in it, what lies outside is never touched, nor what isn't ours."""

import os
import shutil
import signal
from pathlib import Path

import pytest

from lmcspec.base.beneath import ForeignError
from lmcspec.cli import main
from lmcspec.store import (
    Index,
    Store,
    drivers,
    failed_attempts,
    interrupted,
    invocations,
    last_plan,
    layout,
    open_attempt,
    open_journal,
    recall,
    record_plan,
    remember,
    sweep,
    take,
    verify,
)

SPEC = """
study = "tiny"
dataset = "digits"
model = { name = "mlp", widths = [4] }
[recipes.real]
length = "2it"
batch = 32
optimiser = { name = "sgd", lr = 0.1 }
[networks]
dense = []
[measures]
accuracy = {}
"""


@pytest.fixture
def victim(tmp_path):
    """A folder of somebody's, in which every name is one that a store's keeper would take for its own."""
    folder = tmp_path / "victim"
    for name in ("1" * 32, "2" * 64, "ab", "plain"):
        (folder / name / "out").mkdir(parents=True)
        (folder / name / "precious").write_text("x")
    for name in (f"{'3' * 32}.json", f"{'4' * 64}.json", f".x.{'5' * 32}.draft", "COMMIT", "failure.json", "mlflow.db"):
        (folder / name).write_text("{}")
    for path in folder.rglob("*"):
        os.utime(path, (0, 0))
    return folder


@pytest.fixture
def unhurt(victim):
    """Whether the victim is as it was."""

    def state():
        return {
            path.relative_to(victim).as_posix(): (path.read_text() if path.is_file() else None, path.lstat().st_mtime)
            for path in victim.rglob("*")
        }

    before = state()
    return lambda: state() == before


@pytest.mark.parametrize("name", [*layout.FOLDERS])
@pytest.mark.parametrize("kind", ["link", "file", "pipe"])
def test_a_folder_of_ours_that_is_none_is_an_error_for_every_command(store, victim, unhurt, capsys, name, kind):
    folder = store.root / name
    folder.rmdir()
    {"link": lambda: folder.symlink_to(victim), "file": folder.touch, "pipe": lambda: os.mkfifo(folder)}[kind]()
    with pytest.raises(ForeignError, match=f"{name} is a (symbolic link|file|pipe)") as caught:
        Store.open(store.root)
    assert "--store" in caught.value.help
    with pytest.raises(SystemExit) as ended:
        main(["verify", "--store", str(store.root)])
    assert ended.value.code == 4
    assert f"{name} is a" in capsys.readouterr().err
    assert os.path.lexists(folder)
    assert unhurt()


def test_sweeping_neither_follows_links_nor_takes_names_that_are_not_ours(store, victim, unhurt, name, caplog):
    attempts = store.root / "attempts"
    (attempts / name(1)).symlink_to(victim)
    (attempts / name(2)).mkdir()
    (attempts / name(2) / ("a" * 32)).symlink_to(victim)
    (attempts / name(2) / f"{'b' * 32}.json").symlink_to(victim / "COMMIT")
    ours = attempts / name(3)
    for other in ("notes", "README.json", "A" * 32, "c" * 33):
        (ours / other).mkdir(parents=True)
        (ours / other / "kept").touch()
    (store.root / "partial" / name(4)).symlink_to(victim)
    (store.root / "leases" / f"{name(5)}.json").symlink_to(victim / f"{'4' * 64}.json")
    for folder in (store.root, store.root / "studies", store.root / "leases", store.root / "invocations"):
        (folder / f".it.{'d' * 32}.draft").symlink_to(victim)
    (store.root / "leases" / ".lock").touch()
    before = sorted(store.root.rglob("*"))
    swept = sweep(store)
    assert (swept.attempts, swept.leases, swept.partials) == (0, 0, 0)
    assert sorted(store.root.rglob("*")) == before
    assert unhurt()
    assert f"{name(1)} is no folder, and is left alone" in caplog.text
    # Looking at them takes them for nothing.
    assert failed_attempts(store, name(1)) == [] and not interrupted(store, name(1)) and not interrupted(store, name(4))


def test_a_dead_attempt_goes_with_its_links_and_without_what_they_lead_to(store, victim, unhurt, name):
    dead = store.root / "attempts" / name(1) / ("a" * 32)
    (dead / "out").mkdir(parents=True)
    (dead / "out" / "link").symlink_to(victim)
    (dead / "log.txt").symlink_to(victim / "COMMIT")
    assert sweep(store).attempts == 1
    assert not dead.exists()
    assert unhurt()


def in_the_way(store, task, victim):
    """Each place that an attempt at a task needs, and what is planted there."""
    lease, shelf = layout.lease_file(store.root, task), layout.object_folder(store.root, task).parent
    places = {
        "shelf": shelf,
        "object": layout.object_folder(store.root, task),
        "attempts": layout.attempts_folder(store.root, task),
        "lease": lease,
        "lock": lease.with_name(".lock"),
        "partial": layout.partial_folder(store.root, task),
    }
    return {name: (path, victim / "COMMIT" if name in ("lease", "lock") else victim) for name, path in places.items()}


@pytest.mark.parametrize("place", ["shelf", "object", "attempts", "lease", "lock", "partial"])
@pytest.mark.parametrize("kind", ["link", "dangling", "pipe"])
def test_what_stands_in_the_way_of_a_task_is_named_and_left(store, victim, unhurt, name, place, kind):
    task = name(1)
    path, leads = in_the_way(store, task, victim)[place]
    path.parent.mkdir(exist_ok=True)
    if kind == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to(victim / "nowhere" if kind == "dangling" else leads)

    def work():
        with take(store, task) as lease:
            attempt = open_attempt(store, task, lease)
            (attempt.partial / "checkpoint").touch()
            (attempt.out / "x").touch()
            attempt.commit({}, {}, {})

    with pytest.raises(ForeignError, match=f"{path.name} is a (symbolic link|pipe)") as caught:
        work()
    assert caught.value.path == path
    assert os.path.lexists(path)
    assert unhurt()


@pytest.mark.parametrize("part", ["COMMIT", "out", "task.json", "log.txt", "out/state.bin", "DROPPED"])
def test_a_part_of_an_object_that_is_a_link_is_never_read(store, put, victim, unhurt, name, tmp_path, part):
    put(store, name(1))
    path = store.find(name(1)).path / part
    if path.exists():
        path.rename(tmp_path / "moved")
    path.symlink_to(tmp_path / "moved" if part != "DROPPED" else victim)
    if part != "DROPPED":
        assert verify(store, [name(1)]), "though what it leads to is the same"
    if part == "COMMIT":
        assert store.present([name(1)]) == set()
        assert put(store, name(1)) == "committed"
    else:
        store.discard(name(1))
    assert (tmp_path / "moved").exists() == (part != "DROPPED")
    assert unhurt()


def test_caches_are_done_without_where_links_stand(store, victim, unhurt, name, caplog):
    fact, study = store.root / "facts" / f"{name(1)}.json", store.root / "studies" / "fig7.json"
    for path in (fact, study, store.root / layout.INDEX, store.root / drivers.FILE):
        path.symlink_to(victim / "COMMIT")
    assert recall(store, name(1)) is None and last_plan(store, "fig7") is None
    remember(store, name(1), {"x": 1})
    record_plan(store, "fig7", {"x": 1})
    with Index(store) as index, drivers.driving(store) as driver, driver.alone() as alone:
        assert index.entries() == []
        assert not alone
    assert fact.is_symlink() and study.is_symlink()
    assert "is a symbolic link" in caplog.text
    assert unhurt()


@pytest.mark.parametrize("suffix", layout.DATABASE[1:])
def test_files_beside_the_index_are_looked_at_too(store, victim, unhurt, suffix):
    Path(f"{store.root / layout.INDEX}{suffix}").symlink_to(victim / "COMMIT")
    with Index(store) as index:
        assert index.ids() == set()
    assert unhurt()


def test_invocations_that_are_links_are_no_invocations(store, victim, unhurt):
    open_journal(store, "tiny", {}).close()
    (own,) = invocations(store)
    copy = store.root.parent / "elsewhere"
    shutil.copytree(own.path, copy)
    (own.path.with_name(f"{own.id}x")).symlink_to(copy)
    assert [one.id for one in invocations(store)] == [own.id]
    (own.path / "events.jsonl").unlink()
    (own.path / "events.jsonl").symlink_to(victim / "COMMIT")
    assert list(own.events()) == []
    (own.path / "invocation.json").unlink()
    os.mkfifo(own.path / "invocation.json")
    assert invocations(store) == []
    assert unhurt()


@pytest.fixture
def command(store, tmp_path, capsys):
    """Run a command on the tiny study as a user does: exit code, and what it said."""
    (tmp_path / "tiny.toml").write_text(SPEC)

    def run(name, *more):
        def hangs(*_):
            raise TimeoutError("it waits for something")

        signal.signal(signal.SIGALRM, hangs)
        signal.alarm(60)
        with pytest.raises(SystemExit) as ended:
            main([name, str(tmp_path / "tiny.toml"), "--store", str(store.root), *more])
        signal.alarm(0)
        return ended.value.code or 0, capsys.readouterr().err

    return run


def test_a_run_leaves_planted_links_alone(store, victim, unhurt, command, caplog):
    """All at once, none in the way of the study's own tasks."""
    (store.root / "attempts" / ("3" * 64)).symlink_to(victim)
    (store.root / "attempts" / ("7" * 64)).mkdir()
    (store.root / "attempts" / ("7" * 64) / ("8" * 32)).symlink_to(victim)
    (store.root / "partial" / ("3" * 64)).symlink_to(victim)
    (store.root / "leases" / f"{'3' * 64}.json").symlink_to(victim / "COMMIT")
    (store.root / "studies" / "tiny.json").symlink_to(victim / "COMMIT")
    (store.root / "invocations" / "20200101T000000000-00000000").symlink_to(victim)
    (store.root / "objects" / "zz").symlink_to(victim)
    (store.root / layout.INDEX).symlink_to(victim / "mlflow.db")
    code, said = command("run", "--runner", "inline")
    assert code == 0, said
    assert "1 done" in said and "Traceback" not in said
    assert "is a symbolic link" in caplog.text and "is left alone" in caplog.text
    assert command("run", "--runner", "inline")[0] == 0
    assert command("report")[0] == 0
    assert unhurt()


def test_a_run_stops_where_a_link_is_in_its_way(store, victim, unhurt, command):
    for one in range(256):
        (store.root / "objects" / f"{one:02x}").symlink_to(victim)
    code, said = command("run", "--runner", "inline")
    assert code == 4, said
    assert "is a symbolic link, not a folder of the store's own, and is left alone" in said
    assert "help: " in said and "Traceback" not in said
    assert unhurt()


@pytest.mark.parametrize("planted", ["reports", "reports/tiny", "reports/tiny/index.html"])
def test_a_report_is_not_written_through_a_link(store, victim, unhurt, command, planted):
    assert command("run", "--runner", "inline")[0] == 0
    command("report")
    pages = [path.name for path in (store.root / "reports" / "tiny").glob("*.html")]
    path = store.root / planted.replace("index.html", pages[0])
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    path.symlink_to(victim / "COMMIT" if path.suffix else victim)
    code, said = command("report")
    assert code == 4 and "is a symbolic link" in said
    assert unhurt()
