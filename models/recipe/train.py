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

import torch
import torch.nn as nn
import torch.nn.functional as F

from examples import MAX_COUNT, Builder, Example, mixture
from model import Model, Shape, start_with_copying

LAGS = 3          # a word's tag is asked for at its last token's place and one and two places later
TEXT_SAMPLE = 0.15 # share of the prompt's text whose next token is trained
POOL = 512


class Hints(nn.Module):
    """Training only: read word tags and the count of mentions off the middle of the network."""

    def __init__(self, width: int):
        super().__init__()
        self.tags = nn.Linear(width, 4 * LAGS)
        self.counts = nn.Linear(width, MAX_COUNT + 1)

    def forward(self, x: torch.Tensor, tags: torch.Tensor, counts: torch.Tensor) -> torch.Tensor:
        x = F.layer_norm(x, x.shape[-1:])
        out = self.tags(x).unflatten(-1, (LAGS, 4))
        loss = x.new_zeros(())
        for lag in range(LAGS):
            later = F.pad(tags, (lag, 0))[:, :tags.shape[1]]
            loss = loss + F.cross_entropy(out[:, :, lag].flatten(0, 1), later.flatten(), ignore_index=0) / LAGS
        if (counts >= 0).any():
            loss = loss + 0.3 * F.cross_entropy(self.counts(x).flatten(0, 1), counts.flatten(), ignore_index=-1)
        return loss


def pointer_hint(model: Model, batch: list[Example]) -> torch.Tensor:
    """Training only: in the last two blocks, at the places of an answer where a mention (or a type) is to begin, head 0
    should look at its first token in the prompt and head 1, which copies the token before, one further."""
    rows, places, sources = zip(*[(i, p, q) for i, e in enumerate(batch) for p, q in e.sources.items()] or [(0, 0, 0)])
    loss = model.embed.weight.new_zeros(())
    for block in model.blocks[-2:]:
        q, k = block.seen
        row, place, source = (torch.tensor(x, device=q.device) for x in (rows, places, sources))
        index = torch.arange(len(rows), device=q.device)
        scores = torch.einsum("nhd,nhtd->nht", q[row, :2, place], k[row, :2]) * q.shape[-1] ** -0.5
        later = torch.arange(k.shape[2], device=q.device) > place[:, None]
        scores = scores.masked_fill(later[:, None], -1e9).log_softmax(-1)
        after = (source + 1).minimum(place)
        loss = loss - (scores[index, 0, source].mean() + scores[index, 1, after].mean()) / 4
    return loss


def batches(builder: Builder, size: int, state: dict):
    """Sequences of like length together, at most `size` tokens in a batch."""
    while True:
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
        yield from out


def tensors(batch: list[Example], end: int) -> tuple[torch.Tensor, ...]:
    t = max(len(e.ids) for e in batch)

    def table(values, fill, kind):
        return torch.tensor([v + [fill] * (t - len(v)) for v in values], dtype=kind)

    return (table([e.ids for e in batch], end, torch.long), table([e.weights for e in batch], 0.0, torch.float),
            table([e.tags for e in batch], 0, torch.long), table([e.counts for e in batch], -1, torch.long))


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
    parser.add_argument("--batch", type=int, default=2048)
    parser.add_argument("--easy", type=float, default=0.4e6, help="first tokens: short sentences with mentions only")
    parser.add_argument("--hints", type=float, default=0.5, help="weight of the auxiliary loss")
    parser.add_argument("--plain-start", action="store_true", help="without the copying circuit")
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    random.seed(args.seed)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    builder = Builder(args.work, args.seed, mixture(args.mix))
    path = args.work / f"{args.name}.pt"
    file = path if path.exists() else args.work / f"{args.origin}.pt" if args.origin else None
    saved = torch.load(file, map_location=device) if file else None
    shape = saved["shape"] if saved else Shape(pieces=builder.sp.get_piece_size())
    model = Model(shape)
    if not args.plain_start and not saved:
        start_with_copying(model, list(builder.marker.values()))
    hints = Hints(shape.width)
    model.to(device), hints.to(device)
    parameters = list(model.parameters()) + list(hints.parameters())
    matrices = [p for p in parameters if p.dim() > 1]
    optimizer = torch.optim.AdamW([{"params": matrices, "weight_decay": 0.05},
                                   {"params": [p for p in parameters if p.dim() < 2], "weight_decay": 0.0}],
                                  lr=args.rate, betas=(0.9, 0.98))
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
    signal.signal(signal.SIGTERM, lambda number, _: stop.append(number))  # a polite kill saves first
    warm = 20 if args.origin else 150
    seen = {"answer": 0.0, "n": 0, "right": 0, "hint": 0.0, "pointer": 0.0, "steps": 0, "tokens": 0, "at": time.time()}
    for batch in batches(builder, args.batch, state):
        if state["tokens"] >= args.tokens or stop:
            break
        left = 1 - state["tokens"] / args.tokens
        fall = min(1.0, left / args.decay) if args.decay else 1.0
        for group in optimizer.param_groups:
            group["lr"] = args.rate * min(1.0, (state["steps"] + 1) / warm) * max(0.02, fall)
        ids, weights, tags, counts = (x.to(device) for x in tensors(batch, builder.marker["end"]))
        states, middle = model(ids[:, :-1])
        w = weights[:, 1:]
        text = (w > 0) & (w < 1) & (torch.rand(w.shape, device=device) < TEXT_SAMPLE)
        keep = (w >= 1) | text
        w = torch.where(text, w / TEXT_SAMPLE, w)[keep]
        logits, target = model.logits(states[keep]), ids[:, 1:][keep]
        each = F.cross_entropy(logits, target, reduction="none")
        loss = (each * w).sum() / w.sum()
        hint = hints(middle, tags[:, :-1], counts[:, :-1]) if args.hints else loss.new_zeros(())
        pointer = pointer_hint(model, batch) if args.hints else loss.new_zeros(())
        optimizer.zero_grad(set_to_none=True)
        (loss + args.hints * (hint + 0.5 * pointer)).backward()
        nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        with torch.no_grad():
            answer = w >= 1
            seen["answer"] += each[answer].sum().item()
            seen["n"] += int(answer.sum())
            seen["right"] += int((logits.argmax(-1) == target)[answer].sum())
            seen["hint"] += hint.item()
            seen["pointer"] += pointer.item()
        state["tokens"] += sum(len(e.ids) for e in batch)
        seen["tokens"] += sum(len(e.ids) for e in batch)
        state["steps"] += 1
        seen["steps"] += 1
        if seen["steps"] == 50:
            took = time.time() - seen["at"]
            state["seconds"] += took
            print(f"{state['steps']} steps {state['tokens'] / 1e6:.2f} M tokens {state['seconds'] / 60:.1f} min: "
                  f"answer loss {seen['answer'] / seen['n']:.3f}, right {100 * seen['right'] / seen['n']:.1f} %, "
                  f"hints {seen['hint'] / 50:.3f} pointer {seen['pointer'] / 50:.2f}, {seen['tokens'] / took:.0f} tokens/s", flush=True)
            seen = {"answer": 0.0, "n": 0, "right": 0, "hint": 0.0, "pointer": 0.0, "steps": 0, "tokens": 0, "at": time.time()}
            if state["steps"] % 250 < 50:
                save()
    save()


if __name__ == "__main__":
    main()
