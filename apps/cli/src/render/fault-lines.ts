// Faults as a person reads them: where, what, expected, received, perhaps what was meant.
import type { Fault } from '@stillhouse/spec'

/** One block per fault. */
export function faultLines(faults: readonly Fault[]): string {
  return faults
    .map(({ path, message, expected, received, suggestion }) => {
      const hint = suggestion === undefined ? '' : `\n    did you mean ${suggestion}?`
      return `  ${path === '' ? '(the job)' : path}: ${message}\n    expected ${expected}\n    received ${received}${hint}`
    })
    .join('\n')
}
