"""Learn to balance a pole by the worth of actions: python examples/dqn.py [steps]

Source: V. Mnih et al., "Human-level control through deep reinforcement learning" (2015); H. van
Hasselt et al., "Deep Reinforcement Learning with Double Q-learning" (2016).
"""

from __future__ import annotations

import copy
from collections import deque
from typing import Any

import numpy as np
from arguments import count, one_sentence
from pole import Pole

import cltensor as ct
from cltensor import nn, optim

DISCOUNT, BATCH, KEPT = 0.99, 64, 10_000


def main(steps: int = 8000, rate: float = 1e-3, every: int = 200) -> None:
    """Play, at first at random, keep what happened, and learn from samples of it."""
    ct.manual_seed(0)
    random, world, lengths = np.random.default_rng(0), Pole(), [0]
    memory: deque[tuple[Any, ...]] = deque(maxlen=KEPT)
    net = nn.Sequential(
        nn.Linear(Pole.inputs, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(),
        nn.Linear(64, Pole.actions),
    )  # fmt: skip
    slow = copy.deepcopy(net)  # an older copy says what the next state is worth
    optimizer = optim.Adam(net.parameters(), lr=rate)

    @ct.jit
    def learn(states: Any, actions: Any, rewards: Any, nexts: Any, goes_on: Any) -> Any:
        with ct.no_grad():
            best = net(nexts).argmax(1, keepdim=True)
            worth = rewards + DISCOUNT * goes_on * slow(nexts).gather(1, best).squeeze(1)
        optimizer.zero_grad()
        found = net(states).gather(1, actions.unsqueeze(1)).squeeze(1)
        loss = nn.functional.smooth_l1_loss(found, worth)
        loss.backward()
        optimizer.step()
        return loss

    state = world.reset()
    for step in range(steps):
        chance = max(0.05, 1 - step / (0.3 * steps))  # of an action at random
        if random.random() < chance:
            action = int(random.integers(Pole.actions))
        else:
            with ct.no_grad():
                action = int(net(ct.tensor(state)).argmax().item())
        following, reward, fell, late = world.step(action)
        memory.append((state, action, np.float32(reward), following, np.float32(not fell)))
        state = following
        if fell or late:
            lengths.append(world.steps)
            state = world.reset()
        if len(memory) >= BATCH:
            chosen = [memory[k] for k in random.integers(0, len(memory), BATCH)]
            learn(*(ct.tensor(np.stack(column)) for column in zip(*chosen, strict=True)))
        if step % every == 0:
            slow.load_state_dict(net.state_dict())
        if (step + 1) % max(1, steps // 10) == 0:
            print(f"step {step + 1}: stood for {np.mean(lengths[-10:]):.1f} steps of late")


if __name__ == "__main__":
    with one_sentence("dqn"):
        main(count(__doc__, "steps", 8000))
