// The job as a user writes it, for the document: what has a default may be left out.
import { jobInputSchema } from '@stillhouse/spec'
import type { TSchema } from 'typebox'

/** The body of a submission. Without the shelves' names, so that the document does not change with them. */
export const JobInput = withoutDialect(jobInputSchema()) as unknown as TSchema

/** OpenAPI names the dialect of JSON Schema once, for the whole document. */
function withoutDialect({ $schema: _, ...schema }: Record<string, unknown>): Record<string, unknown> {
  return schema
}
