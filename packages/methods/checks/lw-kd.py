"""Works out by itself, with NumPy in double precision, the numbers that lw-kd.test.ts expects.

    python3 packages/methods/checks/lw-kd.py
"""

import numpy as np
from central_differences import show

# two samples, three classes: answers on the samples, and the teacher's on synthetic ones of the same classes
STUDENT = np.array([[2, -1, 0.5], [0, 1, -2]])
TEACHER = np.array([[4, 0.5, -1], [-1, 0, 3]])
LABELS = [0, 2]
# what the discriminator says, before its sigmoid
OF_TEACHER = np.array([[1.5], [-0.5]])
OF_STUDENT = np.array([[0.25], [-2.0]])


def log_softmax(z):
    return z - np.log(np.exp(z).sum(1, keepdims=True))


def divergence(target, answer, temperature):
    p, q = log_softmax(target / temperature), log_softmax(answer / temperature)
    return temperature**2 * (np.exp(p) * (p - q)).sum(1).mean()


def student(z):
    return 0.9 * -log_softmax(z)[range(len(z)), LABELS].mean() + 0.1 * divergence(TEACHER, z, 6)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


show("student, alpha 0.1, T 6", student, STUDENT)
show(
    "discriminator, by its answers to the student",
    lambda x: -(np.log(sigmoid(OF_TEACHER)) + np.log(1 - sigmoid(x))).mean(),
    OF_STUDENT,
)
show(
    "discriminator, by its answers to the teacher",
    lambda x: -(np.log(sigmoid(x)) + np.log(1 - sigmoid(OF_STUDENT))).mean(),
    OF_TEACHER,
)
show("adversarial", lambda x: -np.log(sigmoid(x)).mean(), OF_STUDENT)
print(f"cannot tell: {2 * np.log(2):.7f} and {np.log(2):.7f}")
