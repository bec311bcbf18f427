// Names of the folders that checkpoints lie in, beside one another.

/** @param number counts up in a job */
export function checkpointFolder(number: number): string {
  return `checkpoint-${String(number).padStart(6, '0')}`
}

/** Number of the checkpoint in a folder of that name; null for anything else, as one that was never finished. */
export function checkpointNumber(name: string): number | null {
  const digits = /^checkpoint-(\d+)$/.exec(name)?.[1]
  return digits === undefined ? null : Number(digits)
}
