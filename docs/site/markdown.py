"""Pieces of Markdown from which generated pages are put together."""

from collections.abc import Iterable, Sequence

Row = Sequence[str]


def code(text: str) -> str:
    """The text as code, whatever backticks are in it."""
    if "`" in text:
        return f"`` {text} ``"
    return f"`{text}`" if text else ""


def several(texts: Iterable[str], word: str = "or") -> str:
    """The texts in a sentence: `a`, `b` or `c`."""
    *most, last = texts
    return f"{', '.join(most)} {word} {last}" if most else last


def table(head: Row, rows: Iterable[Row]) -> str:
    """A table, whose cells may hold anything that stands in one line."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(map(_cell, line))} |" for line in lines)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", r"\|")


def block(text: str, language: str = "") -> str:
    """Text as it is: a listing, or what a terminal shows."""
    fence = "````" if "```" in text else "```"
    return f"{fence}{language}\n{text.rstrip()}\n{fence}"


def page(*parts: str) -> str:
    """The parts of a page, apart from each other by an empty line; those without text are left out."""
    return "\n\n".join(part.strip("\n") for part in parts if part) + "\n"


def anchor(*words: str) -> str:
    """The id of a place in a page, for links to it."""
    return "-".join(word.lower().replace("_", "-").replace(" ", "-") for word in words if word)
