"""Write a GGUF file, version 3: metadata, then tensors in F16 or Q8_0 (matrices) or F32 (vectors)."""
from __future__ import annotations

import struct
from pathlib import Path

import numpy as np

CODES = {"u32": 4, "i32": 5, "f32": 6, "bool": 7, "str": 8}
PACK = {"u32": "<I", "i32": "<i", "f32": "<f", "bool": "<?"}
ALIGN = 32


def string(text: str) -> bytes:
    raw = text.encode()
    return struct.pack("<Q", len(raw)) + raw


def value(kind: str, x) -> bytes:
    return string(x) if kind == "str" else struct.pack(PACK[kind], x)


def entry(key: str, kind: str, x) -> bytes:
    """One key with its value; a list becomes an array of `kind`."""
    if isinstance(x, list):
        return string(key) + struct.pack("<IIQ", 9, CODES[kind], len(x)) + b"".join(value(kind, y) for y in x)
    return string(key) + struct.pack("<I", CODES[kind]) + value(kind, x)


def q8_0(array: np.ndarray) -> bytes:
    """Blocks of 32 along a row: an F16 scale and 32 signed bytes."""
    blocks = array.astype(np.float32).reshape(-1, 32)
    scale = np.abs(blocks).max(1) / 127
    small = np.round(blocks / np.where(scale > 0, scale, 1)[:, None]).astype(np.int8)
    return np.rec.fromarrays([scale.astype(np.float16), small], dtype=[("d", "<f2"), ("q", "i1", 32)]).tobytes()


def write(path: Path, meta: list[tuple[str, str, object]], tensors: dict[str, np.ndarray], small: bool = False) -> None:
    head = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(meta)) + b"".join(entry(*m) for m in meta)
    blobs, offset = [], 0
    for name, array in tensors.items():
        matrix = array.ndim > 1
        array = np.ascontiguousarray(array, np.float16 if matrix and not small else np.float32)
        head += string(name) + struct.pack("<I", array.ndim)
        head += b"".join(struct.pack("<Q", n) for n in array.shape[::-1])
        head += struct.pack("<IQ", (8 if small else 1) if matrix else 0, offset)
        blob = q8_0(array) if matrix and small else array.tobytes()
        blob += bytes(-len(blob) % ALIGN)
        blobs.append(blob)
        offset += len(blob)
    path.write_bytes(head + bytes(-len(head) % ALIGN) + b"".join(blobs))
