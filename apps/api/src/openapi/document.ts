// Turns the routes' TypeBox schemas into the schemas of an OpenAPI 3.1 document. The generator's own conversion is kept
// away from them, because it loosens some (patternProperties become additionalProperties) and knows nothing of our names:
// it is handed a marker in place of every schema, and the markers are replaced in its result.
import type { FastifySchema } from 'fastify'
import type { TSchema } from 'typebox'
import { COMPONENTS } from './components.ts'

type Node = { [key: string]: unknown }

const MARK = 'x-schema'
const NAMES = new Map<unknown, string>(Object.entries(COMPONENTS).map(([name, schema]) => [schema, name]))

export interface SchemaStore {
  /** The route's schema with a marker for every body and response schema. */
  mark(schema: FastifySchema): FastifySchema
  /** The finished document: markers replaced, named schemas under components. */
  resolve<T extends object>(document: T): T
}

export function createSchemaStore(): SchemaStore {
  const schemas: unknown[] = []
  const markOne = (schema: unknown): Node => ({ [MARK]: schemas.push(schema) - 1 })
  const markContent = (part: Node): Node => ({
    ...part,
    content: Object.fromEntries(
      Object.entries(part['content'] as Node).map(([type, media]) => [
        type,
        { schema: markOne((media as Node)['schema']) },
      ]),
    ),
  })
  return {
    mark: (schema) => ({
      ...schema,
      ...(schema.body === undefined ? {} : { body: markContent(bodyContent(schema.body as Node)) }),
      response: Object.fromEntries(
        Object.entries(schema.response as Node).map(([status, response]) => [
          status,
          (response as Node)['content'] === undefined ? response : markContent(response as Node),
        ]),
      ),
    }),
    resolve: (document) => withComponents(replaceMarks(document, schemas) as Node) as typeof document,
  }
}

function bodyContent(body: Node): Node {
  return body['content'] === undefined ? { content: { 'application/json': { schema: body } } } : body
}

function replaceMarks(node: unknown, schemas: readonly unknown[]): unknown {
  if (Array.isArray(node)) return node.map((item) => replaceMarks(item, schemas))
  if (typeof node !== 'object' || node === null) return node
  const mark = (node as Node)[MARK]
  if (typeof mark === 'number') return toDocument(schemas[mark])
  return Object.fromEntries(Object.entries(node).map(([key, value]) => [key, replaceMarks(value, schemas)]))
}

function withComponents(document: Node): Node {
  const components = document['components'] as Node
  const schemas = Object.fromEntries(
    Object.entries(COMPONENTS).map(([name, schema]) => [name, copyMembers(schema as TSchema & Node)]),
  )
  return { ...document, components: { ...components, schemas } }
}

/** A schema as plain JSON; named ones as a reference. */
function toDocument(node: unknown): unknown {
  const name = NAMES.get(node)
  if (name !== undefined) return { $ref: `#/components/schemas/${name}` }
  if (Array.isArray(node)) return node.map(toDocument)
  if (typeof node !== 'object' || node === null) return node
  return copyMembers(node as Node)
}

function copyMembers(node: Node): Node {
  return Object.fromEntries(
    Object.entries(node)
      .filter(([key]) => key !== '$id')
      .map(([key, value]) => [key, toDocument(value)]),
  )
}
