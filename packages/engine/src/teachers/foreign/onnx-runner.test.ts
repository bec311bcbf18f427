import { describe, expect, it } from 'vitest'
import { openForeignTeacher } from './foreign-teacher.ts'
import { type OnnxRuntime, type OnnxSession, openOnnx } from './onnx-runner.ts'

type Shape = readonly (number | string)[]

/** A runtime whose model answers with the first values of each sample, as it was given them. */
function runtime(shape: Shape, change: Partial<OnnxSession> = {}) {
  const seen: { dims: readonly number[]; values: Float32Array }[] = []
  const session: OnnxSession = {
    outputNames: ['y'],
    inputMetadata: [{ name: 'x', type: 'float32', shape }],
    run: async ({ x }) => {
      const values = x?.data as Float32Array
      const dims = x?.dims ?? []
      seen.push({ dims, values: values.slice() })
      const [count = 0] = dims
      const size = values.length / count
      const data = Float32Array.from({ length: count * 3 }, (_, i) => values[Math.floor(i / 3) * size + (i % 3)] ?? 0)
      return { y: { type: 'float32', dims: [count, 3], data } }
    },
    release: async () => undefined,
    ...change,
  }
  const paths: string[] = []
  class Tensor {
    readonly type
    readonly data
    readonly dims
    constructor(type: 'float32', data: Float32Array, dims: readonly number[]) {
      this.type = type
      this.data = data
      this.dims = dims
    }
  }
  const onnx: OnnxRuntime = {
    InferenceSession: {
      create: async (path) => {
        paths.push(path)
        return session
      },
    },
    Tensor,
  }
  return { onnx, seen, paths }
}

const open = async (onnx: OnnxRuntime, inputShape = [2, 3, 2]) =>
  openForeignTeacher({
    runner: await openOnnx({ dir: '/models/1', source: 'upload 1', loadOnnx: async () => onnx }),
    signature: { inputShape, classes: 3 },
    probabilities: false,
    source: 'upload 1',
  })

/** [1, 2, 3, 2]: what is at (row, column, channel) reads `row column channel`. */
const image = Float32Array.of(0, 1, 10, 11, 20, 21, 100, 101, 110, 111, 120, 121)
const turned = [0, 10, 20, 100, 110, 120, 1, 11, 21, 101, 111, 121]

describe('an ONNX model', () => {
  it('is given channels first when its input has them first', async () => {
    const { onnx, seen, paths } = runtime(['N', 2, 2, 3])
    const model = await open(onnx)
    const found = await model.run(image, 1, ['logits'])
    expect(paths).toEqual(['/models/1/model.onnx'])
    expect(seen.at(-1)).toEqual({ dims: [1, 2, 2, 3], values: Float32Array.from(turned) })
    expect(found['logits']).toEqual(Float32Array.of(0, 10, 20))
  })

  it('is given channels last when that is what fits', async () => {
    const { onnx, seen } = runtime(['N', 2, 3, 2])
    await (await open(onnx)).run(image, 1, ['logits'])
    expect(seen.at(-1)).toEqual({ dims: [1, 2, 3, 2], values: image })
  })

  it('whose axes are open is taken to have channels first', async () => {
    const { onnx, seen } = runtime(['N', 'a', 'b', 'c'])
    await (await open(onnx)).run(image, 1, ['logits'])
    expect(seen.at(-1)?.dims).toEqual([1, 2, 2, 3])
  })

  it('with a fixed batch is given whole ones, filled up with zeros', async () => {
    const { onnx, seen } = runtime([2, 4])
    const model = await open(onnx, [4])
    const found = await model.run(
      Float32Array.from({ length: 12 }, (_, i) => i),
      3,
      ['logits'],
    )
    expect(found['logits']).toEqual(Float32Array.of(0, 1, 2, 4, 5, 6, 8, 9, 10))
    expect(seen.slice(1)).toEqual([
      { dims: [2, 4], values: Float32Array.of(0, 1, 2, 3, 4, 5, 6, 7) },
      { dims: [2, 4], values: Float32Array.of(8, 9, 10, 11, 0, 0, 0, 0) },
    ])
  })

  it.each<[string, RegExp, Shape, Partial<OnnxSession>]>([
    ['an unknown number of axes', /does not say what it takes/, [], {}],
    ['another input type', /takes uint8/, [], { inputMetadata: [{ name: 'x', type: 'uint8', shape: ['N', 2, 2, 3] }] }],
    ['no answer', /Expected logits of \[2, 3\].*received no float32 output/, ['N', 2, 2, 3], { run: async () => ({}) }],
    [
      'a failing run',
      /cannot be run: no kernel for Fancy/,
      ['N', 2, 2, 3],
      {
        run: async () => {
          throw new Error('no kernel for Fancy')
        },
      },
    ],
  ])('with %s is refused and let go', async (_, message, shape, change) => {
    let released = 0
    const release = async () => {
      released += 1
    }
    const error = await open(runtime(shape, { ...change, release }).onnx).catch((cause: unknown) => cause)
    expect(error).toMatchObject({ code: 'teacher.unavailable', message: expect.stringMatching(message) })
    expect(released).toBe(1)
  })

  it('is refused where there is no ONNX Runtime, and when it refuses the file', async () => {
    const message = async (loadOnnx: (() => Promise<OnnxRuntime>) | null) =>
      await openOnnx({ dir: '.', source: 'upload 1', loadOnnx }).catch((error: Error) => error.message)
    expect(await message(null)).toMatch(/Expected a worker with onnxruntime-node/)
    expect(await message(() => Promise.reject(new Error('no such package')))).toMatch(
      /cannot be loaded.*no such package/,
    )
    const { onnx } = runtime([])
    const failing = { ...onnx, InferenceSession: { create: () => Promise.reject(new Error('bad protobuf')) } }
    expect(await message(async () => failing)).toMatch(/refused by ONNX Runtime: bad protobuf/)
  })
})
