"""Check that llama-server computes what training computed: same tokens, first-step log-probabilities to 1e-2.

    python3 parity.py nano-a --gguf ../nano-a.gguf
"""
from __future__ import annotations

import argparse
import re
from pathlib import Path

import sentencepiece as spm
import torch

from model import Model, load
from server import Server

SENTENCES = [
    "Angela Merkel met Emmanuel Macron in Paris on 3 March , said Reuters .",
    "IL-2 gene expression and NF-kappa B activation (CD28) requires α-actinin.",
    "@jonas_k luv the new Xperia 😀 #Zürich — see you @ Café “Odéon” ...",
    "Der Bürgermeister von Köln sprach in Århus und São Paulo.",
    "當時外界傳聞樊日行是在中視主管授意下裝病。",
]
EXACT = ("-ctk", "f32", "-ctv", "f32", "-fa", "off")  # keys and values are otherwise rounded to 16 bits
LEAST = -7.0  # a token less likely than one in a thousand decides nothing, and its figure is rounded most
PROMPTS = ["<|extract|><|types|> person<|sep|> location<|sep|> organization<|text|> {}<|answer|>",
           "<|extract|><|text|> {}<|answer|>",
           "<|verify|><|text|> {}<|spans|> Paris<|types|> location<|answer|>"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name")
    parser.add_argument("--gguf", type=Path, required=True)
    parser.add_argument("--work", type=Path, default=Path(__file__).parent / "work")
    args = parser.parse_args()
    saved = load(args.work / f"{args.name}.pt")
    model = Model(saved["shape"])
    rounded = {k: v.half().float() if v.dim() > 1 else v for k, v in saved["model"].items()}  # as the file holds them
    model.load_state_dict(rounded)
    for layer in model.modules():  # llama.cpp multiplies F16 by F16: what goes into a matrix is rounded as well
        if isinstance(layer, torch.nn.Linear):
            layer.register_forward_pre_hook(lambda _, given: (given[0].half().float(),))
    sp = spm.SentencePieceProcessor(model_file=str(args.work / "sp.model"))

    def encode(prompt: str) -> list[int]:
        ids: list[int] = []
        for part in re.split(r"(<\|/?[a-z]+\|>)", prompt):
            if part:
                ids += [sp.piece_to_id(part)] if part.startswith("<|") else sp.encode(part)
        return ids

    worst, wrong = 0.0, 0
    with Server(args.gguf, more=EXACT) as server, torch.no_grad():
        prompts = [p.format(s) for s in SENTENCES for p in PROMPTS]
        prompts.append(PROMPTS[0].format("<|end|><|text|> ".join(SENTENCES * 2)))  # a long one
        for prompt in prompts:
            ids = encode(prompt)
            theirs = server.post("/tokenize", {"content": prompt, "add_special": False, "parse_special": True})["tokens"]
            wrong += theirs != ids
            ours = torch.log_softmax(model.logits(model(torch.tensor([ids]))[0][0, -1].half().float()), -1)
            reply = server.post("/completion", {"prompt": ids, "n_predict": 1, "temperature": 0, "n_probs": 5})
            for top in reply["completion_probabilities"][0]["top_logprobs"]:
                if top["logprob"] > LEAST:
                    worst = max(worst, abs(top["logprob"] - ours[top["id"]].item()))
    print(f"{len(prompts)} prompts: {wrong} tokenized otherwise, largest difference of log-probabilities {worst:.5f}")
    raise SystemExit(wrong > 0 or worst > 1e-2)


if __name__ == "__main__":
    main()
