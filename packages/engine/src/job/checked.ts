// The outcome of a check: what was asked for, or every reason against it.
import type { Fault } from '@stillhouse/spec'

export type Checked<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly faults: readonly Fault[] }
