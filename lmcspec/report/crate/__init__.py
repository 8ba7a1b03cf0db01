"""A study as one archive: an RO-Crate with its spec, results, report and provenance, and its objects if asked for."""
