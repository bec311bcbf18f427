// What only adds a constant to each channel of a feature. Batch norm behind the feature takes it away again, so its gradient is
// rounding and nothing else, which Adam would make as large as any other step.
import type { Architecture, LayerSpec, MethodSetup, Variable } from '@stillhouse/engine'

/**
 * Offsets (of batch norm) and biases that reach the layers as a constant per channel and nothing else that leads to one of
 * them: those of a layer behind which none of the others comes.
 * @param taps taps or layers of the student
 */
export function shiftsOf(
  { student, studentArchitecture }: Pick<MethodSetup, 'student' | 'studentArchitecture'>,
  taps: readonly string[],
): Variable[] {
  const layers = [...new Set(taps.map((tap) => studentArchitecture.taps[tap] ?? tap))]
  const last = layers.filter(
    (layer) => !layers.some((other) => other !== layer && leadsTo(studentArchitecture, layer, other)),
  )
  return last.flatMap((layer) =>
    shifting(studentArchitecture, layer).map((name) => student.model.getLayer(name).weights[1]?.read() as Variable),
  )
}

/** Whether values of one layer are used by another. */
function leadsTo({ layers }: Architecture, from: string, to: string): boolean {
  const reached = new Set([from])
  for (const { name, inputs } of layers) if (inputs.some((input) => reached.has(input))) reached.add(name)
  return reached.has(to)
}

/** Layers whose second weight is such a constant: through sums, as far as a value is used by nothing else. */
function shifting(architecture: Architecture, name: string): string[] {
  const layer = architecture.layers.find((one) => one.name === name)
  if (layer === undefined) return []
  if (layer.type === 'add')
    return layer.inputs
      .filter((input) => usesOf(architecture, input) === 1)
      .flatMap((input) => shifting(architecture, input))
  return hasShift(layer) ? [name] : []
}

const usesOf = ({ layers }: Architecture, name: string) => layers.filter(({ inputs }) => inputs.includes(name)).length

const hasShift = (layer: LayerSpec) => layer.type === 'batchNorm' || ('bias' in layer && layer.bias)
