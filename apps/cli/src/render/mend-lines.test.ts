import type { Reconciliation } from '@stillhouse/spec'
import { expect, test } from 'vitest'
import { addUp, mendTable, reconciliationLines } from './mend-lines.ts'

const stretch = (found: number, more: Partial<Reconciliation> = {}): Reconciliation => ({
  dryRun: false,
  items: [{ kind: 'blob.orphaned', found, mended: found, targets: ['a'] }],
  walked: 10,
  failed: [],
  nextCursor: 'next',
  ...more,
})

test('stretches of a reconciliation are added up by kind', () => {
  const queue: Reconciliation['items'][number] = { kind: 'queue.extra', found: 1, mended: 0, targets: ['j'] }
  const failed = [{ check: 'queues', message: 'down' }]
  const report = addUp([stretch(2), stretch(3, { failed }), stretch(0, { items: [queue] })])
  expect(report).toEqual({
    dryRun: false,
    items: [{ kind: 'blob.orphaned', found: 5, mended: 5, targets: ['a', 'a'] }, queue],
    walked: 30,
    failed,
    nextCursor: null,
  })
  const lines = reconciliationLines(report).split('\n')
  expect(lines[0]).toMatch(/kind +found +mended/)
  expect(lines.at(-2)).toBe('30 rows and files compared')
  expect(lines.at(-1)).toBe('could not check queues: down')
})

test('a reconciliation that found nothing says so', () => {
  expect(reconciliationLines(stretch(0, { items: [] }))).toBe('nothing disagrees\n10 rows and files compared')
})

test('a mend is told in a sentence', () => {
  const at = '2026-01-02T03:04:05.000Z'
  const told = mendTable([{ id: 1, at, kind: 'hand-over.lost', target: 'j1', detail: {} }])
  expect(told).toContain('a job given to a worker was not in its queue: handed over again')
})
