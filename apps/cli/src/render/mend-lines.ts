// Mends as tables, and what a reconciliation found.
import { MEND_KINDS, type Mend, type Reconciliation } from '@stillhouse/spec'
import { table } from './table.ts'

/** One row per mend. */
export function mendTable(mends: readonly Mend[]): string {
  const rows = mends.map(({ at, kind, target }) => [at, kind, target, MEND_KINDS[kind]])
  return table(['at', 'kind', 'of', ''], rows)
}

/** Several stretches of one reconciliation as one. */
export function addUp(stretches: readonly Reconciliation[]): Reconciliation {
  const items = new Map<string, Reconciliation['items'][number]>()
  for (const item of stretches.flatMap((stretch) => stretch.items)) {
    const before = items.get(item.kind)
    items.set(item.kind, {
      kind: item.kind,
      found: (before?.found ?? 0) + item.found,
      mended: (before?.mended ?? 0) + item.mended,
      targets: [...(before?.targets ?? []), ...item.targets],
    })
  }
  return {
    dryRun: stretches.some(({ dryRun }) => dryRun),
    items: [...items.values()],
    walked: stretches.reduce((sum, { walked }) => sum + walked, 0),
    failed: stretches.flatMap(({ failed }) => failed),
    nextCursor: null,
  }
}

/** What was found and mended, then what could not be looked at. */
export function reconciliationLines({ items, walked, failed }: Reconciliation): string {
  const rows = items.map(({ kind, found, mended, targets }) => [kind, String(found), String(mended), targets[0] ?? ''])
  const found = items.length === 0 ? 'nothing disagrees' : table(['kind', 'found', 'mended', 'first'], rows)
  const faults = failed.map(({ check, message }) => `could not check ${check}: ${message}`)
  return [found, `${walked} rows and files compared`, ...faults].join('\n')
}
