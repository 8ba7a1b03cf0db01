"""The documents as a site: every page has its place, every link leads somewhere, and what is generated lacks nothing."""

import posixpath
import re
from functools import cache
from pathlib import Path

import pytest
import typer.main
from ruamel.yaml import YAML

from docs.site import generated
from docs.site.errors import NO_EXAMPLE
from docs.site.links import ROOT, links, parts, place
from lmcspec.base.codes import CODES
from lmcspec.catalog import KINDS, built_in
from lmcspec.cli.app import build
from lmcspec.spec.json_schema import schema
from lmcspec.spec.preset_files import measure_presets, presets, set_presets, stage_presets
from lmcspec.spec.schema_definitions import of_models
from lmcspec.spec.shipped_specs import shipped_specs

WRITTEN = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").rglob("*.md"))
BESIDE = ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "examples/README.md")
NO_PAGE = {"any-measure", "whole-measure"}
"""Definitions of the JSON Schema that are no tables of their own."""


@cache
def made() -> dict[str, str]:
    """The pages that are generated, by their places in the site."""
    return dict(generated.pages())


@cache
def settings() -> dict:
    return YAML(typ="rt").load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))


def in_nav(node: object) -> list[str]:
    if isinstance(node, str):
        return [node]
    inner = node.values() if isinstance(node, dict) else node
    return [page for part in inner for page in in_nav(part)]


def of_site(page: str) -> str:
    """The text of a page by its place in the site."""
    return made()[page] if page in made() else (ROOT / "docs" / page).read_text(encoding="utf-8")


def slug(heading: str) -> str:
    """The id that GitHub gives a heading, and so does the site."""
    plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "")
    return re.sub(r"[^\w\- ]", "", plain.strip().lower()).replace(" ", "-")


def ids(text: str) -> set[str]:
    """The places in a page that a link can name."""
    prose = "".join(part for part, is_code in parts(text) if not is_code or "\n" not in part)
    told: set[str] = set(re.findall(r'<a id="([^"]+)"', prose))
    for heading in re.findall(r"^#+ (.+)$", prose, re.MULTILINE):
        named = re.search(r"\{ #([\w.-]+) \}$", heading)
        told.add(named[1] if named else slug(heading))
    return told


def test_every_page_has_its_place():
    """A new page goes into the navigation of mkdocs.yml."""
    nav = in_nav(settings()["nav"])
    pages = {place(path) for path in WRITTEN} | {page for page in made() if page.startswith("reference/")}
    assert len(nav) == len(set(nav))
    assert pages - set(nav) == set(), "add it to `nav` in mkdocs.yml"
    assert set(nav) - pages - made().keys() == set(), "no such page"


@pytest.mark.parametrize("page", [*WRITTEN, *BESIDE])
def test_every_link_of_a_page_leads_somewhere(page):
    """In the repository, as people read it there: pages that only the site has are found by its navigation."""
    text = (ROOT / page).read_text(encoding="utf-8")
    for link in links(text, page):
        assert (ROOT / link.path).exists(), f"{page}: {link.target}"
        if link.anchor and link.path.endswith(".md"):
            there = ids((ROOT / link.path).read_text(encoding="utf-8"))
            assert link.anchor[1:] in there, f"{page}: {link.target}"
    own = ids(text)
    prose = "".join(part for part, is_code in parts(text) if not is_code)
    assert [name for name in re.findall(r"\]\(#([^)]+)\)", prose) if name not in own] == []


def test_every_link_of_generated_pages_leads_somewhere():
    pages = {place(path) for path in WRITTEN} | made().keys()
    for page, text in made().items():
        for link in links(text, page):
            assert link.path in pages or (ROOT / "docs" / link.path).exists(), f"{page}: {link.target}"
            if link.anchor:
                assert link.anchor[1:] in ids(of_site(link.path)), f"{page}: {link.target}"


def test_links_that_leave_docs_are_pages_of_the_site():
    assert {"project/README.md", "project/SECURITY.md", "project/specs/fig7.toml.md"} <= made().keys()
    assert "search:\n  exclude: true" in made()["project/specs/fig7.toml.md"]


def test_every_key_of_the_language_is_described():
    """Counted in the JSON Schema, each with the table that has it."""
    document, (_, definitions) = schema(), of_models()
    cards = {definitions.of(card.config): card for kind in KINDS for card in built_in(kind).values() if has_table(kind)}
    text = "\n".join(text for page, text in made().items() if page.startswith("reference/"))
    there = set(re.findall(r'<a id="([^"]+)"></a>`', text))
    missing = []
    for name, table in {"": document, **document["$defs"]}.items():
        if name in NO_PAGE:
            continue
        of = cards[name].name if name in cards else name or "key"
        telling = cards[name].key if name in cards else ""
        wanted = [key for key in table["properties"] if key != telling]
        missing += [f"{of}.{key}" for key in wanted if f"{of}-{key}".lower().replace("_", "-") not in there]
    assert missing == []
    assert len(there) > 600


def has_table(kind: str) -> bool:
    return kind not in ("runner", "augmentation")


def test_a_row_says_what_the_schema_says():
    rows = made()["reference/spec/networks.md"]
    fraction = next(line for line in rows.splitlines() if 'id="stage-fraction"' in line)
    said = schema()["$defs"]["Stage"]["properties"]["fraction"]
    assert said["description"].partition(" Unit")[0] in fraction
    assert f"`{said['default']}`" in fraction and "above 0, below 1 (share)" in fraction


@pytest.mark.parametrize("kind", KINDS)
def test_every_card_is_described(kind):
    text = made()[f"reference/cards/{KINDS[kind]}.md"]
    for card in built_in(kind).values():
        assert f"## {card.name} {{ #{card.name} }}" in text
        for words in (card.doc[1:], card.source, card.implementation, *card.variants):
            assert words in text, card.name


def test_every_command_and_option_is_described():
    text = made()["reference/commands.md"]
    group = typer.main.get_command(build())
    sections = dict(re.findall(r"^## (\w+) \{.*?\}$(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL))
    assert sections.keys() == group.commands.keys()
    for name, command in group.commands.items():
        for parameter in command.params:
            assert (parameter.param_type_name == "argument") or all(
                option in sections[name] for option in (*parameter.opts, *parameter.secondary_opts)
            ), (name, parameter.name)
            assert re.sub(r"\s+", " ", getattr(parameter, "help", None) or "") in sections[name].replace(r"\|", "|")


def test_every_code_is_described_with_an_example():
    sections = re.split(r"^### ", made()["reference/errors.md"], flags=re.MULTILINE)[1:]
    assert [section[:4] for section in sections] == list(CODES)
    for section in sections:
        code = section[:4]
        assert CODES[code].text in section
        assert (f"error[{code}]: " in section) != (code in NO_EXAMPLE), code
        assert "/tmp" not in section


def test_every_metric_is_described():
    text = made()["reference/metrics.md"]
    for card in built_in("measure").values():
        for metric in card.metrics.fixed:
            assert f"| `{metric.name}` | {metric.quantity}" in text
    assert "| `test/accuracy` | accuracy | % | test | – | `test/accuracy` |" in text
    assert "`lmc/instability k3ep` for the third epoch" in text


def test_exit_codes_are_those_of_the_help():
    text = made()["reference/exit-codes.md"]
    assert re.findall(r"^\| `(\d+)`", text, re.MULTILINE) == ["0", "1", "2", "3", "4", "5", "6", "130"]


def test_every_preset_and_every_spec_that_ships_is_described():
    every = (presets(), set_presets(), stage_presets(), measure_presets())
    names = [name for found in every for name in found]
    assert len(names) > 50
    assert [name for name in names if f'["{name}"]' not in made()["reference/presets.md"]] == []
    specs = list(shipped_specs())
    assert len(specs) > 40
    for spec in specs:
        assert f"[`{spec.name}`]" in made()["reference/specs.md"]
        assert f"project/specs/{spec.name}.toml.md" in made()


def test_nothing_of_the_machine_is_in_a_page():
    for page, text in made().items():
        assert str(ROOT) not in text and str(Path.home()) not in text, page


FORMULAS = re.compile(r"^```math\n(.*?)\n```$|\$`(.+?)`\$", re.MULTILINE | re.DOTALL)


def test_formulas_are_drawn():
    pytest.importorskip("latex2mathml", reason="needs the group docs")
    from markdown import markdown

    from docs.site.formulas import Formulas

    written = 0
    for page in WRITTEN:
        text = (ROOT / page).read_text(encoding="utf-8")
        if not (count := len(FORMULAS.findall(text))):
            continue
        html = markdown(text, extensions=[Formulas(), "pymdownx.superfences", "tables"])
        math = re.findall(r"<math.*?</math>", html, re.DOTALL)
        assert len(math) == count and "\\" not in "".join(math), page
        assert not FORMULAS.search(html) and "wzxhzdk" not in html, page
        written += count
    assert written > 60


def test_names_in_definitions_exist():
    text = (ROOT / "docs" / "definitions.md").read_text(encoding="utf-8")
    places = re.findall(r"`(lmcspec/[\w/]+\.py):(\w+)`", text)
    assert len(places) > 15
    for file, name in places:
        source = (ROOT / file).read_text(encoding="utf-8")
        assert re.search(rf"^(?:def|class) {name}\b", source, re.MULTILINE), f"{file}:{name}"


def test_links_in_code_are_no_links():
    text = "a `[x](y.md)` b [c](d.md#e)\n\n```\n[f](g.md)\n```\n"
    assert [link.target for link in links(text, "docs/page.md")] == ["d.md#e"]
    assert posixpath.dirname(place("docs/page.md")) == ""


def test_a_page_may_have_any_number_of_pieces_of_code():
    text = "`a` [x](y.md)\n" * 5000 + "```\n`c\n```\n" * 5000 + "[z](w.md)\n"
    assert sum(is_code for _, is_code in parts(text)) == 10_000
    assert "".join(part for part, _ in parts(text)) == text
    assert [link.target for link in links(text, "docs/page.md")] == ["y.md", "w.md"]
