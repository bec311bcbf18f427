// The shelves as the API shows them: names, papers and the JSON Schemas that forms and editors are made from.
import { type Catalog, type CatalogEntry, jobInputSchema, RESULT_METRICS } from '@stillhouse/spec'
import type { ShelfEntry } from '../contracts/shelf.ts'
import type { Shelves } from '../contracts/shelves.ts'

export function catalogOf(shelves: Shelves): Catalog {
  return {
    methods: shelves.methods.map(entryOf),
    models: shelves.models.map(entryOf),
    data: shelves.data.map(entryOf),
    exports: shelves.exports.map(entryOf),
    jobSchema: jobInputSchema(shelves),
    metrics: { ...RESULT_METRICS },
  }
}

function entryOf({ name, title, summary, paper, tasks, parameters }: ShelfEntry): CatalogEntry {
  return { name, title, summary, paper, tasks: [...tasks], parameters: plain(parameters) }
}

/** A schema without what its library hangs on it. */
function plain(schema: object): Record<string, unknown> {
  return JSON.parse(JSON.stringify(schema)) as Record<string, unknown>
}
