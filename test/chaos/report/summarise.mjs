// From the list of faults to one row per kind: how often it came, how often it was survived, how long it took.

/**
 * @typedef {import('../faults/inject-faults.mjs').FaultRecord} FaultRecord
 * @typedef {{kind: string, injected: number, survived: number, heldJobs: number, outage: [number, number] | null, median: number | null, worst: number | null}} FaultRow
 *   seconds; `outage` is the shortest and the longest
 */

/**
 * @param {readonly FaultRecord[]} records
 * @param {readonly string[]} kinds in the order of the rows; kinds that never came get a row too
 * @returns {FaultRow[]}
 */
export function summarise(records, kinds) {
  return kinds.map((kind) => {
    const injected = records.filter((record) => record.kind === kind && record.target !== null)
    const times = injected.flatMap(({ recoverySeconds }) => recoverySeconds ?? []).sort((a, b) => a - b)
    const outages = injected.map(({ outageSeconds }) => outageSeconds)
    return {
      kind,
      injected: injected.length,
      survived: times.length,
      heldJobs: injected.reduce((sum, { heldJobs }) => sum + heldJobs, 0),
      outage: outages.length === 0 ? null : [Math.min(...outages), Math.max(...outages)],
      median: median(times),
      worst: times.at(-1) ?? null,
    }
  })
}

/** @param {readonly number[]} sorted */
function median(sorted) {
  const [low, high] = [sorted[Math.floor((sorted.length - 1) / 2)], sorted[Math.floor(sorted.length / 2)]]
  return low === undefined || high === undefined ? null : (low + high) / 2
}
