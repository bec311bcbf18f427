// What travels through the queue: ids only. The spec stays in the database, so the queue may be wiped.
import { type Static, Type } from 'typebox'
import { Uuid } from './wire.ts'

export const QueueMessage = Type.Object(
  { jobId: Uuid, attempt: Type.Integer({ minimum: 1 }) },
  { additionalProperties: false },
)
export type QueueMessage = Static<typeof QueueMessage>

/** Queue id of an attempt: adding the same attempt twice is harmless. */
export function queueIdOf({ jobId, attempt }: QueueMessage): string {
  return `${jobId}-${attempt}`
}
