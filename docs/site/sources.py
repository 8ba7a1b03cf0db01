"""Pages of specs, and of files and folders beside docs/ that some page links to, so that no link leaves the site."""

import posixpath
from collections.abc import Iterator
from pathlib import Path

from docs.site.links import DOCS, README, ROOT, links, place, rewritten
from docs.site.markdown import block, code, page

LANGUAGES = {".py": "python", ".toml": "toml", ".yaml": "yaml", ".js": "javascript", ".ipynb": "json", ".bash": "bash"}
FIRST = ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md")
"""Pages beside docs/ that are there whether they are linked to or not."""
UNSOUGHT = "---\nsearch:\n  exclude: true\n---\n"
"""Before the text of a page that a search doesn't meet."""


def pages() -> Iterator[tuple[str, str]]:
    """(path in the site, text) of a page for everything that is linked to and is no page of docs/ itself."""
    every = [*sorted((ROOT / DOCS).rglob("*.md")), *sorted((ROOT / "specs").rglob("*.toml"))]
    waiting = [*FIRST, *(str(path.relative_to(ROOT)) for path in every)]
    seen = set(waiting)
    while waiting:
        path = waiting.pop(0)
        if _is_made(path):
            yield place(path), text_of(path)
        for link in _links(path):
            if link not in seen and (ROOT / link).exists() and not _is_picture(link):
                seen.add(link)
                waiting.append(link)


def _is_made(path: str) -> bool:
    """Whether a page has to be made: not of what has one in docs/, nor of a folder that has a page itself."""
    if (ROOT / path).is_dir():
        return not (ROOT / path / README).is_file()
    return not path.startswith(f"{DOCS}/")


def _is_picture(path: str) -> bool:
    return path.startswith(f"{DOCS}/") and (ROOT / path).is_file() and not path.endswith(".md")


def _links(path: str) -> list[str]:
    """What the page of a file or folder links to."""
    if (ROOT / path / README).is_file():
        return [posixpath.join(path, README)]
    if (ROOT / path).is_dir():
        return [posixpath.join(path, name) for name in _names(ROOT / path)]
    if path.endswith(".md"):
        return [link.path for link in links((ROOT / path).read_text(encoding="utf-8"), path)]
    return []


def text_of(path: str) -> str:
    """The page of a file or folder: what is written in it, or its list."""
    file = ROOT / path
    if file.is_dir():
        return UNSOUGHT + page(f"# {path}/", "\n".join(f"- [{name}]({_to(path, name)})" for name in _names(file)))
    text = file.read_text(encoding="utf-8")
    if path.endswith(".md"):
        return rewritten(text, path)
    return UNSOUGHT + page(
        f"# {path}", f"{code(path)} of the repository:", block(text, LANGUAGES.get(file.suffix, "text"))
    )


def _to(folder: str, name: str) -> str:
    return posixpath.relpath(place(f"{folder}/{name}"), posixpath.dirname(place(folder)))


def _names(folder: Path) -> list[str]:
    """What lies in a folder and is shown: text of ours; of folders in docs/ the pages and pictures."""
    ours = (".md", ".svg", ".png") if folder.is_relative_to(ROOT / DOCS) else (*LANGUAGES, ".md", "")
    kept = [path for path in folder.iterdir() if path.suffix in ours and (path.suffix or path.is_dir())]
    return sorted(path.name for path in kept if not path.name.startswith((".", "__")))
