"""Works out by itself, with NumPy in double precision, the numbers that pad.test.ts expects.

    python3 packages/methods/checks/pad.py
"""

import numpy as np
from central_differences import show

# two samples of a vector of three
STUDENT = np.array([[0.5, -1, 2], [0, 1.5, 0.25]])
TEACHER = np.array([[1, 0, 1], [0.5, 0, 0.75]])
LOG_VARIANCE = np.array([[0.5, -1, 0.25], [-0.5, 1, 0]])


def loss(student, log_variance):
    return ((TEACHER - student) ** 2 / (np.exp(log_variance) + 1e-6) + log_variance).mean()


show("in the feature", lambda student: loss(student, LOG_VARIANCE), STUDENT)
show("in the log variance", lambda s: loss(STUDENT, s), LOG_VARIANCE)
squares = (TEACHER - STUDENT) ** 2
print(f"mean squared error {squares.mean():.7f}")
print(f"least {(1 + np.log(squares)).mean():.7f}")
