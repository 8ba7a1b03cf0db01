"""The document that makes a folder or archive an RO-Crate 1.1: what it is, and each file with its digest."""

import json
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any, NamedTuple
from urllib.parse import quote, unquote

from lmcspec.base.documents import DocumentError, parse_document
from lmcspec.report.crate.about import About
from lmcspec.store.packing import PackedFile

NAME = "ro-crate-metadata.json"
SPECIFICATION = "https://w3id.org/ro/crate/1.1"
CONTEXT = [f"{SPECIFICATION}/context", {"sha256": "https://schema.org/sha256"}]
"""RO-Crate's terms, and one of schema.org's that 1.1 lacks."""
LARGEST = 2**27
"""Bytes of the document: about 400 for each file."""

FORMATS = {
    **{".json": "application/json", ".jsonl": "application/jsonl", ".toml": "application/toml"},
    **{".yaml": "application/yaml", ".yml": "application/yaml", ".csv": "text/csv", ".html": "text/html"},
    **{".png": "image/png", ".svg": "image/svg+xml", ".md": "text/markdown", ".txt": "text/plain"},
    **{"COMMIT": "application/json", "NUMBERS": "application/json"},
}
"""Media types by the ending of a name, or the name."""


class Described(NamedTuple):
    """A file of the crate."""

    title: str
    part: PackedFile
    called: str = ""
    """A name with the ending that tells what is in it, where its own doesn't."""


def metadata(files: Mapping[str, Described], about: About, title: str, description: str, source: str) -> bytes:
    """The document, by the files' names."""
    entities = ",\n".join(map(_compact, _graph(files, about, title, description, source)))
    return f'{{"@context":{_compact(CONTEXT)},"@graph":[\n{entities}\n]}}\n'.encode()


def _compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _graph(
    files: Mapping[str, Described], about: About, title: str, description: str, source: str
) -> Iterator[dict[str, Any]]:
    between = about.get("between", [])
    yield {
        "@id": NAME,
        "@type": "CreativeWork",
        "conformsTo": {"@id": SPECIFICATION},
        "about": {"@id": "./"},
    }
    yield {
        "@id": "./",
        "@type": "Dataset",
        "name": title,
        "description": description,
        "datePublished": between[-1][:10],
        "creativeWorkStatus": "Complete" if about["finished"] else "Incomplete",
        **({"citation": source} if source else {}),
        "hasPart": [{"@id": address(name)} for name in files],
        "mentions": [{"@id": "#run"}],
    }
    yield {
        "@id": "#run",
        "@type": "CreateAction",
        "name": "lmcspec run",
        "instrument": {"@id": "#lmcspec"},
        "object": [{"@id": address(f"spec/{about['spec']}")}],
        "result": [{"@id": "results.csv"}],
        "startTime": between[0],
        "endTime": between[-1],
    }
    yield {"@id": "#lmcspec", "@type": "SoftwareApplication", "name": "lmcspec", "softwareVersion": about["lmcspec"]}
    for name, file in files.items():
        yield {
            "@id": address(name),
            "@type": "File",
            "name": file.title,
            "encodingFormat": _format(file.called or name),
            "contentSize": str(file.part.bytes),
            "sha256": file.part.sha256,
        }


def address(name: str) -> str:
    """A file's name as the relative address that stands for it."""
    return quote(name, safe="/")


def listed(content: bytes) -> dict[str, PackedFile]:
    """The files that a document lists, by name. DocumentError where it is none of ours."""
    document = parse_document(content, NAME, dict[str, Any])
    files: dict[str, PackedFile] = {}
    try:
        for entity in document["@graph"]:
            if entity["@type"] == "File":
                name, size = unquote(entity["@id"]), int(entity["contentSize"])
                if name in files:
                    raise ValueError(f"{name} is listed twice")
                files[name] = PackedFile(str(entity["sha256"]), size)
    except (LookupError, TypeError, ValueError) as error:
        raise DocumentError(NAME, f"is not as lmcspec writes it: {error!r}") from error
    return files


def _format(name: str) -> str:
    path = PurePosixPath(name)
    return FORMATS.get(path.suffix or path.name, "application/octet-stream")
