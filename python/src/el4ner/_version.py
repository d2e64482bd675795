"""The version of this package, which is that of el4ner; the tests compare it with include/el4ner.h."""

__version__ = "0.1.0"
