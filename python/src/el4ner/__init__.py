"""Named-entity recognition by an ensemble of small language models.

    import el4ner

    tagger = el4ner.Tagger()
    doc = tagger("Angela Merkel visited Paris.")
    for ent in doc.ents:
        print(ent.text, ent.label, ent.score)

Offsets are code points, as Python counts them, and ends are exclusive. Times are seconds. See docs/python.md.
"""

from ._doc import Abstention, Check, Demonstration, Doc, Entity, Evidence, Usage, Vote
from ._errors import (
    CancelledError,
    ConfigError,
    Error,
    FileError,
    FormatError,
    FullError,
    IncompleteError,
    OutOfMemoryError,
    TimeLimitError,
    UnreachableError,
)
from ._files import Comparison, Score, Scores, combine, read, score, write
from ._options import Type
from ._pool import Pool
from ._tagger import Member, Progress, Tagger
from ._tune import Tuning, tune
from ._version import __version__

__all__ = [
    "Abstention",
    "CancelledError",
    "Check",
    "Comparison",
    "ConfigError",
    "Demonstration",
    "Doc",
    "Entity",
    "Error",
    "Evidence",
    "FileError",
    "FormatError",
    "FullError",
    "IncompleteError",
    "Member",
    "OutOfMemoryError",
    "Pool",
    "Progress",
    "Score",
    "Scores",
    "Tagger",
    "TimeLimitError",
    "Tuning",
    "Type",
    "UnreachableError",
    "Usage",
    "Vote",
    "__version__",
    "combine",
    "read",
    "score",
    "tune",
    "write",
]
