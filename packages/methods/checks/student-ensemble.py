"""Works out by itself, with NumPy in double precision, the numbers that student-ensemble.test.ts expects.

    python3 packages/methods/checks/student-ensemble.py
"""

import numpy as np
from answers import cross_entropy, distillation
from central_differences import show

# answers of three students on two samples; two features of thin ones behind their adapters, and the full one's
STUDENTS = np.array([[[2, -1, 0.5], [0, 1, -2]], [[3, 0, -1], [-1, 2.5, 0.5]], [[1, 1, 0], [0.5, -0.5, 2]]])
FULL = np.array([[0.5, -1], [2, 0.25]])
THIN = np.array([[[1, 0], [0.25, -1]], [[0, -2], [1.5, 0.5]]])
LABELS = [0, 2]
TEMPERATURE = 2.0


def loss(students, thin):
    """Targets stay what they are when the answers move."""
    labels = sum(cross_entropy(z, LABELS) for z in students)
    taught = sum(distillation(STUDENTS.mean(0), z, TEMPERATURE) for z in students)
    features = sum(((feature - FULL) ** 2).mean() for feature in thin)
    return 0.7 * labels + 0.15 * features + 0.15 * taught


show("in the first student", lambda first: loss([first, *STUDENTS[1:]], THIN), STUDENTS[0])
show("in a feature", lambda feature: loss(STUDENTS, [feature, THIN[1]]), THIN[0])
