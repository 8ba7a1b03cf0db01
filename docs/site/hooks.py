"""What MkDocs calls while it builds the site: pages that are generated, links, and what it reads otherwise than GitHub.

Nothing that is generated is committed: it would be another copy to keep.
"""

import re

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

from docs.site import generated
from docs.site.formulas import Formulas
from docs.site.links import DOCS, outside_code, rewritten

_NESTED = re.compile(r"^( +)(?=[-*] )", re.MULTILINE)
_ROW = re.compile(r"^\|.*\|$", re.MULTILINE)
_IN_CODE = re.compile(r"(`+).+?\1")


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Formulas are an extension of ours."""
    config.markdown_extensions.append(Formulas())  # pyright: ignore[reportArgumentType]
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Pages that no file in docs/ has."""
    for path, text in generated.pages():
        files.append(File.generated(config, path, content=text))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """A page as Python-Markdown has to see it."""
    if page.file.generated_by is None:
        markdown = rewritten(markdown, f"{DOCS}/{page.file.src_uri}")
    return for_python(markdown)


def for_python(text: str) -> str:
    """Markdown as GitHub reads it, as Python-Markdown reads it: lists in lists, and bars in the code of tables."""
    text = outside_code(text, lambda part: _NESTED.sub(r"\1\1", part))
    return _ROW.sub(lambda row: _IN_CODE.sub(lambda code: code[0].replace(r"\|", "|"), row[0]), text)
