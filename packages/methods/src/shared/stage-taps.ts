// The feature maps of a network that methods compare stage by stage, where a job does not name them.

/** `stage1`, `stage2` … in their order; `penultimate` where there are none. @param taps of an architecture or a network */
export function stageTaps(taps: Readonly<Record<string, string>>): string[] {
  const stages = Object.keys(taps).flatMap((tap) => /^stage(\d+)$/.exec(tap)?.[1] ?? [])
  if (stages.length === 0) return 'penultimate' in taps ? ['penultimate'] : []
  return stages
    .map(Number)
    .sort((a, b) => a - b)
    .map((stage) => `stage${stage}`)
}
