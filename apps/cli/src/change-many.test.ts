import type { ChangedJobs, JobsChange } from '@stillhouse/spec'
import { expect, test } from 'vitest'
import { changeMany } from './change-many.ts'
import { changeLines } from './render/change-lines.ts'

/** A service that answers with these pages, and notes what it was asked. */
function clientOf(pages: Partial<ChangedJobs>[]) {
  const asked: [JobsChange, object | undefined][] = []
  const changeJobs = async (change: JobsChange, options?: object): Promise<ChangedJobs> => {
    asked.push([change, options])
    return { matched: 1, changed: 1, ids: ['a'], unchanged: [], nextCursor: null, ...pages.shift() }
  }
  return { asked, changeJobs }
}

test('all pages of a wish are asked for and added up', async () => {
  const unchanged = [{ id: 'c', reason: 'it is done' }]
  const client = clientOf([{ nextCursor: 'next' }, { matched: 2, ids: ['b'], unchanged }])
  const total = await changeMany(client, { action: 'cancel', ids: [], labels: ['a=b=c', 'd='], team: 'red' })
  expect(total).toEqual({ matched: 3, changed: 2, ids: ['a', 'b'], unchanged, nextCursor: null })
  const change = { action: 'cancel', labels: { a: 'b=c', d: '' } }
  expect(client.asked).toEqual([
    [change, { team: 'red' }],
    [{ ...change, cursor: 'next' }, { team: 'red' }],
  ])
})

test('more ids than a call takes are sent in several', async () => {
  const ids = Array.from({ length: 150 }, (_, i) => `id-${i}`)
  const client = clientOf([])
  await changeMany(client, { action: 'set-priority', priority: 9, ids, labels: [], dryRun: true })
  expect(client.asked.map(([change]) => change)).toEqual([
    { action: 'set-priority', priority: 9, dryRun: true, ids: ids.slice(0, 100) },
    { action: 'set-priority', priority: 9, dryRun: true, ids: ids.slice(100) },
  ])
})

test('a wish that names no jobs, or a label without a value, is refused before anything is asked', async () => {
  const client = clientOf([])
  await expect(changeMany(client, { action: 'cancel', ids: [], labels: [] })).rejects.toThrow('say which jobs')
  await expect(changeMany(client, { action: 'cancel', ids: [], labels: ['a'] })).rejects.toThrow('received a')
  expect(client.asked).toEqual([])
})

test('people read what was changed, what was not, and why', () => {
  const answer = {
    matched: 3,
    changed: 2,
    ids: ['a', 'b'],
    unchanged: [{ id: 'c', reason: 'it is done' }],
    nextCursor: null,
  }
  expect(changeLines(answer, { action: 'cancel' })).toBe(
    'a  cancelled or asked to stop\nb  cancelled or asked to stop\nc  unchanged: it is done\n2 of 3 jobs changed',
  )
  expect(changeLines({ ...answer, unchanged: [] }, { action: 'set-priority', priority: 7, dryRun: true })).toBe(
    'a  would have the priority 7\nb  would have the priority 7\n2 of 2 jobs would be changed',
  )
  expect(changeLines({ ...answer, ids: [], unchanged: [] }, { action: 'retry' })).toBe('no job matches')
})
