import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { UNLABELLED } from '@stillhouse/engine'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { npz } from './npz.ts'
import { samplesOf } from './testing/samples-of.ts'
import { bodyOf, type NpyFile, npyFile } from './testing/write-npy.ts'
import { zipFile } from './testing/write-zip.ts'

const folders: string[] = []
let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'stillhouse-npz-'))
  folders.push(folder)
})
afterAll(async () => {
  for (const one of folders) await rm(one, { recursive: true })
})

const defaults = { train: { x: 'x_train', y: 'y_train' }, test: { x: 'x_test', y: 'y_test' }, shape: [2], classes: 3 }
const open = (params: object = {}, root: string | null = folder) => npz.open({ ...defaults, ...params }, root)
const write = (name: string, bytes: Uint8Array) => writeFile(path.join(folder, name), bytes)

const floats = (...values: number[]): NpyFile => ({
  descr: '<f4',
  shape: [values.length / 2, 2],
  body: bodyOf(Float32Array.from(values)),
})
const labels = (...values: number[]): NpyFile => ({
  descr: '|u1',
  shape: [values.length],
  body: Uint8Array.from(values),
})

/** Arrays of three training and two test samples, some of them replaced. */
function members(replaced: Partial<Record<string, NpyFile>> = {}): Record<string, Buffer> {
  const arrays = {
    x_train: floats(1, 2, 3, 4, 5, 6),
    y_train: labels(0, 1, 2),
    x_test: floats(7, 8, 9, 10),
    y_test: labels(2, 0),
    ...replaced,
  }
  return Object.fromEntries(Object.entries(arrays).map(([name, array]) => [`${name}.npy`, npyFile(array as NpyFile)]))
}

/** The training values of an archive whose training samples are this array. */
async function trainValues(x: NpyFile, params: object = {}): Promise<number[]> {
  await write('set.npz', zipFile(members({ x_train: x }), 'deflate'))
  return [...samplesOf((await open(params)).splits.train)]
}

async function big(type: string, values: readonly number[]): Promise<NpyFile> {
  const bytes = Number(type.slice(1))
  const view = new DataView(new ArrayBuffer(bytes * values.length))
  for (const [i, value] of values.entries()) {
    if (type === 'f4') view.setFloat32(bytes * i, value)
    if (type === 'f8') view.setFloat64(bytes * i, value)
    if (type === 'i4') view.setInt32(bytes * i, value)
    if (type === 'i8') view.setBigInt64(bytes * i, BigInt(value))
  }
  return { descr: `>${type}`, shape: [values.length / 2, 2], body: bodyOf(view) }
}

describe('npz without labels to train on', () => {
  it('reads no classes of the training samples, and gives them none', async () => {
    const { 'y_train.npy': _, ...rest } = members()
    for (const [name, bytes] of Object.entries(rest)) await write(name, bytes)
    const { splits, signature, digest } = await open({ trainLabels: false })
    expect(signature).toEqual({ inputShape: [2], classes: 3, trainLabels: false })
    expect(npz.signature({ ...defaults, trainLabels: false })).toEqual(signature)
    expect([...splits.train.labels]).toEqual([UNLABELLED, UNLABELLED, UNLABELLED])
    expect([...splits.test.labels]).toEqual([2, 0])
    await expect(open()).rejects.toMatchObject({ code: 'data.not_found' })
    await write('y_train.npy', npyFile(labels(0, 1, 2)))
    expect((await open({ trainLabels: false })).digest).toBe(digest)
    expect((await open()).digest).not.toBe(digest)
  })
})

describe('npz reads', () => {
  it('an archive, its members stored or deflated, or the same arrays in files, with the same digest', async () => {
    const digests: string[] = []
    for (const method of ['stored', 'deflate'] as const) {
      await write('set.npz', zipFile(members(), method))
      digests.push((await open()).digest, (await open({ path: 'set.npz' })).digest)
    }
    await rm(path.join(folder, 'set.npz'))
    for (const [name, bytes] of Object.entries(members())) await write(name, bytes)
    digests.push((await open()).digest, (await open({ path: folder }, null)).digest)
    const { splits, signature } = await open({ train: { x: 'x_train.npy', y: 'y_train' } })
    expect(new Set(digests).size).toBe(1)
    expect(signature).toEqual({ inputShape: [2], classes: 3 })
    expect([...samplesOf(splits.train)]).toEqual([1, 2, 3, 4, 5, 6])
    expect([...splits.test.labels]).toEqual([2, 0])
  })

  it('an archive as NumPy writes it', async () => {
    // np.savez_compressed(f, x_train=np.asfortranarray(np.arange(6.).reshape(3, 2)), y_train=np.array([0, 1, 2]),
    //   x_test=np.array([[0.5, -1.5], [3, 4]], '>f2'), y_test=np.array([[2], [1]], 'i4'))
    await write('set.npz', Buffer.from(NUMPY, 'base64'))
    const { train, test } = (await open()).splits
    expect([...samplesOf(train)]).toEqual([0, 1, 2, 3, 4, 5])
    expect([...samplesOf(test)]).toEqual([0.5, -1.5, 3, 4])
    expect([...train.labels, ...test.labels]).toEqual([0, 1, 2, 2, 1])
  })

  it('every type of number, of either byte order', async () => {
    const values = [0, 1, 2, 3, 100, 5]
    const shape = [3, 2]
    const arrays: [string, ArrayBufferView][] = [
      ['<f4', Float32Array.from(values)],
      ['<f8', Float64Array.from(values)],
      ['|i1', Int8Array.from(values)],
      ['<i2', Int16Array.from(values)],
      ['<u2', Uint16Array.from(values)],
      ['<i4', Int32Array.from(values)],
      ['<u4', Uint32Array.from(values)],
      ['<i8', BigInt64Array.from(values, BigInt)],
      ['<u8', BigUint64Array.from(values, BigInt)],
      ['<f2', Uint16Array.of(0, 0x3c00, 0x4000, 0x4200, 0x5640, 0x4500)],
    ]
    for (const [descr, array] of arrays)
      expect([descr, await trainValues({ descr, shape, body: bodyOf(array) })]).toEqual([descr, values])
    for (const type of ['f4', 'f8', 'i4', 'i8']) expect(await trainValues(await big(type, values))).toEqual(values)
    const truth = { descr: '|b1', shape, body: Uint8Array.of(0, 1, 1, 0, 0, 1) }
    expect(await trainValues(truth)).toEqual([0, 1, 1, 0, 0, 1])
  })

  it('negative, tiny and large halves', async () => {
    const body = bodyOf(Uint16Array.of(0xc000, 0x0001, 0x7bff, 0x8000, 0x0400, 0xbe00))
    const expected = [-2, 2 ** -24, 65_504, -0, 2 ** -14, -1.5]
    expect(await trainValues({ descr: '<f2', shape: [3, 2], body })).toEqual(expected)
  })

  it('bytes as shares of 255, unless told otherwise', async () => {
    const bytes: NpyFile = { descr: '|u1', shape: [3, 2], body: Uint8Array.of(0, 51, 102, 153, 204, 255) }
    await write('set.npz', zipFile(members({ x_train: bytes, x_test: bytes, y_test: labels(0, 1, 2) }), 'stored'))
    const { train } = (await open()).splits
    expect(train.values).toBeInstanceOf(Uint8Array)
    expect([...samplesOf(train)]).toEqual([0, 0.2, 0.4, 0.6, 0.8, 1].map(Math.fround))
    expect([...samplesOf((await open({ scale: 1 })).splits.train)]).toEqual([0, 51, 102, 153, 204, 255])
    expect((await open({ scale: 1 })).digest).not.toBe((await open()).digest)
  })

  it('arrays in Fortran order, of more than two axes too', async () => {
    // sample, row, column: value 100 s + 10 r + c, the sample changing fastest
    const fortran: number[] = []
    for (let c = 0; c < 2; c++)
      for (let r = 0; r < 3; r++) for (let s = 0; s < 3; s++) fortran.push(100 * s + 10 * r + c)
    const array = { descr: '<f4', shape: [3, 3, 2], body: bodyOf(Float32Array.from(fortran)), fortran: true }
    const test: NpyFile = { descr: '<f4', shape: [1, 3, 2], body: bodyOf(new Float32Array(6)) }
    await write('set.npz', zipFile(members({ x_train: array, x_test: test, y_test: labels(1) }), 'stored'))
    const { train } = (await open({ shape: [3, 2, 1] })).splits
    expect([...samplesOf(train, [1])]).toEqual([100, 101, 110, 111, 120, 121])
  })

  it('headers of versions 1, 2 and 3', async () => {
    for (const version of [1, 2, 3] as const)
      expect(await trainValues({ ...floats(1, 2, 3, 4, 5, 6), version })).toEqual([1, 2, 3, 4, 5, 6])
  })
})

describe('npz refuses', () => {
  const body = (values: number[]) => bodyOf(Float32Array.from(values))
  it.each<[string, Partial<Record<string, NpyFile>>, object, string]>([
    [
      'arrays of objects',
      { x_train: { descr: '|O', shape: [3, 2], body: Buffer.alloc(48) } },
      {},
      'set.npz (x_train.npy): the array has a type that cannot be used (objects, text and records cannot). Expected float16, float32, float64, bool or an integer of up to 64 bits, received "|O".',
    ],
    [
      'samples of another shape',
      { x_test: { descr: '<f4', shape: [2, 3], body: body([1, 2, 3, 4, 5, 6]) } },
      {},
      'another shape. Expected [N, 2] with at least one sample, as data.params.shape says, received [2, 3].',
    ],
    [
      'no samples',
      { x_test: { descr: '<f4', shape: [0, 2], body: body([]) }, y_test: labels() },
      {},
      'received [0, 2]',
    ],
    [
      'too few classes of samples',
      { y_train: labels(0, 1) },
      {},
      'samples and classes do not match. Expected [3], one class per sample, received [2].',
    ],
    [
      'one-hot classes',
      { y_test: { descr: '|u1', shape: [2, 3], body: Uint8Array.of(1, 0, 0, 0, 1, 0) } },
      {},
      'Expected [2], one class per sample, received [2, 3].',
    ],
    [
      'a class out of range',
      { y_train: labels(0, 3, 1) },
      {},
      'class of sample 1 is out of range. Expected a whole number from 0 to 2, as data.params.classes says, received 3.',
    ],
    ['a class that is no whole number', { y_test: { ...floats(1, 0.5), shape: [2] } }, {}, 'received 0.5.'],
    [
      'a class too large for 32 bits',
      { y_test: { descr: '<i8', shape: [2], body: bodyOf(BigInt64Array.of(1n, 2n ** 32n)) } },
      {},
      'received 4294967296.',
    ],
    [
      'values that are not finite',
      { x_train: floats(1, 2, 3, Number.NaN, 5, 6) },
      {},
      'value 3 (in row-major order) is not a finite float32. Expected finite numbers, received NaN.',
    ],
    [
      'doubles that float32 cannot hold',
      { x_train: { descr: '<f8', shape: [3, 2], body: bodyOf(Float64Array.of(1, 2, 1e300, 4, 5, 6)) } },
      {},
      'received 1e+300.',
    ],
    [
      'an array that is not there',
      {},
      { test: { x: 'x_valid', y: 'y_test' } },
      'Expected x_valid.npy, received x_train',
    ],
    [
      'bytes to train and floats to test',
      { x_train: { descr: '|u1', shape: [3, 2], body: Uint8Array.of(1, 2, 3, 4, 5, 6) } },
      {},
      'types that are scaled differently',
    ],
    ['a damaged header', { x_train: { ...floats(1, 2), shape: [-1, 2] } }, {}, "'descr', 'fortran_order' and 'shape'"],
    ['an array that is too short', { x_train: { ...floats(1, 2), shape: [3, 2] } }, {}, 'Expected 24 bytes'],
  ])('%s', async (_what, replaced, params, message) => {
    await write('set.npz', zipFile(members(replaced), 'deflate'))
    await expect(open(params)).rejects.toMatchObject({
      code: 'data.invalid',
      message: expect.stringContaining(message),
    })
  })

  it('an archive in which one byte of an array has changed', async () => {
    const bytes = zipFile(members(), 'stored')
    const at = bytes.indexOf(Buffer.from(Float32Array.of(5, 6).buffer))
    bytes[at] = (bytes[at] ?? 0) ^ 1
    await write('set.npz', bytes)
    await expect(open()).rejects.toMatchObject({
      code: 'data.invalid',
      message: expect.stringContaining('x_train.npy with another checksum'),
    })
  })

  it('a folder that has neither, naming the file it looked for', async () => {
    await expect(open()).rejects.toMatchObject({
      code: 'data.not_found',
      message: expect.stringContaining('x_train.npy: there is no such file'),
    })
  })
})

const NUMPY = [
  'UEsDBC0AAAAIAAAAIQCy5W54//////////8LABQAeF90cmFpbi5ucHkBABAAsAAAAAAAAABWAAAAAAAAAJvsF+obEMnIUMZQrZ6S',
  'WpxcpG6loG6TZqGuo6Cell9UUpSYF59flJIKEg8pKk0FChdnJBakArkaxjoKRpo6CrUK5AMuBlTgAKEEoPQHewjNAeWLOAAAUEsD',
  'BC0AAAAIAAAAIQD3QBLq//////////8LABQAeV90cmFpbi5ucHkBABAAmAAAAAAAAABMAAAAAAAAAJvsF+obEMnIUMZQrZ6SWpxc',
  'pG6loG6TaaGuo6Cell9UUpSYF59flJIKEndLzClOBYoXZyQWpAL5GsY6mjoKtQoUAC4GKGCE0kxQGgBQSwMELQAAAAgAAAAhABx8',
  'Fyj//////////woAFAB4X3Rlc3QubnB5AQAQAIgAAAAAAAAATgAAAAAAAACb7BfqGxDJyFDGUK2eklqcXKRupaBul2akrqOgnpZf',
  'VFKUmBefX5SSChJ3S8wpTgWKF2ckFqQC+RpGOgpGmjoKtQpkAy4Lhn0MTgwuDABQSwMELQAAAAgAAAAhADZhgEr//////////woA',
  'FAB5X3Rlc3QubnB5AQAQAIgAAAAAAAAATQAAAAAAAACb7BfqGxDJyFDGUK2eklqcXKRupaBuk2mirqOgnpZfVFKUmBefX5SSChJ3',
  'S8wpTgWKF2ckFqQC+RpGOgqGmjoKtQpkAy4mBgYGRiAGAFBLAQItAy0AAAAIAAAAIQCy5W54VgAAALAAAAALAAAAAAAAAAAAAACA',
  'AQAAAAB4X3RyYWluLm5weVBLAQItAy0AAAAIAAAAIQD3QBLqTAAAAJgAAAALAAAAAAAAAAAAAACAAZMAAAB5X3RyYWluLm5weVBL',
  'AQItAy0AAAAIAAAAIQAcfBcoTgAAAIgAAAAKAAAAAAAAAAAAAACAARwBAAB4X3Rlc3QubnB5UEsBAi0DLQAAAAgAAAAhADZhgEpN',
  'AAAAiAAAAAoAAAAAAAAAAAAAAIABpgEAAHlfdGVzdC5ucHlQSwUGAAAAAAQABADiAAAALwIAAAAA',
].join('')
