"""Draw the picture of docs/concepts.md: `uv run python docs/images/concepts.py`."""

from collections.abc import Iterator
from pathlib import Path

INK, QUIET, PAPER = "#1f2933", "#66727f", "#ffffff"
TRAIN, PRUNE, STATE, STORE = "#dbe9f9", "#fbe3d2", "#eef1f4", "#ddf1e2"
WIDTH, HEIGHT = 960, 560


def text(
    x: float, y: float, words: str, size: int = 13, anchor: str = "middle", colour: str = INK, bold: bool = False
) -> str:
    weight = ' font-weight="600"' if bold else ""
    return f'<text x="{x}" y="{y}" font-size="{size}" text-anchor="{anchor}" fill="{colour}"{weight}>{words}</text>'


def box(x: float, y: float, width: float, height: float, fill: str, *lines: str) -> str:
    """A box, with its lines in the middle; the first stands out."""
    top = y + height / 2 + 4.5 - 8 * (len(lines) - 1)
    words = [
        text(x + width / 2, top + 16 * number, line, 13 if not number else 11, colour=INK if not number else QUIET)
        for number, line in enumerate(lines)
    ]
    frame = f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="6" fill="{fill}" stroke="{QUIET}"/>'
    return frame + "".join(words)


def arrow(*points: tuple[float, float], dashed: bool = False) -> str:
    way = " ".join(f"{'L' if number else 'M'}{x} {y}" for number, (x, y) in enumerate(points))
    dashes = ' stroke-dasharray="5 4"' if dashed else ""
    return f'<path d="{way}" fill="none" stroke="{INK}" stroke-width="1.4"{dashes} marker-end="url(#tip)"/>'


def network() -> Iterator[str]:
    """Above: one network of one replicate, level by level, and two copies of a level."""
    yield text(20, 32, "A network, in one replicate", 15, "start", bold=True)
    yield text(20, 52, "imp = [{ rounds = 2, rewind = 3 }]", 12, "start", QUIET)
    for level, x in enumerate((20, 330, 640)):
        yield text(x + 130, 88, f"level {level}" + (", dense" if not level else ""), 12, colour=QUIET)
        start = ("W₀", "initialisation") if not level else ("m ⊙ W₃", "rewind point")
        yield box(x, 100, 78, 48, STATE, *start)
        yield box(x + 108, 100, 70, 48, TRAIN, "train", "a task")
        yield arrow((x + 78, 124), (x + 106, 124))
        if level < 2:
            yield box(x + 208, 100, 70, 48, PRUNE, "prune", "mask m")
            yield arrow((x + 178, 124), (x + 206, 124))
            yield arrow((x + 278, 124), (x + 308, 124))
    yield arrow((143, 148), (143, 176), (350, 176), (350, 152), dashed=True)
    yield arrow((350, 176), (679, 176), (679, 152), dashed=True)
    yield text(245, 193, "the state after 3 epochs goes back, with the mask", 11, colour=QUIET)


def copies() -> Iterator[str]:
    """In the middle: copies of a level, and the path between them."""
    yield text(20, 240, "Copies part at k", 15, "start", bold=True)
    yield text(20, 260, "stability = { at = [3], copies = 2 }", 12, "start", QUIET)
    yield box(330, 238, 78, 48, STATE, "state at k")
    for y, name in ((216, "copy 0"), (270, "copy 1")):
        yield box(470, y, 92, 38, TRAIN, name)
        yield arrow((408, 262), (468, y + 19))
    yield box(640, 238, 92, 48, STORE, "path", "a task")
    yield arrow((562, 235), (638, 256))
    yield arrow((562, 289), (638, 268))
    yield text(748, 258, "instability: how far error rises", 12, "start", QUIET)
    yield text(748, 274, "on the line between the ends", 12, "start", QUIET)


def store() -> Iterator[str]:
    """Beneath: from the file to the store, where equal work of two studies is one object."""
    yield text(20, 350, "From the file to the numbers", 15, "start", bold=True)
    for y, name in ((376, "fig1.toml"), (456, "fig2.toml")):
        yield box(20, y, 110, 52, STATE, name, "a study")
        yield box(190, y, 130, 52, STATE, "plan", "tasks, each with an id")
        yield arrow((130, y + 26), (188, y + 26))
    yield f'<rect x="390" y="366" width="270" height="152" rx="8" fill="none" stroke="{QUIET}" stroke-dasharray="3 3"/>'
    yield text(525, 537, "the store: a folder of results, named by their ids", 12, colour=QUIET)
    for y, (name, ours) in zip((378, 424, 470), (("3f2a…", "fig1"), ("a91c…", "both"), ("c07d…", "fig2")), strict=True):
        yield box(450, y, 150, 36, STORE, f"{name}   {ours}")
    yield arrow((320, 396), (448, 396))
    yield arrow((320, 410), (448, 438))
    yield arrow((320, 474), (448, 446))
    yield arrow((320, 488), (448, 488))
    for y, name in ((376, "results, verdicts"), (424, "report, figures"), (472, "runs in MLflow")):
        yield box(740, y, 150, 36, STATE, name)
        yield arrow((660, 442), (738, y + 18))


def drawn() -> str:
    """The whole picture."""
    tip = f'<path d="M0 0L8 4L0 8z" fill="{INK}"/>'
    marker = f'<marker id="tip" markerWidth="8" markerHeight="8" refX="6" refY="4" orient="auto">{tip}</marker>'
    parts = [*network(), *copies(), *store()]
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" role="img">'
    )
    title = "<title>A network, its copies, and how a study becomes results</title>"
    ground = f'<rect width="{WIDTH}" height="{HEIGHT}" fill="{PAPER}"/>'
    return "\n".join([head, title, f"<defs>{marker}</defs>", ground, *parts, "</svg>"]) + "\n"


if __name__ == "__main__":
    Path(__file__).with_suffix(".svg").write_text(drawn(), encoding="utf-8")
