import { mkdir, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { tf } from '../testing/native-tf.ts'
import { diskErrors } from './disk-errors.ts'
import { readCheckpoint } from './read-checkpoint.ts'
import { restoreVariables, type SavedTensor } from './saved-tensor.ts'
import { type CheckpointContent, writeCheckpoint } from './write-checkpoint.ts'

let root: string
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'checkpoint-'))
})
afterEach(() => rm(root, { recursive: true }))

const tensor = (...values: number[]): SavedTensor => ({
  dtype: 'float32',
  shape: [values.length],
  values: Float32Array.from(values),
})

const content = (number: number): CheckpointContent => ({
  number,
  fingerprint: 'job-1',
  state: { stage: 0, step: 10 * number, sums: [0.1, 1 / 3] },
  groups: new Map([
    ['teacher', new Map([['kernel', tensor(1, 2, 3)]])],
    [
      'training',
      new Map<string, SavedTensor>([
        ['kernel', tensor(number, Number.NaN, -0)],
        ['queue', { dtype: 'int32', shape: [2, 1], values: Int32Array.of(7, -8) }],
      ]),
    ],
  ]),
})

async function flipByte(path: string, at: number) {
  const bytes = await readFile(path)
  bytes[at] = (bytes[at] ?? 0) ^ 1
  await writeFile(path, bytes)
}

describe('checkpoints', () => {
  it('come back with every bit of state and tensors', async () => {
    const dir = await writeCheckpoint(root, content(3))
    const { checkpoint, refused } = await readCheckpoint(dir, 'job-1')
    expect(refused).toEqual([])
    expect(checkpoint).toEqual({ number: 3, state: content(3).state, groups: content(3).groups })
    expect(Object.is(checkpoint?.groups.get('training')?.get('kernel')?.values[2], -0)).toBe(true)
  })

  it('are written with equal bytes for equal content', async () => {
    const dir = await writeCheckpoint(root, content(1))
    const first = await readFile(join(dir, 'manifest.json'))
    await writeCheckpoint(root, content(1))
    expect(await readFile(join(dir, 'manifest.json'))).toEqual(first)
  })

  it('keep the one before and no more, and leave no temporary folder', async () => {
    for (const number of [1, 2, 3, 4]) await writeCheckpoint(root, content(number))
    expect((await readdir(root)).sort()).toEqual(['checkpoint-000003', 'checkpoint-000004'])
  })

  it.each([
    [
      'a flipped bit in the weights',
      (dir: string) => flipByte(join(dir, 'training.bin'), 2),
      /training.bin does not have the sha256/,
    ],
    [
      'a truncated file',
      (dir: string) => truncate(join(dir, 'training.bin'), 8),
      /training.bin has 8 bytes, expected 20/,
    ],
    ['a missing file', (dir: string) => rm(join(dir, 'teacher.bin')), /teacher.bin/],
    ['a manifest cut short', (dir: string) => truncate(join(dir, 'manifest.json'), 40), /JSON/],
    [
      'a number changed in the manifest',
      async (dir: string) => {
        const path = join(dir, 'manifest.json')
        await writeFile(path, (await readFile(path, 'utf8')).replace('"step":20', '"step":21'))
      },
      /manifest.json does not have the digest/,
    ],
  ])('%s is detected, and the one before is used', async (_what, damage, reason) => {
    await writeCheckpoint(root, content(1))
    await damage(await writeCheckpoint(root, content(2)))
    const { checkpoint, refused } = await readCheckpoint(root, 'job-1')
    expect(checkpoint?.number).toBe(1)
    expect(refused).toEqual([expect.stringMatching(reason)])
  })

  it('are found by their number, however many a job has written', async () => {
    for (const number of [999_999, 1_000_000]) await writeCheckpoint(root, content(number))
    expect((await readCheckpoint(root, 'job-1')).checkpoint?.number).toBe(1_000_000)
  })

  it('that were refused or never finished are gone after the next two', async () => {
    for (const number of [1, 2]) await writeCheckpoint(root, content(number))
    await truncate(join(root, 'checkpoint-000002', 'manifest.json'), 0)
    await mkdir(join(root, 'checkpoint-000007.tmp'))
    await mkdir(join(root, 'other'))
    for (const number of [1, 2]) await writeCheckpoint(root, content(number))
    expect((await readdir(root)).sort()).toEqual(['checkpoint-000001', 'checkpoint-000002', 'other'])
    expect((await readCheckpoint(root, 'job-1')).checkpoint?.number).toBe(2)
  })

  it('of another job are refused with the reason', async () => {
    const dir = await writeCheckpoint(root, content(1))
    const { checkpoint, refused } = await readCheckpoint(dir, 'job-2')
    expect(checkpoint).toBeNull()
    expect(refused[0]).toMatch(/another job spec, data set or code version/)
  })

  it('that a crash left unfinished are not seen', async () => {
    const dir = await writeCheckpoint(root, content(1))
    await writeFile(join(root, 'checkpoint-000002.tmp'), '')
    expect((await readCheckpoint(root, 'job-1')).checkpoint?.number).toBe(1)
    expect((await readCheckpoint(join(dir, 'nothing'), 'job-1')).checkpoint).toBeNull()
  })

  it('name a full disk as such', async () => {
    const full = Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' })
    await expect(diskErrors('/scratch', () => Promise.reject(full))).rejects.toMatchObject({
      code: 'resource.disk_full',
    })
    await expect(diskErrors('/scratch', () => Promise.reject(new Error('other')))).rejects.toThrow('other')
  })
})

describe('restoring variables', () => {
  it('changes all or none', () => {
    const variables = new Map([
      ['a', tf.variable(tf.tensor1d([1, 2]))],
      ['b', tf.variable(tf.tensor1d([3]))],
    ])
    const values = () => [...variables.values()].flatMap((variable) => [...variable.dataSync()])
    expect(() =>
      restoreVariables(
        tf,
        variables,
        new Map([
          ['a', tensor(7, 8)],
          ['b', tensor(1, 2)],
        ]),
      ),
    ).toThrow(/fit the network at b. Expected float32 \[1\]; received float32 \[2\]/)
    expect(() => restoreVariables(tf, variables, new Map([['a', tensor(7, 8)]]))).toThrow(/at b.*received nothing/)
    expect(values()).toEqual([1, 2, 3])
    restoreVariables(
      tf,
      variables,
      new Map([
        ['b', tensor(9)],
        ['a', tensor(7, 8)],
      ]),
    )
    expect(values()).toEqual([7, 8, 9])
  })
})
