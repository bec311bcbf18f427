// The last feature map of a network, where a job does not name one.
import type { Architecture } from '@stillhouse/engine'

/** The tap `stageN` of the highest N, or `penultimate` where there are no stages. */
export function lastStage({ taps }: Pick<Architecture, 'taps'>): string {
  const stages = Object.keys(taps).flatMap((tap) => /^stage(\d+)$/.exec(tap)?.[1] ?? [])
  return stages.length === 0 ? 'penultimate' : `stage${Math.max(...stages.map(Number))}`
}
