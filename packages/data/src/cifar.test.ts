import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { cifar } from './cifar.ts'
import { cifarFile, countingLabels, fixture } from './testing/cifar-fixture.ts'
import { samplesOf } from './testing/samples-of.ts'

const folders: string[] = []
let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'stillhouse-cifar-'))
  folders.push(folder)
  await fixture.write(folder)
})
afterAll(async () => {
  for (const one of folders) await rm(one, { recursive: true })
})

const open = (params: object = {}) => cifar.open({ path: folder, variant: 10, ...params }, null)
const replace = (name: string, bytes: Buffer) => writeFile(path.join(folder, name), bytes)

describe('cifar', () => {
  it('reads all five training files in their order, and the test file', async () => {
    const { splits, signature } = await open()
    expect(signature).toEqual({ inputShape: [32, 32, 3], classes: 10 })
    expect([splits.train.size, splits.test.size]).toEqual([5 + 7 + 9 + 11 + 13, 11])
    expect([...splits.train.labels.slice(0, 12)]).toEqual([0, 1, 2, 3, 4, 0, 1, 2, 3, 4, 5, 6])
  })

  it('puts red, green and blue of a pixel side by side, in [0, 1]', async () => {
    const planes = Buffer.alloc(3072)
    planes[33] = 255 // red of row 1, column 1
    planes[1024 + 33] = 51
    planes[2048 + 33] = 102
    await replace('test_batch.bin', Buffer.concat([Buffer.of(3), planes]))
    const { test } = (await open()).splits
    const pixels = samplesOf(test)
    expect([...pixels.slice(99, 102)]).toEqual([1, 0.2, 0.4].map(Math.fround))
    expect(pixels.filter((value) => value > 0)).toHaveLength(3)
    expect([...test.labels]).toEqual([3])
  })

  it('takes the fine label of the two that CIFAR-100 has', async () => {
    await replace(
      'train.bin',
      cifarFile([
        [19, 99],
        [3, 7],
      ]),
    )
    await replace('test.bin', cifarFile([[1, 42]]))
    const { splits, signature } = await open({ variant: 100 })
    expect(signature.classes).toBe(100)
    expect([...splits.train.labels, ...splits.test.labels]).toEqual([99, 7, 42])
    expect(samplesOf(splits.train, [1])[0]).toBe(Math.fround(31 / 255))
  })

  it('stops at the limits it is given, which its digest covers', async () => {
    const whole = await open()
    const part = await open({ train: 6, test: 2 })
    expect([part.splits.train.size, part.splits.test.size]).toEqual([6, 2])
    expect([...part.splits.train.labels]).toEqual([0, 1, 2, 3, 4, 0])
    expect(part.digest).not.toBe(whole.digest)
    expect((await open({ train: 45, test: 500 })).digest).toBe(whole.digest)
  })

  it('has another digest when one byte is another', async () => {
    const { digest } = await open()
    const changed = cifarFile(countingLabels(11), 9)
    changed[5000] = (changed[5000] ?? 0) ^ 1
    await replace('test_batch.bin', changed)
    expect((await open()).digest).not.toBe(digest)
  })

  it('refuses damaged files, naming file, expected and received', async () => {
    const good = cifarFile(countingLabels(11), 9)
    const cases = [
      [good.subarray(0, 4000), 'records of 3073 bytes (CIFAR-10: 1 label, 3072 image), received 4000 bytes'],
      [Buffer.alloc(0), 'received 0 bytes'],
      [cifarFile([[4], [10]]), 'the label of image 1 is out of range. Expected 0 to 9, received 10.'],
      [cifarFile([[4, 5]]), 'the file is truncated or not of this variant'],
    ] as const
    for (const [bytes, message] of cases) {
      await replace('test_batch.bin', bytes)
      await expect(open()).rejects.toMatchObject({ code: 'data.invalid', message: expect.stringContaining(message) })
    }
  })

  it('misses a training file that is not there', async () => {
    await rm(path.join(folder, 'data_batch_4.bin'))
    await expect(open()).rejects.toMatchObject({
      code: 'data.not_found',
      message: expect.stringContaining('data_batch_4.bin: there is no such file'),
    })
  })
})
