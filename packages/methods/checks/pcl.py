"""Works out by itself, with NumPy in double precision, the numbers that pcl.test.ts expects.

    python3 packages/methods/checks/pcl.py
"""

import numpy as np
from answers import cross_entropy, distillation
from central_differences import show

# answers of three peers, of their moving averages, and of the ensemble on two samples
PEERS = np.array([[[2, -1, 0.5], [0, 1, -2]], [[3, 0, -1], [-1, 2.5, 0.5]], [[1, 1, 0], [0.5, -0.5, 2]]])
MEANS = np.array([[[1, 0, 0.5], [0, 0.5, -1]], [[2, 0.5, -1], [-0.5, 1.5, 1]], [[1.5, -1, 0], [1, -0.5, 1]]])
ENSEMBLE = np.array([[0.5, -1.5, 1], [2, 0.25, -0.5]])
LABELS = [0, 2]
TEMPERATURE, WEIGHT = 3.0, 0.4


def loss(peers, ensemble):
    """Targets stay what they are when the answers move."""
    total = cross_entropy(ensemble, LABELS)
    for j, z in enumerate(peers):
        others = [distillation(mean, z, TEMPERATURE) for l, mean in enumerate(MEANS) if l != j]
        total += cross_entropy(z, LABELS) + WEIGHT * (distillation(ENSEMBLE, z, TEMPERATURE) + np.mean(others))
    return total


def averages(values, most):
    mean = 0.0
    for g, value in enumerate(values, start=1):
        decay = min(1 - 1 / g, most)
        mean = decay * mean + (1 - decay) * value
    return mean


show("in the first peer", lambda first: loss([first, *PEERS[1:]], ENSEMBLE), PEERS[0])
show("in the ensemble", lambda ensemble: loss(PEERS, ensemble), ENSEMBLE)
print(f"average of 1 … 10, decay at most 0.75: {averages(range(1, 11), 0.75):.7f}")
