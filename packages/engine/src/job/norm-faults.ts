// Batch norm over too few values. Two of them become −1 and 1 whatever they were: no gradient comes through, until they
// nearly coincide, and then each layer multiplies it by up to 1 / √ε. Deep networks on small maps end in NaN.
import type { Fault } from '@stillhouse/spec'
import type { DescribedModel } from './describe-model.ts'
import type { ResolvedJob } from './resolved-job.ts'

/** Values of a channel that normalising tells more of than which is larger. */
const LEAST_VALUES = 3

export function normFaults({ spec, student, peers, teachers }: ResolvedJob): Fault[] {
  const along = teachers.filter((_, i) => spec.teachers[i]?.trainable === true)
  return [
    ...batchFaults('/train', spec.train.batchSize, [student, ...peers, ...along]),
    ...spec.teachers.flatMap(({ train }, i) =>
      train === undefined ? [] : batchFaults(`/teachers/${i}/train`, train.batchSize, [teachers[i] ?? null]),
    ),
  ]
}

/** At most one fault: that of the layer that has the fewest values. */
function batchFaults(path: string, batchSize: number, models: readonly (DescribedModel | null)[]): Fault[] {
  const [first] = models.flatMap((model) => (model === null ? [] : normalised(model))).sort((a, b) => a.area - b.area)
  if (first === undefined || first.area * batchSize >= LEAST_VALUES) return []
  const { layer, area, shape } = first
  const message = `batch norm ${layer} on [${shape.join(', ')}] has ${area * batchSize} values of each channel in a batch`
  const expected = `at least ${Math.ceil(LEAST_VALUES / area)}`
  return [{ path: `${path}/batchSize`, message, expected, received: String(batchSize) }]
}

/** Layers of batch norm, with what one sample gives each channel of them. */
function normalised({ architecture, description }: DescribedModel) {
  return architecture.layers.flatMap(({ name, type }) => {
    const shape = description.shapes.get(name)
    if (type !== 'batchNorm' || shape === undefined) return []
    return [{ layer: name, shape, area: shape.slice(0, -1).reduce((product, axis) => product * axis, 1) }]
  })
}
