// The job spec as a user writes it, for editors and other tools: `JobSpec` describes the canonical form, in which every
// default is filled in. Both come from one schema, so they cannot drift apart.
import { JobSpec } from './job-spec.ts'
import type { SchemaNode } from './json-pointer.ts'

/** What the schema may say about a shelf entry: its name and the schema of its `params`. */
export interface SchemaEntry {
  readonly name: string
  readonly title: string
  readonly parameters: object
}

export interface SchemaShelves {
  readonly methods: readonly SchemaEntry[]
  readonly models: readonly SchemaEntry[]
  readonly data: readonly SchemaEntry[]
  readonly exports: readonly SchemaEntry[]
}

/** Objects that `parseJobSpec` fills in when they are left out, beside fields with a default of their own. */
const FILLED = ['optimizer', 'schedule', 'evaluate', 'resources']

/**
 * JSON Schema (draft 7, the one that editors know) of a job as submitted.
 * @param shelves when given, names of entries are listed and their `params` are described too
 */
export function jobInputSchema(shelves?: SchemaShelves): Record<string, unknown> {
  const job = withShorthand(relax(plain(JobSpec)))
  return { $schema: 'http://json-schema.org/draft-07/schema#', ...(shelves ? withEntries(job, shelves) : job) }
}

/** The schema as plain JSON, without the builder's hidden fields. */
function plain(schema: object): SchemaNode {
  return JSON.parse(JSON.stringify(schema)) as SchemaNode
}

/** Drops from every `required` what has a default. */
function relax(node: unknown): SchemaNode {
  if (Array.isArray(node)) return node.map(relax) as unknown as SchemaNode
  if (typeof node !== 'object' || node === null) return node as unknown as SchemaNode
  const inner = Object.fromEntries(
    Object.entries(node).map(([key, value]) => [key, key === 'default' ? value : relax(value)]),
  ) as SchemaNode
  if (inner.properties === undefined || !Array.isArray(inner['required'])) return inner
  const { required, ...rest } = inner
  const kept = (required as string[]).filter(
    (field) => inner.properties?.[field]?.['default'] === undefined && !FILLED.includes(field),
  )
  return kept.length > 0 ? { ...rest, required: kept } : (rest as SchemaNode)
}

/** Adds what `parseJobSpec` understands beyond the canonical form. */
function withShorthand(job: SchemaNode): SchemaNode {
  const properties = job.properties ?? {}
  const length = { oneOf: [{ required: ['epochs'] }, { required: ['steps'] }] }
  const teacher = { ...properties['teachers']?.items, description: 'short for one of `teachers`' }
  const terms = properties['stages']?.items?.properties?.['methods']
  const methods = { ...terms, description: 'short for one stage with this weighted sum of losses' }
  const dependency = properties['after']?.items ?? {}
  const id = dependency.properties?.['job'] ?? {}
  const after = { ...properties['after'], items: { anyOf: [id, dependency] } }
  const oneOf = ['method', 'methods', 'stages'].map((field) => ({ required: [field] }))
  return {
    ...job,
    properties: { ...properties, after, teacher, methods, train: { ...properties['train'], ...length } },
    oneOf,
  }
}

function withEntries(job: SchemaNode, shelves: SchemaShelves): SchemaNode {
  const properties = { ...job.properties }
  const change = (field: string, by: (node: SchemaNode) => SchemaNode) => {
    properties[field] = by(properties[field] ?? {})
  }
  const models = (node: SchemaNode) => naming(node, 'model', shelves.models)
  change('student', models)
  change('teacher', models)
  change('teachers', itemsBy(models))
  change('peers', itemsBy(models))
  const methods = (node: SchemaNode) => naming(node, 'name', shelves.methods)
  change('method', methods)
  change('methods', itemsBy(methods))
  change(
    'stages',
    itemsBy((stage) => stageNaming(stage, itemsBy(methods))),
  )
  change('data', (node) => naming(node, 'name', shelves.data))
  change(
    'export',
    itemsBy((node) => naming(node, 'format', shelves.exports)),
  )
  return { ...job, properties }
}

function itemsBy(by: (node: SchemaNode) => SchemaNode): (list: SchemaNode) => SchemaNode {
  return (list) => ({ ...list, items: by(list.items ?? {}) })
}

function stageNaming(stage: SchemaNode, terms: (list: SchemaNode) => SchemaNode): SchemaNode {
  return { ...stage, properties: { ...stage.properties, methods: terms(stage.properties?.['methods'] ?? {}) } }
}

/** The node with its `field` restricted to the entries, and its `params` to the schema of the entry that is named. */
function naming(node: SchemaNode, field: string, entries: readonly SchemaEntry[]): SchemaNode {
  const names = { ...node.properties?.[field], enum: entries.map(({ name }) => name) }
  const allOf = entries.map(({ name, title, parameters }) => ({
    if: { properties: { [field]: { const: name } }, required: [field] },
    // biome-ignore lint/suspicious/noThenProperty: the keyword of JSON Schema, never awaited
    then: { properties: { params: { ...relax(plain(parameters)), title } } },
  }))
  return { ...node, properties: { ...node.properties, [field]: names }, allOf }
}
