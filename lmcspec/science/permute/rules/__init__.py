"""What each operation makes of the labels of axes, by its name: a table of small functions, a family a file."""

from lmcspec.science.permute.rules import elementwise, indexing, layers, products, shapes
from lmcspec.science.permute.rules.rule import Rule

RULES: dict[str, Rule] = {
    **elementwise.RULES,
    **shapes.RULES,
    **indexing.RULES,
    **products.RULES,
    **layers.RULES,
}
"""Of operations as `recording.name_of` calls them: without the underscores of what works in place."""
