"""Run the tutorial in a real kernel, with nbclient, and look at what it shows: `python .ci/notebook.py [FILE]`.

With FILE the notebook is written there with its outputs.
"""

import sys
import tempfile
from pathlib import Path

import nbformat  # pyright: ignore[reportMissingImports]
from nbclient import NotebookClient  # pyright: ignore[reportMissingImports]

TUTORIAL = Path(__file__).parents[1] / "examples" / "tutorial.ipynb"
SHORT = 600
"""Characters of the plain text that stands in for what is shown."""


def main(target: Path | None) -> None:
    notebook = nbformat.read(TUTORIAL, as_version=4)
    nbformat.validate(notebook)
    with tempfile.TemporaryDirectory() as folder:
        client = NotebookClient(notebook, timeout=300, kernel_name="python3", resources={"metadata": {"path": folder}})
        client.execute()
    if target:
        nbformat.write(notebook, target)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    for cell in cells:
        written = [output for output in cell.outputs if output.output_type == "stream"]
        shown = [output.data for output in cell.outputs if output.output_type in ("execute_result", "display_data")]
        first = cell.source.splitlines()[0]
        # The run's own cell has one place that is written over, and the results.
        most = 2 if "plan.run()" in cell.source else 1
        if written or len(shown) > most:
            sys.exit(f"the cell `{first}` shows {len(shown)} things and writes {len(written)}: {written or shown}")
        for data in shown:
            if len(data["text/plain"]) > SHORT:
                sys.exit(f"the cell `{first}` shows {len(data['text/plain']):,} characters of plain text")
    plan = next(cell for cell in cells if cell.source.startswith("plan ="))
    if "never-run" not in plan.outputs[-1].data["text/html"]:
        sys.exit("the plan says no reasons")
    print(f"{len(cells)} cells ran, each shows one thing")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
