// Bodies that people write: JSON or YAML, read by parsers that name line and column, and checked by the handler, which
// knows more about them than a schema.
import type { FastifyInstance } from 'fastify'
import { type TSchema, Type } from 'typebox'
import { compileValidatorExceptBody } from '../http/compile-validator.ts'
import { addTextParser } from '../plugins/bodies.ts'
import { parseJson } from './parse-json.ts'
import { parseYaml } from './parse-yaml.ts'

const YAML_TYPES = ['application/yaml', 'text/yaml', 'application/x-yaml', 'text/x-yaml']

/**
 * For all routes of the plugin.
 * @param maxValues scalars and containers in a body; each unknown field costs a search for the nearest known one
 */
export function takeDocuments(app: FastifyInstance, maxValues: number): void {
  app.removeContentTypeParser('application/json')
  addTextParser(app, ['application/json'], parseJson, maxValues)
  addTextParser(app, YAML_TYPES, parseYaml, maxValues)
  app.setValidatorCompiler(compileValidatorExceptBody)
}

/** The body of such a route, for the document. */
export function documentBody(schema: TSchema): TSchema {
  return {
    content: Object.fromEntries(['application/json', ...YAML_TYPES].map((type) => [type, { schema }])),
  } as TSchema
}

/** @param what is answered to a repeat */
export function idempotencyHeader(what: string) {
  return Type.Object({
    'idempotency-key': Type.Optional(
      Type.String({
        pattern: '^[\\x21-\\x7e]{1,255}$',
        description: `Makes a repeat of this request harmless: it answers with ${what} of the first one.`,
      }),
    ),
  })
}
