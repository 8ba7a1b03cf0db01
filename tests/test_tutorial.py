"""The tutorial and docs/how-to.md: what their readers type is typed in an empty folder, and prints what they show."""

import pytest
from pages_for_tests import DOCS, Command, File, Follower, check_shown, installed, masked, page, steps

from docs.images.concepts import drawn

PAGES = (
    "tutorial/first-study.md",
    "tutorial/from-a-sentence.md",
    "tutorial/from-openlth.md",
    "tutorial/reading-results.md",
    "tutorial/own-model.md",
    "tutorial/own-data.md",
    "tutorial/own-measure.md",
    "tutorial/cluster.md",
    "how-to.md",
)
TRACKED = {"tutorial/first-study.md"}
"""Pages that look at MLflow."""
UI = """set -m; lmcspec ui --port 0 > ui.txt 2>&1 &
while kill -0 $! && ! grep -q http ui.txt; do sleep 0.1; done
kill -TERM $!; wait $!; cat ui.txt"""
"""It is ended once it has printed its link, not by Ctrl-C: what runs in the background may not hear that."""
STAND_INS = {
    "lmcspec ui": UI,
    "uv pip install -e my-cards": "true # there is no network",
}
"""A server that nobody would end, and an installer that needs a network."""


def test_no_page_is_left_out():
    assert {*PAGES} == {f"tutorial/{path.name}" for path in (DOCS / "tutorial").glob("*.md")} | {"how-to.md"}


@pytest.mark.parametrize("name", PAGES)
def test_a_page_has_commands_and_shows_what_they_print(name):
    commands = [step for step in steps(page(name)) if isinstance(step, Command)]
    assert len(commands) >= 3
    assert sum(any(line != "…" for line in command.shown) for command in commands) >= len(commands) / 2


@pytest.mark.slow
@pytest.mark.parametrize("name", PAGES)
def test_what_a_page_says_is_what_happens(name, tmp_path, monkeypatch):
    if name in TRACKED:
        monkeypatch.delenv("LMCSPEC_NO_TRACKING")
    monkeypatch.delenv("LMCSPEC_STORE", raising=False)
    monkeypatch.delenv("LMCSPEC_DATA", raising=False)
    reader = Follower(tmp_path, STAND_INS, {"cluster": ("study.toml",)})
    for step in steps(page(name)):
        reader.do(step)
        if getattr(step, "line", "").startswith("lmcspec init plugin"):
            paths = installed(tmp_path / "here" / "my-cards", "my-cards", "rings = my_cards.cards")
            reader.environment["PYTHONPATH"] = paths


SMALL = """
```toml
# a.txt
rate = 1
kept = 2
```

## Look

```diff
--- a.txt
-rate = 1
+rate = 3
 kept = 2
```

```console
$ cat a.txt          # both lines
rate = 3
…
there$ cat a.txt; echo "error: 12.5 s"; false
error: 3.25 s
```
"""


def test_a_reader_writes_changes_and_types(tmp_path):
    file, change, here, there = steps(SMALL)
    assert isinstance(file, File) and file.text == "rate = 1\nkept = 2\n"
    reader = Follower(tmp_path, arriving={"there": ("a.txt",)})
    assert [reader.do(step) for step in (file, change, here)] == ["", "", "rate = 3\nkept = 2\n"]
    assert isinstance(here, Command) and (here.section, here.shown) == ("Look", ("rate = 3", "…"))
    assert reader.do(there) == "rate = 3\nkept = 2\nerror: 12.5 s\n"
    with pytest.raises(AssertionError, match="has these lines once"):
        reader.do(change)


@pytest.mark.parametrize(
    ("shown", "printed", "same"),
    [
        ("54 done in 23 s", "21:40:02 54 done in 1:02", True),
        ("54 done in 23 s", "21:40:02 53 done in 23 s", False),
        ("Plan: 3 to run, …", "Plan: 3 to run, 5 reused.", True),
        ("  1  94.72 ± 1.47 (3)", "1   95.01 ± 0.98 (3)", True),
        ("  1  94.72 ± 1.47 (3)", "1   95.01 ± 0.98 (4)", False),
        ("task bfc96d022e…", "task 0a1b2c3d4e5f took 3 ms", True),
        ("store .lmcspec  6.72 MB deleted", "store .lmcspec  799 kB deleted", True),
        ("in /home/me/.lmcspec", "in /tmp/other/.lmcspec", True),
    ],
)
def test_what_is_a_machine_s_may_differ_and_what_is_a_fact_may_not(shown, printed, same):
    command = Command("", "", "x", (shown,))
    if same:
        check_shown(command, printed)
        return
    with pytest.raises(AssertionError, match="did not print"):
        check_shown(command, printed)


@pytest.mark.parametrize(
    ("printed", "same"),
    [
        ("95.01 ± 0.98 (3)  0.3 ± 0.1 (3)", True),
        ("97.13 ± 0.58 (3)  0.3 ± 0.1 (3)", False),
        ("95.28 ± 0.83 (3)  1.1 ± 0.2 (3)", False),
    ],
)
def test_a_mean_that_moved_by_more_than_its_spread_is_another(printed, same):
    command = Command("", "", "x", ("dense  0  95.28 ± 0.83 (3)  0.5 ± 0.0 (3)",))
    if same:
        check_shown(command, f"dense 0 {printed}")
        return
    with pytest.raises(AssertionError, match="printed other numbers"):
        check_shown(command, f"dense 0 {printed}")


def test_lines_come_in_the_order_of_the_page():
    command = Command("", "", "x", ("dense  1", "…", "imp  2", "imp  3"))
    check_shown(command, "dense 1\nlate 9\nimp 2\nimp 3")
    with pytest.raises(AssertionError, match=r"did not print\nimp 3 behind\nimp 2"):
        check_shown(command, "imp 3\ndense 1\nimp 2")
    with pytest.raises(AssertionError, match="did not print"):
        check_shown(Command("", "", "x", ("imp  2", "imp  2")), "imp 2")


def test_the_picture_of_concepts_is_what_its_script_draws():
    assert (DOCS / "images" / "concepts.svg").read_text(encoding="utf-8") == drawn()


def test_a_label_is_no_path():
    assert masked("done imp[rewind=0]/s0/l3/train in 0.3 s") == "done imp[rewind=0]/s0/l3/train in TIME"
