"""Tune a model for the conversation with LoRA.

    python3 train.py --base MODEL.gguf --work DIR --out NAME.pt --minutes 60 [--rate 1.5e-3] [--rank 16]

The rate falls with the processor time spent. Every --save minutes a checkpoint is written, and what some conversations
that are never trained on say of it: loss, and how well P(yes) tells right from wrong. A run that was ended goes on from
its checkpoint. One thread; fixed seeds.
"""
from __future__ import annotations

import argparse
import random
import signal
import time
from pathlib import Path

import torch

from examples import SHARE, Builder
from layout import Segment, Writer, tokenizer
from model import Model, kernels
from tree import batch, length, rounded

ROOT = Path(__file__).resolve().parents[2]


def micro_batches(builder: Builder, tokens: int, micro: int) -> list[list[list[Segment]]]:
    """Conversations of about one length together, about `tokens` tokens in all."""
    made, n = [], 0
    while n < tokens:
        made.append(builder.sequence())
        n += length(made[-1])
    made.sort(key=length)
    out: list[list[list[Segment]]] = []
    for tree in made:
        if out and (len(out[-1]) + 1) * rounded(length(tree)) <= micro:
            out[-1].append(tree)
        else:
            out.append([tree])
    return out


def auc(yes: list[float], no: list[float]) -> float:
    """How often a right pair is above a wrong one."""
    pairs = [(y > n) + 0.5 * (y == n) for y in yes for n in no]
    return sum(pairs) / len(pairs) if pairs else float("nan")


def held_out(model: Model, trees: list[list[Segment]], writer: Writer) -> str:
    word = [writer.encode(w)[0][0] for w in ("yes", "no")]
    total, weight = 0.0, 0.0
    said: tuple[list[float], list[float]] = ([], [])
    with torch.no_grad():
        cast = model.cast()
        for tree in trees:
            b = batch([tree], model.dtype)
            loss, w, logits = model.losses(b, cast)
            ids = b.ids[0, 1:][b.weights[0, 1:] > 0]
            total, weight = total + float((loss * w).sum()), weight + float(w.sum())
            for i in (b.weights[0, 1:][b.weights[0, 1:] > 0] == 3.0).nonzero().flatten().tolist():
                if ids[i] in word:
                    p = torch.softmax(logits[i, word], 0)[0].item()
                    said[word.index(int(ids[i]))].append(p)
    yes, no = said
    right = sum(p >= 0.5 for p in yes) / max(1, len(yes)), sum(p < 0.5 for p in no) / max(1, len(no))
    return (f"held out: loss {total / weight:.3f}, AUC of P(yes) {auc(yes, no):.3f}, mean {sum(yes) / max(1, len(yes)):.2f} of "
            f"{len(yes)} right and {sum(no) / max(1, len(no)):.2f} of {len(no)} wrong, {100 * right[0]:.0f} % kept and "
            f"{100 * right[1]:.0f} % dropped")


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--base", type=Path, required=True)
    p.add_argument("--work", type=Path, required=True, help="sentences.jsonl, names.json, found.jsonl")
    p.add_argument("--out", type=Path, required=True)
    p.add_argument("--minutes", type=float, required=True, help="of processor time, all runs together")
    p.add_argument("--until", help="HH:MM: end by then, whatever the minutes")
    p.add_argument("--rate", type=float, default=1.5e-3)
    p.add_argument("--rank", type=int, default=16)
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--micro", type=int, default=2560, help="tokens of a micro-batch")
    p.add_argument("--per-step", type=int, default=2, help="micro-batches of a step")
    p.add_argument("--longest", type=int, default=1024)
    p.add_argument("--save", type=float, default=10, help="minutes of processor time between checkpoints")
    p.add_argument("--held-out", type=int, default=40, help="conversations that are never trained on")
    p.add_argument("--chinese", type=float, help="share of uner_zh_gsd, where the vocabulary is poor in Chinese")
    a = p.parse_args()
    torch.set_num_threads(1)
    kernels(True)
    writer = Writer(tokenizer(a.base))
    share = dict(SHARE) | ({"uner_zh_gsd": a.chinese} if a.chinese is not None else {})
    prompts = ROOT / "prompts/conversation"
    before = torch.load(a.out, weights_only=True) if a.out.exists() else None
    part = before["parts"] if before else 0
    seed = a.seed + 1000 * part
    torch.manual_seed(a.seed)
    model = Model(a.base, a.rank, longest=a.longest)
    params = list(model.params.values())
    opt = torch.optim.AdamW(params, lr=a.rate, betas=(0.9, 0.98), weight_decay=0.01, fused=True)
    if before:
        for name, x in before["params"].items():
            model.params[name].data.copy_(x)
        opt.load_state_dict(before["optimizer"])
    builder = Builder(a.work, prompts, writer, seed, longest=a.longest, share=share)
    told = Builder(a.work, prompts, writer, 7, held_out=True, longest=a.longest, share=share)
    tests = [told.sequence() for _ in range(a.held_out)]
    del told
    print(f"{sum(x.numel() for x in params) / 1e6:.2f} M parameters, seed {seed}", flush=True)
    cpu0, wall0 = time.process_time(), time.time()
    spent0 = before["cpu"] if before else 0.0
    step, tokens, trained = (before["step"], before["tokens"], before["trained"]) if before else (0, 0, 0)
    log: list[tuple[int, int, float, float]] = before["log"] if before else []
    ended = []
    signal.signal(signal.SIGTERM, lambda *_: ended.append(True))

    def spent() -> float:
        return spent0 + time.process_time() - cpu0

    def save() -> None:
        part_file = a.out.with_suffix(".part")
        torch.save({"rank": a.rank, "scale": model.scale, "params": {k: v.detach() for k, v in model.params.items()},
                    "optimizer": opt.state_dict(), "log": log, "tokens": tokens, "trained": trained, "cpu": spent(),
                    "step": step, "parts": part + 1, "base": a.base.name}, part_file)
        part_file.rename(a.out)
        print(f"saved after {step} steps, {tokens} tokens, {spent() / 60:.1f} CPU minutes; {held_out(model, tests, writer)}",
              flush=True)

    queue: list[list[list[Segment]]] = []
    saved, mean = spent(), 0.0
    today = time.strftime("%Y-%m-%d ")
    wall1 = time.mktime(time.strptime(today + a.until, "%Y-%m-%d %H:%M")) if a.until else float("inf")

    def progress() -> float:
        """Of the run, 0 to 1; a run that goes on reckons its earlier parts as so much of the time that is left."""
        of_minutes, left = spent() / (60 * a.minutes), wall1 - wall0
        return max(of_minutes, wall_done + (1 - wall_done) * (time.time() - wall0) / left)

    wall_done = spent0 / (60 * a.minutes)
    while (done := progress()) < 1 and not ended:
        for g in opt.param_groups:
            g["lr"] = a.rate * min(1.0, (step + 1) / 20) * min(1.0, 1.15 * (1 - done))
        if len(queue) < a.per_step:
            queue += micro_batches(builder, 16 * a.micro, a.micro)
            random.Random(seed + step).shuffle(queue)
        batches = [batch(queue.pop(), model.dtype) for _ in range(a.per_step)]
        total = sum(float(b.weights.sum()) for b in batches)
        value = 0.0
        for b in batches:
            loss, w, _ = model.losses(b, model.cast())
            one = (loss * w).sum() / total
            one.backward()  # type: ignore[no-untyped-call]
            value += one.item()
            tokens, trained = tokens + b.tokens, trained + int((b.weights > 0).sum())
        torch.nn.utils.clip_grad_norm_(params, 1.0)
        opt.step()
        opt.zero_grad(set_to_none=True)
        step += 1
        mean = value if not mean else mean + 0.06 * (value - mean)
        log.append((step, tokens, spent(), value))
        if step <= 5 or step % 10 == 0:
            print(f"step {step}, {spent():.0f} CPU s, {time.time() - wall0:.0f} s, {tokens} tokens ({trained} trained), "
                  f"{tokens / spent():.0f} a CPU second, loss {value:.3f}, mean {mean:.3f}", flush=True)
        if spent() - saved > 60 * a.save:
            save()
            saved = spent()
    save()


if __name__ == "__main__":
    main()
