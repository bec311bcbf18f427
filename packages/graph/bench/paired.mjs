// Timing of two things against each other on a machine that does other work too: short rounds in turn, and the median of
// the ratios of neighbouring rounds.

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]

function timed(run, times) {
  const durations = Array.from({ length: times }, () => {
    const start = performance.now()
    run()
    return performance.now() - start
  })
  return median(durations)
}

/** @returns median milliseconds of each, and how many times as fast `b` is */
export function paired(a, b, { rounds = 40, times = 5 } = {}) {
  timed(a, 2 * times)
  timed(b, 2 * times)
  const pairs = Array.from({ length: rounds }, (_, round) => {
    if (round % 2 === 0) return [timed(a, times), timed(b, times)]
    const second = timed(b, times)
    return [timed(a, times), second]
  })
  const [first, second] = [0, 1].map((side) => median(pairs.map((pair) => pair[side])))
  return { first, second, ratio: median(pairs.map(([x, y]) => x / y)) }
}
