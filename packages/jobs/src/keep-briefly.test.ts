import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { keepBriefly } from './keep-briefly.ts'

test('all who ask at once get one answer, and those who ask soon after get the same', async () => {
  let asked = 0
  const read = keepBriefly(async () => {
    await sleep(10)
    return ++asked
  }, 60_000)
  expect(await Promise.all([read(), read(), read()])).toEqual([1, 1, 1])
  expect(await read()).toBe(1)
})

test('an answer that has grown old is asked for again', async () => {
  let asked = 0
  const read = keepBriefly(async () => ++asked, 20)
  expect(await read()).toBe(1)
  await sleep(30)
  expect(await read()).toBe(2)
})

test('a failure reaches all who wait for it and nobody after them', async () => {
  let asked = 0
  const read = keepBriefly(async () => {
    asked += 1
    if (asked === 1) throw new Error('away')
    return asked
  }, 60_000)
  expect(await Promise.allSettled([read(), read()])).toMatchObject([{ status: 'rejected' }, { status: 'rejected' }])
  expect(await read()).toBe(2)
})
