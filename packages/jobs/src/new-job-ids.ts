// Ids for jobs that name each other before they exist.
import { uuidV7 } from '@stillhouse/db'

/** In order: a job should come after those that it waits for. */
export function newJobIds(count: number): string[] {
  return Array.from({ length: count }, () => uuidV7())
}
