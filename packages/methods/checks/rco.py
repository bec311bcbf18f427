"""Works out by itself, in double precision and with Python's own mathematics only, the numbers that rco.test.ts expects.

    python3 packages/methods/checks/rco.py
"""

from math import exp, log

T, ALPHA = 4.0, 0.9
LABELS = [0, 2]
STUDENT = [[2.0, -1.0, 0.5], [0.0, 1.0, -2.0]]
# logits of the points of a route, oldest first
ROUTE = [
    [[1.5, -0.5, 0.5], [0.25, 1.0, -1.0]],
    [[1.0, 1.0, 0.0], [0.5, -0.5, 2.0]],
    [[3.0, 0.0, -1.0], [-1.0, 2.5, 0.5]],
]


def softmax(logits, temperature=1.0):
    powers = [exp(z / temperature) for z in logits]
    return [power / sum(powers) for power in powers]


def divergence(target, answer, temperature=1.0):
    rows = [(softmax(w, temperature), softmax(z, temperature)) for w, z in zip(target, answer)]
    return sum(p * (log(p) - log(q)) for target, row in rows for p, q in zip(target, row)) / len(rows)


def loss(student, teacher):
    hard = sum(-log(softmax(z)[y]) for z, y in zip(student, LABELS)) / len(student)
    return (1 - ALPHA) * hard + ALPHA * T * T * divergence(teacher, student, T)


def gradient(student, teacher):
    """Central differences: no formula of a gradient is assumed."""
    step = 1e-6

    def moved(i, k, change):
        rows = [list(row) for row in student]
        rows[i][k] += change
        return loss(rows, teacher)

    places = [(i, k) for i, row in enumerate(student) for k in range(len(row))]
    return "  ".join(f"{(moved(i, k, step) - moved(i, k, -step)) / (2 * step):.7f}" for i, k in places)


hardness = [divergence(point, STUDENT) for point in ROUTE]
print("H    " + "  ".join(f"{value:.7f}" for value in hardness))
print("r_1j " + "  ".join(f"{value / hardness[0]:.7f}" for value in hardness))
print(f"loss at the first anchor {loss(STUDENT, ROUTE[0]):.7f}  gradient", gradient(STUDENT, ROUTE[0]))
