"""What stands in an archive is an RO-Crate 1.1, held against the rules of its specification."""

import json
from pathlib import PurePosixPath
from typing import Any

import pytest

from lmcspec.base.documents import DocumentError
from lmcspec.report.crate.metadata import Described, listed, metadata
from lmcspec.store.packing import PackedFile

ABOUT: Any = {
    "schema": "lmcspec/pack/1",
    "study": "s",
    "spec": "a b/s.toml",
    "sets": [],
    "objects": "none",
    "finished": True,
    "tasks": 2,
    "stored": 2,
    "lmcspec": "0",
    "between": ["2026-01-02T03:04:05Z", "2026-01-03T03:04:05Z"],
}
FILES = {
    "spec/a b/s.toml": Described("the spec", PackedFile("0" * 64, 3)),
    "results.csv": Described("results", PackedFile("1" * 64, 0)),
    "report/ü.png": Described("a figure", PackedFile("2" * 64, 2**40)),
    "objects/ab/x": Described("a state", PackedFile("3" * 64, 5), "out/state.safetensors"),
}


@pytest.fixture
def graph():
    document = json.loads(metadata(FILES, ABOUT, "A title", "What it is.", "a paper"))
    assert document["@context"][0] == "https://w3id.org/ro/crate/1.1/context"
    return document["@graph"]


def test_the_descriptor_is_about_the_root_and_names_the_version(graph):
    descriptor = [entity for entity in graph if entity["@id"] == "ro-crate-metadata.json"]
    assert descriptor == [
        {
            "@id": "ro-crate-metadata.json",
            "@type": "CreativeWork",
            "conformsTo": {"@id": "https://w3id.org/ro/crate/1.1"},
            "about": {"@id": "./"},
        }
    ]


def test_the_root_has_what_it_must_have(graph):
    root = next(entity for entity in graph if entity["@id"] == "./")
    assert root["@type"] == "Dataset" and root["name"] == "A title" and root["description"] == "What it is."
    assert root["datePublished"] == "2026-01-03" and "author" not in root
    assert root["creativeWorkStatus"] == "Complete" and root["citation"] == "a paper"


def test_the_graph_is_flat_and_every_reference_leads_somewhere(graph):
    ids = [entity["@id"] for entity in graph]
    assert len(ids) == len(set(ids))
    referred = []
    for entity in graph:
        for key, value in entity.items():
            for item in value if isinstance(value, list) else [value]:
                if isinstance(item, dict):
                    assert item.keys() == {"@id"}, key
                    referred.append(item["@id"])
    assert set(referred) - {"https://w3id.org/ro/crate/1.1"} <= set(ids)


def test_each_file_is_a_part_of_the_root_and_described(graph):
    root = next(entity for entity in graph if entity["@id"] == "./")
    files = {entity["@id"]: entity for entity in graph if entity["@type"] == "File"}
    assert [part["@id"] for part in root["hasPart"]] == list(files)
    for entity in files.values():
        assert entity.keys() == {"@id", "@type", "name", "encodingFormat", "contentSize", "sha256"}
        assert " " not in entity["@id"] and entity["@id"].isascii() and not PurePosixPath(entity["@id"]).is_absolute()
    formats = [entity["encodingFormat"] for entity in files.values()]
    assert formats == ["application/toml", "text/csv", "image/png", "application/octet-stream"]


def test_what_it_lists_is_read_again():
    content = metadata(FILES, ABOUT, "A title", "What it is.", "")
    assert listed(content) == {name: file.part for name, file in FILES.items()}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"{}",
        b'{"@graph": {"@type": "File"}}',
        b'{"@graph": [{"@type": "File", "@id": 3, "contentSize": "3", "sha256": "x"}]}',
        b'{"@graph": [{"@type": "File", "@id": "x", "contentSize": "many", "sha256": "x"}]}',
        b'{"@graph": [{"@id": "x"}]}',
        b'{"@graph": [' + b", ".join([b'{"@type": "File", "@id": "x", "contentSize": "3", "sha256": "x"}'] * 2) + b"]}",
    ],
)
def test_what_is_no_such_document_is_refused(content):
    with pytest.raises(DocumentError):
        listed(content)
