// Samples by class: what pairs of one class and negatives of other classes are drawn from.

/** Places 0 … n − 1 in order of their class; those of class k lie at `start[k]` … `start[k + 1] − 1`. */
export interface ClassGroups {
  readonly places: Int32Array
  readonly start: Int32Array
}

/** @param labels class of every place */
export function classGroups(labels: Int32Array, classes: number): ClassGroups {
  const start = new Int32Array(classes + 1)
  for (const label of labels) start[label + 1] = (start[label + 1] as number) + 1
  for (let k = 0; k < classes; k++) start[k + 1] = (start[k + 1] as number) + (start[k] as number)
  const next = start.slice()
  const places = new Int32Array(labels.length)
  for (let place = 0; place < labels.length; place++) {
    const label = labels[place] as number
    const at = next[label] as number
    places[at] = place
    next[label] = at + 1
  }
  return { places, start }
}

/** How many samples a class has. */
export function groupSize({ start }: ClassGroups, label: number): number {
  return (start[label + 1] as number) - (start[label] as number)
}
