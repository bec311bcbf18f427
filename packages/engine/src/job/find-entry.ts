// A shelf entry by the name a spec gives it.
import { type Fault, nearest } from '@stillhouse/spec'
import type { ShelfEntry } from '../contracts/shelf.ts'
import type { Checked } from './checked.ts'

export interface FindEntry<T extends ShelfEntry> {
  readonly shelf: readonly T[]
  /** What the shelf holds, for the message: `method`, `model` … */
  readonly kind: string
  readonly name: string
  /** JSON Pointer of the name in the spec. */
  readonly path: string
  readonly task: string
}

/** The entry, if it is on the shelf and serves the task. */
export function findEntry<T extends ShelfEntry>({ shelf, kind, name, path, task }: FindEntry<T>): Checked<T> {
  const entry = shelf.find((candidate) => candidate.name === name)
  if (entry?.tasks.includes(task)) return { ok: true, value: entry }
  const names = shelf.filter(({ tasks }) => tasks.includes(task)).map((candidate) => candidate.name)
  const close = entry === undefined ? nearest(name, names) : undefined
  const fault: Fault = {
    path,
    message: entry === undefined ? `there is no ${kind} "${name}"` : `the ${kind} "${name}" does not serve ${task}`,
    expected: names.length > 0 ? `one of ${names.join(', ')}` : `a shelf with a ${kind}`,
    received: name,
    ...(close === undefined ? {} : { suggestion: close }),
  }
  return { ok: false, faults: [fault] }
}
