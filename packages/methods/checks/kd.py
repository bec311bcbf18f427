"""Works out by itself, in double precision and with Python's own mathematics only, the numbers that kd.test.ts expects.

    python3 packages/methods/checks/kd.py
"""

from math import exp, log

T, ALPHA = 4.0, 0.9
STUDENT = [[2.0, -1.0, 0.5], [0.0, 1.0, -2.0]]
TEACHER = [[3.0, 0.0, -1.0], [-1.0, 2.5, 0.5]]
SECOND_TEACHER = [[1.0, 1.0, 0.0], [0.5, -0.5, 2.0]]
SHARES = [0.75, 0.25]
LABELS = [0, 2]


def softmax(logits, temperature=1.0):
    powers = [exp(z / temperature) for z in logits]
    return [power / sum(powers) for power in powers]


def parts(student, targets):
    """The two weighted parts, means over the batch; `targets` are probabilities at temperature T."""
    batch = len(student)
    hard = sum(-log(softmax(z)[y]) for z, y in zip(student, LABELS)) / batch
    soft = sum(
        sum(p * (log(p) - log(q)) for p, q in zip(target, softmax(z, T))) for z, target in zip(student, targets)
    )
    return (1 - ALPHA) * hard, ALPHA * T * T * soft / batch


def gradient(student, targets):
    """Central differences of the whole loss: no formula of a gradient is assumed."""
    step = 1e-6

    def loss_with(i, k, change):
        moved = [list(row) for row in student]
        moved[i][k] += change
        return sum(parts(moved, targets))

    return [
        [(loss_with(i, k, step) - loss_with(i, k, -step)) / (2 * step) for k in range(len(row))]
        for i, row in enumerate(student)
    ]


def show(title, targets):
    hard, soft = parts(STUDENT, targets)
    print(title)
    print(f"  ce {hard:.7f}  kd {soft:.7f}")
    for row in gradient(STUDENT, targets):
        print("  gradient     " + "  ".join(f"{value:.7f}" for value in row))


one = [softmax(row, T) for row in TEACHER]
two = [
    [SHARES[0] * p + SHARES[1] * q for p, q in zip(first, softmax(row, T))] for first, row in zip(one, SECOND_TEACHER)
]
show("one teacher", one)
show("two teachers", two)
