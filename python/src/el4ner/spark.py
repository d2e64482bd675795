"""el4ner on Spark.

tagged = el4ner.spark.tag_dataframe(spark.read.parquet("texts/"), column="body", config="my.yaml")
tagged.write.parquet("entities/")
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pandas
from pyspark.sql import DataFrame
from pyspark.sql.types import (
    ArrayType,
    DoubleType,
    LongType,
    StringType,
    StructField,
    StructType,
)

from ._columns import cells, check_names, tagger_of

_ENTITIES = ArrayType(
    StructType(
        [
            StructField("start", LongType()),
            StructField("end", LongType()),
            StructField("text", StringType()),
            StructField("type", StringType()),
            StructField("score", DoubleType()),
        ]
    )
)


def _tag(
    settings: dict[str, Any], column: str, output: str, in_flight: int | None
) -> Callable[[Iterable[pandas.DataFrame]], Iterator[pandas.DataFrame]]:
    """What Spark calls with the pieces of a partition. Texts of one piece are in work while the last is finished."""

    def tag(frames: Iterable[pandas.DataFrame]) -> Iterator[pandas.DataFrame]:
        def texts() -> Iterator[tuple[str | None, pandas.DataFrame | None]]:
            for frame in frames:
                values = [None if pandas.isna(value) else value for value in frame[column]]
                for place, text in enumerate(values, 1):
                    yield text, frame if place == len(values) else None

        found: list[Any] = []
        errors: list[str | None] = []
        for entities, error, frame in cells(tagger_of(settings), texts(), in_flight):
            found.append(entities)
            errors.append(error)
            if frame is not None:
                yield frame.assign(**{output: found, output + "_error": errors})
                found, errors = [], []

    return tag


def tag_dataframe(
    frame: DataFrame,
    *,
    column: str = "text",
    output: str = "entities",
    in_flight: int | None = None,
    **settings: Any,
) -> DataFrame:
    """Tag a column of a data frame. It is lazy, as all of Spark: the work begins with an action.

    column: of the texts.
    output: the column that is added: for each text an array of start, end, text, type and score; offsets are code
        points. Null where there is no text, or where it failed; the column `output` + "_error" says why.
    in_flight: as of `Tagger.pipe()`, for each Python worker.
    settings: those of `Tagger`: `config` (a mapping, or a file that each node has), `types`, `ensemble` and others.

    Each Python worker of Spark opens a tagger and keeps it for all its tasks. Name models by URL, so that workers share
    them; models that are files are started by each worker. What a worker that dies had in work, its partition, is done
    again.
    """
    check_names(frame.columns, column, output)
    fields = [StructField(output, _ENTITIES), StructField(output + "_error", StringType())]
    schema = StructType([*frame.schema.fields, *fields])
    return frame.mapInPandas(_tag(settings, column, output, in_flight), schema)
