// Where the attempts of a job are ended: other places at every run of the suite, in two stages where there are two.
import type { MetricPoint } from '@stillhouse/spec'
import type { End } from './job-child.ts'

/** File operations of a checkpoint, from the opening of its first file to that of the folder above, at the earliest. */
const WRITING = { first: 3, last: 8 }

const below = (limit: number): number => Math.floor(Math.random() * limit)

/** Points in the order of their stages; the halves of a series that has only one. */
function legsOf(points: readonly MetricPoint[]): (readonly MetricPoint[])[] {
  const stages = [...new Set(points.map(({ stage }) => stage))]
  const legs = stages.map((one) => points.filter(({ stage }) => stage === one))
  const half = Math.floor(points.length / 2)
  return legs.length > 1 ? legs : [points.slice(0, half), points.slice(half)]
}

/** Two of the legs, one after the other, and in each a way to go: killed from outside in one, while writing in the other. */
export function randomLegs(points: readonly MetricPoint[]) {
  const legs = legsOf(points)
  const first = below(legs.length - 1)
  const second = first + 1 + below(legs.length - 1 - first)
  const ways =
    below(2) === 0 ? (['from outside', 'while writing'] as const) : (['while writing', 'from outside'] as const)
  return [first, second].map((leg, i) => ({ points: legs[leg] ?? [], how: ways[i] ?? 'from outside' }))
}

/** @param said number of the last point that the attempt begins after */
export function randomEnd({ points, how }: ReturnType<typeof randomLegs>[number], said: number): End {
  const numbers = points.map(({ seq }) => seq).filter((seq) => seq > said)
  const after = numbers[below(numbers.length)]
  if (after === undefined) throw new Error(`No point of the stage ${points[0]?.stage} comes after number ${said}.`)
  if (how === 'while writing') return { after, how, operation: WRITING.first + below(WRITING.last - WRITING.first + 1) }
  return { after, how, delay: below(15), events: below(4) }
}

/** For the message of a failed test. */
export function showEnd(end: End, points: readonly MetricPoint[]): string {
  const { stage, step } = points.find(({ seq }) => seq === end.after) ?? {}
  const more =
    end.how === 'from outside' ? `${end.delay} ms later` : `at file operation ${end.operation} of the next checkpoint`
  return `killed ${end.how} after point ${end.after} (${stage}, step ${step}), ${more}`
}
