"""Write a GGUF file, version 3: metadata, then tensors in F16 (matrices) or F32 (vectors)."""
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


def write(path: Path, meta: list[tuple[str, str, object]], tensors: dict[str, np.ndarray]) -> None:
    head = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(meta)) + b"".join(entry(*m) for m in meta)
    blobs, offset = [], 0
    for name, array in tensors.items():
        array = np.ascontiguousarray(array, np.float16 if array.ndim > 1 else np.float32)
        head += string(name) + struct.pack("<I", array.ndim)
        head += b"".join(struct.pack("<Q", n) for n in array.shape[::-1])
        head += struct.pack("<IQ", 1 if array.ndim > 1 else 0, offset)
        blob = array.tobytes()
        blob += bytes(-len(blob) % ALIGN)
        blobs.append(blob)
        offset += len(blob)
    path.write_bytes(head + bytes(-len(head) % ALIGN) + b"".join(blobs))
