import type { Tables } from '@stillhouse/db'
import { expect, test } from 'vitest'
import { changeState } from './change-state.ts'

test('a transition that the table does not have never reaches the database', async () => {
  const untouchable = new Proxy({}, { get: () => expect.unreachable('the database was asked') }) as Tables
  const forbidden = changeState(untouchable, { ids: ['x'], from: ['succeeded'], move: { to: 'cancelled' } })
  await expect(forbidden).rejects.toThrow('no way from succeeded to cancelled')
})
