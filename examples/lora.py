"""Teach a trained GPT another style with few weights: python examples/lora.py

Takes what python examples/gpt.py has kept and leaves it as it is. Beside each map of its blocks it
learns the product of two narrow matrices, which is added to the map's result: a few hundredths of
the weights. The style is that of a text (--text), by default of the first one in small letters.

Source: E. Hu et al., "LoRA: Low-Rank Adaptation of Large Language Models", 2021.
"""

from __future__ import annotations

import argparse
import math
from pathlib import Path
from typing import Any

import numpy as np
from arguments import one_sentence, output, real, whole
from gpt import build
from language import HERE, Text, evaluate, read, train, write

import cltensor as ct
from cltensor import nn, optim


class LoRA(nn.Module):
    """A map that stays as it is, and a product of two narrow matrices that learns.

        y = linear(x) + (alpha / rank) x A^T B^T

    B begins with zeros, so that nothing changes at first.

    Args:    linear: the map; rank: rows of A; alpha: how much is added.
    """

    def __init__(self, linear: nn.Linear, rank: int, alpha: float) -> None:
        super().__init__()
        self.linear, self.scale = linear.requires_grad_(False), alpha / rank
        outputs, inputs = linear.weight.shape
        self.a = nn.Parameter(ct.empty((rank, inputs)))
        self.b = nn.Parameter(ct.zeros((outputs, rank)))
        nn.init.kaiming_uniform_(self.a, a=math.sqrt(5))

    def forward(self, x: Any) -> Any:
        """(..., inputs) -> (..., outputs)."""
        return self.linear(x) + self.scale * (x @ self.a.T @ self.b.T)

    @ct.no_grad()
    def merged(self) -> nn.Linear:
        """The map with what was learnt added to its weights: as fast as before."""
        self.linear.weight.add_(self.scale * (self.b @ self.a))
        return self.linear


#: The maps of a block: of the attention, and of the two layers after it.
MAPS = ("qkv", "out", "0", "2")


def adapt(model: nn.Module, names: tuple[str, ...], rank: int, alpha: float) -> nn.Module:
    """The model with its maps of these names wrapped, and all other weights fixed."""
    model.requires_grad_(False)
    for module in [*model.modules()]:
        for name, child in [*module.named_children()]:
            if name in names and isinstance(child, nn.Linear):
                setattr(module, name, LoRA(child, rank, alpha))
    return model


def merge(model: nn.Module) -> nn.Module:
    """The model with every LoRA put into its map."""
    for module in [*model.modules()]:
        for name, child in [*module.named_children()]:
            if isinstance(child, LoRA):
                setattr(module, name, child.merged())
    return model


class Style(Text):
    """A text in the tokens of another one; characters that it does not have are left out."""

    def __init__(self, text: Text, content: str) -> None:
        self.tokens = text.tokens
        numbers = self.numbers(content)
        self.train, self.test = np.split(numbers, [len(numbers) * 9 // 10])


def options() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description="Teach the model of examples/gpt.py another style; keeps lora.ct here."
    )
    add = parser.add_argument
    add("--base", type=Path, default=Path("gpt.ct"), help="what examples/gpt.py has kept")
    add("--base-text", type=Path, default=HERE / "harbour.txt", help="what that has learnt from")
    add("--text", type=Path, help="what to learn from; without it, the first in small letters")
    add("--rank", type=whole(1), default=4, help="rows of the narrow matrices")
    add("--alpha", type=real(0), default=8.0, help="how much they count")
    add("--steps", type=whole(0), default=200)
    add("--batch-size", type=whole(1), default=32)
    add("--lr", type=real(0), default=5e-3, help="highest learning rate")
    add("--device", help="cl:0, gpu, cpu, ...; see python -m cltensor info")
    add("--seed", type=int, default=0)
    add("--output", type=output, default=Path("lora.ct"), help="where the matrices are kept")
    add("--write", type=whole(0), default=300, metavar="N", help="characters to write at the end")
    add("--prompt", default="the harbour ", help="how the writing begins")
    add("--temperature", type=real(0, above=True), default=0.8)
    add("--top-k", type=whole(1), default=20)
    return parser.parse_args()


def main() -> None:
    """Adapt, keep, write."""
    args = options()
    if args.device:
        ct.set_default_device(args.device)
    ct.manual_seed(args.seed)
    if not args.base.exists():
        raise SystemExit(f"lora: there is no '{args.base}'; first: python examples/gpt.py")
    found = ct.load(args.base)
    vars(args).update(found["options"])
    first = Text(args.base_text, args.pairs)
    content = read(args.text) if args.text else read(args.base_text).lower()
    style = Style(first, content)
    style.require(args.length)
    model = build(args, len(first.tokens))
    model.load_state_dict(found["model"])
    total = sum(p.numel() for p in model.parameters())
    adapt(model, MAPS, args.rank, args.alpha)
    learning = [p for p in model.parameters() if p.requires_grad]
    print(f"lora: {sum(p.numel() for p in learning):,} weights learn beside {total:,}")
    print(f"test loss before {evaluate(model, style, args):.3f}")
    train(model, optim.AdamW(learning, lr=args.lr, weight_decay=0.0), style, 0, args)
    print(f"test loss after {evaluate(model, style, args):.3f}")
    narrow = {name: p for name, p in model.state_dict().items() if name.endswith((".a", ".b"))}
    ct.save({"rank": args.rank, "alpha": args.alpha, "model": narrow}, args.output)
    print(args.prompt + write(merge(model), style, args))


if __name__ == "__main__":
    with one_sentence("lora"):
        main()
