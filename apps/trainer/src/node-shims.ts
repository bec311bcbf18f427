// Node 23 removed functions from `util` that tfjs-node 4.22 (its last release) still calls. They are put back before
// it is loaded, and nowhere else.
import { createRequire } from 'node:module'

const removed: Readonly<Record<string, (value: unknown) => boolean>> = {
  isArray: Array.isArray,
  isNullOrUndefined: (value) => value === null || value === undefined,
}

/** Adds what `util` lacks; what is there stays as it is. @param util the CommonJS module object, which is mutable */
export function restoreUtil(util: Record<string, unknown> = createRequire(import.meta.url)('node:util')): void {
  for (const [name, check] of Object.entries(removed)) util[name] ??= check
}
