"""Works out by itself, with NumPy in double precision, the numbers that wsl.test.ts expects.

    python3 packages/methods/checks/wsl.py
"""

import numpy as np
from central_differences import show

T, ALPHA = 2.0, 2.5
STUDENT = np.array([[2, -1, 0.5], [0, 1, -2]])
TEACHER = np.array([[3, 0, -1], [-1, 2.5, 0.5]])
LABELS = [0, 2]


def log_softmax(logits):
    return logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))


def label_losses(logits):
    return -log_softmax(logits)[range(len(LABELS)), LABELS]


def soft_losses(student, teacher=TEACHER):
    return -(np.exp(log_softmax(teacher / T)) * log_softmax(student / T)).sum(axis=1)


WEIGHTS = 1 - np.exp(-label_losses(STUDENT) / (label_losses(TEACHER) + 1e-7))


def loss(student, weights=WEIGHTS):
    # the weights are constants: they stay when the student moves
    return label_losses(student).mean() + ALPHA * T**2 * (weights * soft_losses(student)).mean()


print("weights " + ", ".join(f"{weight:.7f}" for weight in WEIGHTS))
print(f"labels {label_losses(STUDENT).mean():.7f}")
show("wsl", loss, STUDENT)
show("uniform", lambda student: loss(student, np.ones(len(LABELS))), STUDENT)


def regularisation(student, teacher):
    """By differences of the losses in the logit of the label, as the paper defines it."""
    step, found = 1e-6, []
    for i, y in enumerate(LABELS):
        moved = [student.copy(), student.copy()]
        moved[0][i, y] += step
        moved[1][i, y] -= step
        hard = (label_losses(moved[0])[i] - label_losses(moved[1])[i]) / (2 * step)
        soft = T**2 * (soft_losses(moved[0], teacher)[i] - soft_losses(moved[1], teacher)[i]) / (2 * step)
        found.append(abs(soft - hard) > abs(hard))
    return found


# sure of the first label, and nearly so with a teacher that is surer; neither sure of the second
print("regularisation samples", regularisation(np.array([[6.0, 0, 0], [0, 1, -2]]), TEACHER))
print("regularisation samples", regularisation(np.array([[2.9, 0, 0], [0, 1, -2]]), np.array([[4.5, 0, 0], [-1, 2.5, 0.5]])))
