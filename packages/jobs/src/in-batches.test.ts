import { setTimeout as sleep } from 'node:timers/promises'
import { ApiError } from '@stillhouse/kit'
import { describe, expect, it } from 'vitest'
import { inBatches } from './in-batches.ts'

/** Doubles numbers, slowly, and notes which came together. */
function createDoubler(options: { most: number; atOnce: number }) {
  const batches: number[][] = []
  let [running, peak] = [0, 0]
  const double = inBatches(async (inputs: readonly number[]) => {
    batches.push([...inputs])
    running += 1
    peak = Math.max(peak, running)
    await sleep(5)
    running -= 1
    return inputs.map((input) => 2 * input)
  }, options)
  return { double, batches, peak: () => peak }
}

describe('inBatches', () => {
  it('takes together what comes together, and what comes while it works', async () => {
    const { double, batches } = createDoubler({ most: 10, atOnce: 1 })
    const first = [double(1), double(2)]
    await sleep(2)
    const late = [double(3), double(4)]
    expect(await Promise.all([...first, ...late])).toEqual([2, 4, 6, 8])
    expect(batches).toEqual([
      [1, 2],
      [3, 4],
    ])
  })

  it('answers a question with work that started after it was asked', async () => {
    let state = 'old'
    const read = inBatches(
      async (inputs: readonly null[]) => {
        const seen = state
        await sleep(5)
        return inputs.map(() => seen)
      },
      { most: 10, atOnce: 1 },
    )
    const before = read(null)
    await sleep(2)
    state = 'new'
    expect(await read(null)).toBe('new')
    expect(await before).toBe('old')
  })

  it('takes no more at a time than it may, and works on no more at once', async () => {
    const { double, batches, peak } = createDoubler({ most: 3, atOnce: 2 })
    const inputs = Array.from({ length: 20 }, (_, i) => i)
    expect(await Promise.all(inputs.map(double))).toEqual(inputs.map((input) => 2 * input))
    expect(Math.max(...batches.map(({ length }) => length))).toBe(3)
    expect(peak()).toBe(2)
  })

  it('lets one that fails not take the others with it', async () => {
    const odd = inBatches(
      async (inputs: readonly number[]) => {
        if (inputs.includes(2)) throw new Error('even')
        return inputs
      },
      { most: 10, atOnce: 1 },
    )
    expect(await Promise.allSettled([odd(1), odd(2), odd(3)])).toMatchObject([
      { status: 'fulfilled', value: 1 },
      { status: 'rejected', reason: { message: 'even' } },
      { status: 'fulfilled', value: 3 },
    ])
    expect(await odd(5)).toBe(5)
  })

  it('tells all of an error that is meant for all, without trying each', async () => {
    let tries = 0
    const away = inBatches(
      async (): Promise<number[]> => {
        tries += 1
        throw new ApiError('service.unavailable', 'The database is away.')
      },
      { most: 10, atOnce: 1 },
    )
    const outcomes = await Promise.allSettled([away(1), away(2)])
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    expect(tries).toBe(1)
  })
})
