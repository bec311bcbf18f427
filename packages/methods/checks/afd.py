"""Works out by itself, in double precision and with Python's own mathematics only, the numbers that afd.test.ts expects.

    python3 packages/methods/checks/afd.py
"""

from math import exp

# scores before the sigmoid of a discriminator, three samples each
REAL = [1.5, -0.5, 0.25]
FAKE = [-1.0, 2.0, 0.5]


def judged(scores):
    return [1 / (1 + exp(-score)) for score in scores]


def mean(values):
    return sum(values) / len(values)


def discriminator(real, fake):
    return mean([(1 - d) ** 2 for d in judged(real)]) + mean([d**2 for d in judged(fake)])


def extractor(fake):
    return mean([(1 - d) ** 2 for d in judged(fake)])


def gradient(loss, at):
    """Central differences: no formula of a gradient is assumed."""
    step = 1e-6

    def moved(i, change):
        return loss([value + (change if k == i else 0) for k, value in enumerate(at)])

    return "  ".join(f"{(moved(i, step) - moved(i, -step)) / (2 * step):.7f}" for i in range(len(at)))


print(f"discriminator {discriminator(REAL, FAKE):.7f}")
print("  gradient in the real scores", gradient(lambda real: discriminator(real, FAKE), REAL))
print("  gradient in the fake scores", gradient(lambda fake: discriminator(REAL, fake), FAKE))
print(f"extractor {extractor(FAKE):.7f}  gradient", gradient(extractor, FAKE))
