"""Learn to balance a pole by the gradient of a policy: python examples/reinforce.py [episodes]

Source: R. Williams, "Simple Statistical Gradient-Following Algorithms for Connectionist
Reinforcement Learning" (1992).
"""

from __future__ import annotations

import numpy as np
from arguments import count, one_sentence
from pole import Pole

import cltensor as ct
from cltensor import nn, optim
from cltensor.distributions import Categorical


def returns(rewards: list[float], discount: float) -> np.ndarray:
    """What each step leads to: its reward and the later ones, each less by `discount`; of mean 0
    and spread 1."""
    found = np.zeros(len(rewards), np.float32)
    later = 0.0
    for k in range(len(rewards) - 1, -1, -1):
        found[k] = later = rewards[k] + discount * later
    return (found - found.mean()) / (found.std() + 1e-6)


def main(episodes: int = 300, discount: float = 0.99, rate: float = 1e-2) -> None:
    """Play; after each episode make the actions that led to more likelier."""
    ct.manual_seed(0)
    world, lengths = Pole(), []
    policy = nn.Sequential(nn.Linear(Pole.inputs, 64), nn.ReLU(), nn.Linear(64, Pole.actions))
    optimizer = optim.Adam(policy.parameters(), lr=rate)
    for episode in range(episodes):
        states, actions, rewards = [], [], []
        state, over = world.reset(), False
        while not over:
            with ct.no_grad():
                action = int(Categorical(logits=policy(ct.tensor(state))).sample().item())
            states.append(state)
            actions.append(action)
            state, reward, fell, late = world.step(action)
            rewards.append(reward)
            over = fell or late
        # All states at once: one pass through the net instead of one for each step.
        chosen = Categorical(logits=policy(ct.tensor(np.stack(states))))
        likelihoods = chosen.log_prob(ct.tensor(np.array(actions)))
        loss = -(likelihoods * ct.tensor(returns(rewards, discount))).sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        lengths.append(len(rewards))
        if (episode + 1) % 20 == 0 or episode == episodes - 1:
            print(f"episode {episode + 1}: stood for {np.mean(lengths[-20:]):.1f} steps of late")


if __name__ == "__main__":
    with one_sentence("reinforce"):
        main(count(__doc__, "episodes", 300))
