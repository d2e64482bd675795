"""A checkpoint as a LoRA adapter in GGUF, for merge-adapter or llama-server's --lora.

    python3 export.py NAME.pt --base MODEL.gguf --out ADAPTER.gguf --name "SmolLM2-135M-Instruct for el4ner"
"""
from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch
from gguf import GGUFReader, GGUFWriter

from model import Shape


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("checkpoint", type=Path)
    p.add_argument("--base", type=Path, required=True)
    p.add_argument("--out", type=Path, required=True)
    p.add_argument("--name", required=True)
    a = p.parse_args()
    told = torch.load(a.checkpoint, weights_only=True)
    s = Shape(GGUFReader(a.base))
    w = GGUFWriter(a.out, s.arch)
    w.add_type("adapter")
    w.add_name(a.name)
    w.add_license("cc-by-sa-4.0")
    w.add_string("adapter.type", "lora")
    w.add_float32("adapter.lora.alpha", float(told["scale"] * told["rank"]))
    for key, value in told["params"].items():
        name, part = key.rsplit(".", 1)
        rows = value.numpy()
        w.add_tensor(f"{name}.weight.{part}", (s.interleaved(name, rows) if part == "lora_b" else rows).astype(np.float16))
    w.write_header_to_file()
    w.write_kv_data_to_file()
    w.write_tensors_to_file()
    w.close()
    print(f"{a.out}: rank {told['rank']}, {told['tokens']} tokens, {told['cpu'] / 60:.1f} CPU minutes, "
          f"{a.out.stat().st_size} bytes")


if __name__ == "__main__":
    main()
