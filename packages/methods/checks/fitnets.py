"""Works out by itself, in double precision and with Python's own mathematics only, the numbers that fitnets.test.ts
expects.

    python3 packages/methods/checks/fitnets.py
"""

from math import exp, log

T = 3.0
# two samples of a map [1, 2, 2], flat
GUIDED = [[0.5, -1.0, 2.0, 0.0], [1.5, 0.25, -0.5, 1.0]]
HINT = [[1.0, 0.0, 1.0, 0.5], [0.0, 0.25, 0.5, -1.0]]
STUDENT = [[2.0, -1.0, 0.5], [0.0, 1.0, -2.0]]
TEACHER = [[3.0, 0.0, -1.0], [-1.0, 2.5, 0.5]]


def softmax(logits, temperature):
    powers = [exp(z / temperature) for z in logits]
    return [power / sum(powers) for power in powers]


def squares(guided):
    return sum((s - t) ** 2 for row, other in zip(guided, HINT) for s, t in zip(row, other))


def hint_sum(guided):
    return 0.5 * squares(guided) / len(guided)


def hint_mean(guided):
    return 0.5 * squares(guided) / sum(len(row) for row in guided)


def joint(guided):
    return squares(guided) / sum(len(row) for row in guided)


def soft(student):
    rows = zip(student, TEACHER)
    return -sum(p * log(q) for z, w in rows for p, q in zip(softmax(w, T), softmax(z, T))) / len(student)


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


for title, loss, at in [
    ("hint, sum", hint_sum, GUIDED),
    ("hint, mean", hint_mean, GUIDED),
    ("joint", joint, GUIDED),
    ("soft", soft, STUDENT),
]:
    print(f"{title:10} {loss(at):.7f}  gradient " + "  ".join(f"{value:.7f}" for value in gradient(loss, at)))
