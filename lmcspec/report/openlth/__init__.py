"""Directories of OpenLTH, read and brought along: what is in one, and files and a spec that go on from there."""
