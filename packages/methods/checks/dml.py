"""Works out by itself, in double precision and with Python's own mathematics only, the numbers that dml.test.ts expects.

    python3 packages/methods/checks/dml.py
"""

from math import exp, log

# logits of three networks on two samples
NETWORKS = [
    [[2.0, -1.0, 0.5], [0.0, 1.0, -2.0]],
    [[3.0, 0.0, -1.0], [-1.0, 2.5, 0.5]],
    [[1.0, 1.0, 0.0], [0.5, -0.5, 2.0]],
]


def softmax(logits, temperature):
    powers = [exp(z / temperature) for z in logits]
    return [power / sum(powers) for power in powers]


def divergence(target, answer, temperature):
    """T² · mean over the batch of KL(target ‖ answer)."""
    total = 0.0
    for z, w in zip(answer, target):
        p, q = softmax(w, temperature), softmax(z, temperature)
        total += sum(a * (log(a) - log(b)) for a, b in zip(p, q))
    return temperature**2 * total / len(answer)


def mutual(answer, others, temperature, normalise):
    total = sum(divergence(other, answer, temperature) for other in others)
    return total / len(others) if normalise == "mean" else total


def gradient(loss, at):
    """Central differences: no formula of a gradient is assumed."""
    step = 1e-6

    def moved(i, k, change):
        rows = [list(row) for row in at]
        rows[i][k] += change
        return loss(rows)

    return [
        (moved(i, k, step) - moved(i, k, -step)) / (2 * step) for i, row in enumerate(at) for k in range(len(row))
    ]


for title, others, temperature, normalise in [
    ("two networks, T 1", NETWORKS[1:2], 1.0, "mean"),
    ("two networks, T 3", NETWORKS[1:2], 3.0, "mean"),
    ("three, mean, T 1", NETWORKS[1:], 1.0, "mean"),
    ("three, sum, T 1", NETWORKS[1:], 1.0, "sum"),
]:
    loss = lambda answer: mutual(answer, others, temperature, normalise)
    values = "  ".join(f"{value:.7f}" for value in gradient(loss, NETWORKS[0]))
    print(f"{title:18} {loss(NETWORKS[0]):.7f}  gradient {values}")
