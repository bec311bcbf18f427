"""Works out by itself, with NumPy in double precision, the numbers that osakd.test.ts expects.

    python3 packages/methods/checks/osakd.py
"""

import numpy as np
from central_differences import show

# six samples of three classes, and their logits, which are also the space in which neighbours are near
LOGITS = np.array([[2, -1, 0.5], [1.5, -0.5, 0.25], [0, 1, -2], [0.25, 1.25, -1], [1, 0.5, 2], [0.5, 0.75, 0]])
LABELS = [0, 1, 1, 1, 2, 2]


def votes(features, k, include_self):
    q = np.zeros((len(features), 3))
    for i, feature in enumerate(features):
        others = [j for j in range(len(features)) if include_self or j != i]
        for j in sorted(others, key=lambda j: ((features[j] - feature) ** 2).sum())[:k]:
            q[i, LABELS[j]] += 1 / k
    return q


def softmax(z):
    powers = np.exp(z - z.max(1, keepdims=True))
    return powers / powers.sum(1, keepdims=True)


def mse(q):
    return lambda z: ((q - softmax(z)) ** 2).mean()


def kl(q):
    return lambda z: (q * (np.log(np.where(q > 0, q, 1)) - np.log(softmax(z)))).sum(1).mean()


for include_self in (False, True):
    print("votes of 3", "with" if include_self else "without", "self")
    print(np.round(votes(LOGITS, 3, include_self) * 3).astype(int).tolist(), "/ 3")
q = votes(LOGITS, 3, False)
show("mse", mse(q), LOGITS)
show("kl", kl(q), LOGITS)
print(f"entropy of the votes: {-(q * np.log(np.where(q > 0, q, 1))).sum(1).mean():.7f}")
