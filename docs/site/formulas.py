"""Formulas as MathML, which browsers draw by themselves: written as on GitHub, in TeX."""

import re

from latex2mathml.converter import convert
from markdown import Markdown
from markdown.extensions import Extension
from markdown.inlinepatterns import InlineProcessor
from markdown.preprocessors import Preprocessor

_BLOCK = re.compile(r"^```math\n(.*?)\n```$", re.MULTILINE | re.DOTALL)
_IN_LINE = r"\$`(.+?)`\$"


class _Blocks(Preprocessor):
    """Blocks of code in the language `math`."""

    def run(self, lines: list[str]) -> list[str]:
        text = _BLOCK.sub(lambda block: self._kept(block[1]), "\n".join(lines))
        return text.split("\n")

    def _kept(self, tex: str) -> str:
        return self.md.htmlStash.store(f'<div class="formula">{convert(tex, display="block")}</div>')


class _InLine(InlineProcessor):
    """Code in a sentence between dollars."""

    def handleMatch(self, m: re.Match[str], data: str) -> tuple[str, int, int]:
        return self.md.htmlStash.store(convert(m[1])), m.start(0), m.end(0)


class Formulas(Extension):
    """Both, before anything else looks at their backticks."""

    def extendMarkdown(self, md: Markdown) -> None:
        # After what cleans lines, which would take the marks of what is kept for dirt, and before fences of code.
        md.preprocessors.register(_Blocks(md), "formulas", 27)
        md.inlinePatterns.register(_InLine(_IN_LINE, md), "formulas", 200)
