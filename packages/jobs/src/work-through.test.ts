import { expect, test } from 'vitest'
import { workThrough } from './work-through.ts'

/** Works on three items, each of which takes so many milliseconds; answers those that were reached within 100. */
async function reachedWith(eachMs: number): Promise<[number, string[]]> {
  let now = 1000
  const seen: string[] = []
  const work = async (item: string): Promise<void> => {
    seen.push(item)
    now += eachMs
  }
  return [await workThrough(['a', 'b', 'c'], 100, work, () => now), seen]
}

test('everything is worked on while there is time', async () => {
  expect(await reachedWith(10)).toEqual([3, ['a', 'b', 'c']])
  expect(await workThrough([], 100, async () => undefined)).toBe(0)
})

test('what is not begun in time is left, but never all of it', async () => {
  expect(await reachedWith(50)).toEqual([2, ['a', 'b']])
  expect(await reachedWith(1000)).toEqual([1, ['a']])
})
