"""Train a trunk from scratch, or a member from a trunk. Stops when --tokens are seen; run again to go on.

    python3 train.py trunk --tokens 9e6 --seed 1
    python3 train.py nano-a --from trunk --mix news --tokens 2e6 --seed 11 --decay 1

The rate rises, stays, and falls in a straight line over the last --decay share of the tokens.
"""
from __future__ import annotations

import argparse
import random
import signal
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

from examples import CHOICE_WEIGHT, COPY_WEIGHT, TEXT_WEIGHT, Builder, Example, mixture
from model import Model, Shape, load, start_with_copying

LAGS = 3          # a word's tag is asked for at its last token's place and one and two places later
TEXT_SAMPLE = 0.15 # share of the prompt's text whose next token is trained
POOL = 512
SMALL_UNTIL = 4e6  # tokens, in batches of half the size


class Hints(nn.Module):
    """Training only: read word tags off the middle of the network."""

    def __init__(self, width: int):
        super().__init__()
        self.tags = nn.Linear(width, 4 * LAGS)

    def forward(self, x: torch.Tensor, tags: torch.Tensor) -> torch.Tensor:
        x = F.layer_norm(x, x.shape[-1:])
        out = self.tags(x).unflatten(-1, (LAGS, 4)).float()
        loss = x.new_zeros(())
        for lag in range(LAGS):
            later = F.pad(tags, (lag, 0))[:, :tags.shape[1]]
            loss = loss + F.cross_entropy(out[:, :, lag].flatten(0, 1), later.flatten(), ignore_index=0) / LAGS
        return loss


def batches(builder: Builder, most: int, state: dict):
    """Sequences of like length together, at most `most` tokens in a batch, half of that at first; and this size."""
    while True:
        size = most if state["tokens"] > SMALL_UNTIL else most // 2
        easy = state["tokens"] < state["easy"]
        pool = sorted((builder.example(easy) for _ in range(POOL)), key=lambda e: len(e.ids))
        out, batch = [], []
        for e in pool:
            if batch and (len(batch) + 1) * len(e.ids) > size:
                out.append(batch)
                batch = []
            batch.append(e)
        out.append(batch)
        builder.rng.shuffle(out)
        for batch in out:
            yield batch, size


def tensors(batch: list[Example], size: int, end: int) -> tuple[torch.Tensor, ...]:
    """Padded to few distinct shapes: for each new one, the kernels of a CPU are made anew."""
    t = rounded(max(len(e.ids) for e in batch) - 1, 32) + 1  # the last token only is a target
    n = max(len(batch), size // (t - 1))

    def table(values, fill, kind):
        return torch.tensor([v + [fill] * (t - len(v)) for v in values] + [[fill] * t] * (n - len(batch)), dtype=kind)

    return (table([e.ids for e in batch], end, torch.long), table([e.weights for e in batch], 0.0, torch.float),
            table([e.tags for e in batch], 0, torch.long))


def rounded(n: int, step: int) -> int:
    return -(-n // step) * step


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name")
    parser.add_argument("--work", type=Path, default=Path(__file__).parent / "work")
    parser.add_argument("--from", dest="origin")
    parser.add_argument("--mix", default="trunk")
    parser.add_argument("--tokens", type=float, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rate", type=float, default=1.5e-3)
    parser.add_argument("--decay", type=float, default=0.0)
    parser.add_argument("--batch", type=int, default=4096)
    parser.add_argument("--easy", type=float, default=0.4e6, help="first tokens: short sentences with mentions only")
    parser.add_argument("--hints", type=float, default=0.5, help="weight of the auxiliary loss")
    parser.add_argument("--plain-start", action="store_true", help="without the copying circuit")
    parser.add_argument("--share", type=float, default=0.72, help="of sentences with mentions, where any would do")
    parser.add_argument("--tasks", default="0.4,0.35,0.25", help="shares of extraction, classification, verification")
    parser.add_argument("--mined", type=float, default=0.0, help="share of what is verified that mine.py found")
    parser.add_argument("--vary", type=float, default=0.0, help="share of sentences with names and words of names.py")
    parser.add_argument("--width", type=int, default=256, help="of a new model; its inner width is twice that")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--float32", action="store_true", help="no bfloat16 in matrix products")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    random.seed(args.seed)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    builder = Builder(args.work, args.seed, mixture(args.mix), args.share,
                      tuple(float(x) for x in args.tasks.split(",")), args.mined, args.vary)
    path = args.work / f"{args.name}.pt"
    file = path if path.exists() else args.work / f"{args.origin}.pt" if args.origin else None
    saved = load(file, device) if file else None
    shape = saved["shape"] if saved else Shape(builder.sp.get_piece_size(), width=args.width, inner=2 * args.width,
                                               rotated=3 * args.width // 32)  # three eighths of a head
    model = Model(shape)
    if not args.plain_start and not saved:
        start_with_copying(model, list(builder.marker.values()))
    hints = Hints(shape.width)
    model.to(device), hints.to(device)
    parameters = list(model.parameters()) + list(hints.parameters())
    half = not args.float32 and torch.__version__ >= "2"  # twice as fast where the processor has bfloat16
    matrices = [p for p in parameters if p.dim() > 1]
    optimizer = torch.optim.AdamW([{"params": matrices, "weight_decay": 0.05},
                                   {"params": [p for p in parameters if p.dim() < 2], "weight_decay": 0.0}],
                                  lr=args.rate, betas=(0.9, 0.98), **({"fused": True} if half else {}))
    state = {"tokens": 0, "steps": 0, "seconds": 0.0, "easy": 0 if args.origin else args.easy}
    if saved:
        model.load_state_dict(saved["model"])
        if "optimizer" in saved:  # not so if it was taken up from a GGUF file
            hints.load_state_dict(saved["hints"])
            optimizer.load_state_dict(saved["optimizer"])
        if file == path:
            state.update(saved["state"])
            builder.rng.setstate(saved["rng"])
    print(f"{sum(p.numel() for p in model.parameters()) / 1e6:.2f} M parameters, {device}", flush=True)

    def save() -> None:
        torch.save({"model": model.state_dict(), "hints": hints.state_dict(), "optimizer": optimizer.state_dict(),
                    "state": state, "rng": builder.rng.getstate(), "shape": shape}, path.with_suffix(".tmp"))
        path.with_suffix(".tmp").rename(path)

    stop: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _: stop.append(number))  # SIGTERM saves first
    warm = 20 if args.origin else 150
    def nothing_seen() -> dict:
        return {"mark": np.zeros(3), "choice": np.zeros(3), "copy": np.zeros(3), "hint": 0.0, "steps": 0, "tokens": 0,
                "at": time.time()}

    seen = nothing_seen()
    for batch, size in batches(builder, args.batch, state):
        if state["tokens"] >= args.tokens or stop:
            break
        left = 1 - state["tokens"] / args.tokens
        fall = min(1.0, left / args.decay) if args.decay else 1.0
        for group in optimizer.param_groups:
            group["lr"] = args.rate * min(1.0, (state["steps"] + 1) / warm) * max(0.02, fall)
        ids, weights, tags = (x.to(device) for x in tensors(batch, size, builder.marker["end"]))
        w = weights[:, 1:]
        text = (w == TEXT_WEIGHT) & (torch.rand(w.shape, device=device) < TEXT_SAMPLE)
        keep = ((w > TEXT_WEIGHT) | text).flatten().nonzero()[:, 0]
        w = torch.where(text, w / TEXT_SAMPLE, w).flatten()[keep]
        spare = rounded(len(keep), 256) - len(keep)
        keep, w = F.pad(keep, (0, spare)), F.pad(w, (0, spare))
        with torch.autocast(device, torch.bfloat16, enabled=half):
            states, middle = model(ids[:, :-1])
            logits, target = model.logits(states.flatten(0, 1)[keep]), ids[:, 1:].flatten()[keep]
            hint = hints(middle, tags[:, :-1]) if args.hints else 0.0
        each = F.cross_entropy(logits.float(), target, reduction="none")
        loss = (each * w).sum() / w.sum()
        optimizer.zero_grad(set_to_none=True)
        (loss + args.hints * hint).backward()
        nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        with torch.no_grad():
            right = logits.argmax(-1) == target
            for kind, chosen in (("mark", (w >= 1) & ((target == builder.marker["mark"]) | (target == builder.marker["/mark"]))),
                                 ("choice", w == CHOICE_WEIGHT), ("copy", w == COPY_WEIGHT)):
                seen[kind] += np.array([each[chosen].sum().item(), int(right[chosen].sum()), int(chosen.sum())])
            seen["hint"] += float(hint)
        state["tokens"] += sum(len(e.ids) for e in batch)
        seen["tokens"] += sum(len(e.ids) for e in batch)
        state["steps"] += 1
        seen["steps"] += 1
        if seen["steps"] == 100:
            took = time.time() - seen["at"]
            state["seconds"] += took
            kinds = ", ".join(f"{k} {seen[k][0] / max(1, seen[k][2]):.3f} ({100 * seen[k][1] / max(1, seen[k][2]):.1f} %)"
                              for k in ("mark", "choice", "copy"))
            print(f"{state['steps']} steps {state['tokens'] / 1e6:.2f} M tokens {state['seconds'] / 60:.1f} min: loss (right) "
                  f"{kinds}, hint {seen['hint'] / 100:.3f}, {seen['tokens'] / took:.0f} tokens/s", flush=True)
            seen = nothing_seen()
            if state["steps"] // 1000 > (state["steps"] - 100) // 1000:
                save()
    save()


if __name__ == "__main__":
    main()
