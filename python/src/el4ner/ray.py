"""el4ner on a Ray cluster.

tagged = el4ner.ray.tag_dataset(ray.data.read_parquet("texts/"), column="body", config="my.yaml")
tagged.write_parquet("entities/")
"""

from __future__ import annotations

from typing import Any

import pyarrow
import ray
from ray.data import Dataset

from ._columns import cells, check_names, tagger_of

_ENTITIES = pyarrow.list_(
    pyarrow.struct(
        [
            ("start", pyarrow.int64()),
            ("end", pyarrow.int64()),
            ("text", pyarrow.string()),
            ("type", pyarrow.string()),
            ("score", pyarrow.float64()),
        ]
    )
)


class _Worker:
    """An actor: one tagger, which keeps hundreds of texts in work."""

    def __init__(self, settings: dict[str, Any], column: str, output: str, in_flight: int | None) -> None:
        self.tagger = tagger_of(settings)
        self.column = column
        self.output = output
        self.in_flight = in_flight

    def __call__(self, table: pyarrow.Table) -> pyarrow.Table:
        check_names(table.column_names, self.column, self.output)
        texts = ((text, None) for text in table.column(self.column).to_pylist())
        found, errors = [], []
        for entities, error, _ in cells(self.tagger, texts, self.in_flight):
            found.append(entities)
            errors.append(error)
        table = table.append_column(self.output, pyarrow.array(found, _ENTITIES))
        return table.append_column(self.output + "_error", pyarrow.array(errors, pyarrow.string()))


def tag_dataset(
    dataset: Dataset,
    *,
    column: str = "text",
    output: str = "entities",
    workers: int | None = None,
    batch_size: int = 1024,
    in_flight: int | None = None,
    **settings: Any,
) -> Dataset:
    """Tag a column of a dataset. It is lazy, as all of Ray Data: the work begins when the result is taken or written.

    column: of the texts.
    output: the column that is added: for each text a list of start, end, text, type and score; offsets are code points.
        Null where there is no text, or where it failed; the column `output` + "_error" says why.
    workers: actors with a tagger each; None for one a node. One keeps hundreds of texts in work, so that more are of
        use only where one is not enough for the servers behind `urls`. Models that are files are started by each.
    batch_size: texts that a worker is given at a time. What a worker that dies had in work is done again.
    in_flight: as of `Tagger.pipe()`.
    settings: those of `Tagger`: `config` (a mapping, or a file that each node has), `types`, `ensemble` and others.
    """
    nodes: list[dict[str, Any]] = ray.nodes()  # type: ignore[no-untyped-call, unused-ignore]
    count = workers or sum(node["Alive"] for node in nodes)
    return dataset.map_batches(
        _Worker,
        batch_format="pyarrow",
        batch_size=batch_size,
        fn_constructor_kwargs={"settings": settings, "column": column, "output": output, "in_flight": in_flight},
        concurrency=count,
        num_cpus=1,
    )
