"""The page that greets whoever opens an archive without knowing what made it."""

from collections.abc import Iterator

from lmcspec.report.crate.about import About

NAME = "README.md"

WORDS = {
    "none": "The stored results themselves are not in it; `lmcspec run` makes them again.",
    "results": "All results are in it, but no weights, masks and permutations: `lmcspec run` finds nothing to do.",
    "all": "All stored results are in it, with weights and masks: `lmcspec run` finds nothing to do.",
}


def description(about: About) -> str:
    """What the archive is, in sentences."""
    told = (
        f"The study {about['study']} as lmcspec {about['lmcspec']} packed it: spec, plan, results, report, provenance."
    )
    return " ".join([told, *_unfinished(about), WORDS[about["objects"]] if about["finished"] else ""]).strip()


def _unfinished(about: About) -> Iterator[str]:
    if not about["finished"]:
        yield (
            f"It is not finished: {about['stored']:,} of {about['tasks']:,} tasks had a result, and what hangs on the "
            "others is missing."
        )


def readme(about: About, title: str) -> str:
    """The page, in Markdown."""
    return f"""# {title}

{description(about)}

| here | what it is |
|---|---|
| `spec/` | the spec as it was written, `{about["spec"]}`, with what it extends |
| `resolved.json` | the same with all defaults, by case |
| `plan.json` | the plan: every task with its id, parameters and inputs |
| `results.csv` | a line for each number, with the task that it comes from |
| `report/` | the report: open `report.html` in a browser |
| `provenance.json` | versions, processors, times and commits |
| `objects/` | stored results, if any, each file named by its sha256 |
| `ro-crate-metadata.json` | all files with their digests, as an [RO-Crate](https://w3id.org/ro/crate/1.1) |

```
lmcspec unpack FILE.zip
```

checks every file against its digest, puts the results into a store, writes the spec, and says what to type next.
"""
