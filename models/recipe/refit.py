"""Refit the copying heads of the last block by least squares: python3 refit.py trunk

By the time the last block learns where to look, what it copies has been blurred: other blocks have written over the
tokens' codes. Head 0 is given the best map of rank 64 from the state at a place to the embedding of its token, head 1
to that of the token before. Done once, in the middle of the trunk's training.
"""
from __future__ import annotations

import argparse
from pathlib import Path

import torch

from examples import Builder, mixture
from model import Model

EXAMPLES, RIDGE, LOGIT = 40, 1e-2, 1.5


@torch.no_grad()
def refit(model: Model, builder: Builder) -> None:
    s, block, states, now, before = model.shape, model.blocks[-1], [], [], []
    hook = block.register_forward_pre_hook(lambda _, inputs: states.append(block.norm1(inputs[0])[0]))
    for _ in range(EXAMPLES):
        e = builder.extract()
        text = torch.tensor([i for i, t in enumerate(e.tags) if t and i])
        ids = torch.tensor(e.ids)
        model(ids[None])
        states[-1] = states[-1][text]
        now.append(ids[text])
        before.append(ids[text - 1])
    hook.remove()
    x = torch.cat(states)
    middle = model.embed.weight.mean(0)
    gram = x.T @ x + RIDGE * len(x) * torch.eye(s.width)
    for head, tokens in enumerate((torch.cat(now), torch.cat(before))):
        y = model.embed.weight[tokens] - middle
        u, size, v = torch.linalg.svd(torch.linalg.solve(gram, x.T @ y))  # x -> y
        rows = slice(head * s.head, (head + 1) * s.head)
        root = size[:s.head].sqrt()
        block.qkv.weight[2 * s.width:][rows] = (u[:, :s.head] * root).T
        block.out.weight[:, rows] = v[:s.head].T * root
        copied = x @ block.qkv.weight[2 * s.width:][rows].T @ block.out.weight[:, rows].T
        logits = (copied * model.norm.weight) @ model.embed.weight.T
        right = (logits.argmax(-1) == tokens).float().mean().item()
        margin = (logits.gather(1, tokens[:, None])[:, 0] - logits.mean(1)).mean()
        scale = LOGIT / margin * residual(model, builder)
        block.out.weight[:, rows] *= scale
        print(f"head {head}: {100 * right:.1f} % of {len(tokens)} tokens copied right, scaled by {scale:.2f}")


@torch.no_grad()
def residual(model: Model, builder: Builder) -> float:
    """Root mean square of the residual stream before the last norm, by which what is written is divided."""
    total: list[float] = []
    hook = model.norm.register_forward_pre_hook(lambda _, inputs: total.append(inputs[0].square().mean().sqrt().item()))
    for _ in range(10):
        model(torch.tensor([builder.extract().ids]))
    hook.remove()
    return sum(total) / len(total)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name")
    parser.add_argument("--work", type=Path, default=Path(__file__).parent / "work")
    args = parser.parse_args()
    path = args.work / f"{args.name}.pt"
    saved = torch.load(path, map_location="cpu")
    model = Model(saved["shape"])
    model.load_state_dict(saved["model"])
    torch.manual_seed(1)
    refit(model, Builder(args.work, 1, mixture("trunk")))
    saved["model"] = model.state_dict()
    torch.save(saved, path)


if __name__ == "__main__":
    main()
