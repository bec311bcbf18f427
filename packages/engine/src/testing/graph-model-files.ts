// A tfjs GraphModel as the converter writes them, for tests: dense, relu, dense on rows of values.
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

export interface GraphModelFiles {
  /** Values of a sample. */
  readonly width: number
  readonly hidden: number
  readonly classes: number
  /** Kernel and bias of both layers, one after another, row by row. */
  readonly weights: Float32Array
  /** Op of the node in the middle; default `Relu`. */
  readonly op?: string
  readonly inputs?: number
}

/** Output `logits`; inside of it `hidden`. */
export async function writeGraphModel(dir: string, model: GraphModelFiles): Promise<void> {
  const { width, hidden, classes, weights } = model
  const shapes = { k1: [width, hidden], b1: [hidden], k2: [hidden, classes], b2: [classes] }
  const manifest = Object.entries(shapes).map(([name, shape]) => ({ name, shape, dtype: 'float32' }))
  const file = {
    format: 'graph-model',
    generatedBy: '2.0.0',
    convertedBy: 'by hand',
    modelTopology: { node: nodes(model), versions: {}, library: {} },
    weightsManifest: [{ paths: ['group1-shard1of1.bin'], weights: manifest }],
  }
  await mkdir(dir, { recursive: true })
  await writeFile(join(dir, 'model.json'), JSON.stringify(file))
  await writeFile(join(dir, 'group1-shard1of1.bin'), new Uint8Array(weights.slice().buffer))
}

const FLOAT = { type: 'DT_FLOAT' }

function nodes({ width, op = 'Relu', inputs = 1 }: GraphModelFiles): object[] {
  const shape = { dim: [{ size: '-1' }, { size: String(width) }] }
  const names = ['x', 'x2', 'x3'].slice(0, inputs)
  const compute = (name: string, kind: string, input: string[]) => ({ name, op: kind, input, attr: { T: FLOAT } })
  return [
    ...names.map((name) => ({ name, op: 'Placeholder', attr: { dtype: FLOAT, shape: { shape } } })),
    ...['k1', 'b1', 'k2', 'b2'].map((name) => ({ name, op: 'Const', attr: { dtype: FLOAT } })),
    compute('m1', 'MatMul', ['x', 'k1']),
    compute('a1', 'BiasAdd', ['m1', 'b1']),
    compute('hidden', op, ['a1']),
    compute('m2', 'MatMul', ['hidden', 'k2']),
    compute('logits', 'BiasAdd', ['m2', 'b2']),
  ]
}
