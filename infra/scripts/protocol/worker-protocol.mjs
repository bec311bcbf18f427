// What workers and API say to each other, taken from the OpenAPI document, and whether two versions of it go together: a
// worker of the version before must be able to finish its job with the API of this one.
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { ROOT } from '../setup/paths.mjs'
import { subsumes } from './subsumes.mjs'

export const PREVIOUS_FILE = path.join(ROOT, 'infra/scripts/protocol/generated/previous.json')

/**
 * @typedef {import('./subsumes.mjs').Schema} Schema
 * @typedef {{parameters: {in: string, name: string, required: boolean, schema: Schema}[], request?: Schema,
 *   answer?: Schema, codes: string[]}} Call
 * @typedef {{version: string, calls: Record<string, Call>}} Protocol
 */

/** The protocol of docs/openapi.json as it is now. @returns {Protocol} */
export function currentProtocol() {
  const document = JSON.parse(readFileSync(path.join(ROOT, 'docs/openapi.json'), 'utf8'))
  const { version } = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8'))
  return { version, calls: callsOf(document) }
}

/** @returns {Protocol} */
export function previousProtocol() {
  return JSON.parse(readFileSync(PREVIOUS_FILE, 'utf8'))
}

/** @param {any} document OpenAPI @returns {Record<string, Call>} by method and path */
function callsOf(document) {
  /** @type {Record<string, Call>} */
  const calls = {}
  for (const [route, methods] of Object.entries(document.paths))
    for (const [method, operation] of Object.entries(methods)) {
      const open = operation.security?.some((/** @type {any} */ way) => way.bearer?.includes('worker'))
      if (open) calls[`${method.toUpperCase()} ${route}`] = callOf(operation, document)
    }
  return calls
}

/** @param {any} operation @param {any} document @returns {Call} */
function callOf(operation, document) {
  const resolve = (/** @type {Schema} */ schema) => plain(schema, document)
  const request = operation.requestBody?.content?.['application/json']?.schema
  const success = Object.entries(operation.responses).find(([status]) => status.startsWith('2'))?.[1]
  const answer = success?.content?.['application/json']?.schema
  const told = Object.values(operation.responses).map((response) => response.description ?? '')
  return {
    parameters: (operation.parameters ?? []).map((/** @type {any} */ one) => {
      return { in: one.in, name: one.name, required: one.required ?? false, schema: resolve(one.schema) }
    }),
    ...(request && { request: resolve(request) }),
    ...(answer && { answer: resolve(answer) }),
    codes: [...new Set(told.join(' ').match(/`[a-z]+\.[a-z_]+`/g) ?? [])].map((code) => code.slice(1, -1)).sort(),
  }
}

/** Without references, and without what only people read. @param {any} schema @param {any} document @returns {any} */
function plain(schema, document) {
  if (Array.isArray(schema)) return schema.map((one) => plain(one, document))
  if (typeof schema !== 'object' || schema === null) return schema
  if (schema.$ref) return plain(document.components.schemas[schema.$ref.split('/').at(-1)], document)
  const kept = Object.entries(schema).filter(([key, value]) => !(isProse(key) && typeof value !== 'object'))
  return Object.fromEntries(kept.map(([key, value]) => [key, plain(value, document)]))
}

/** @param {string} key */
const isProse = (key) => ['description', 'title', '$id', 'default'].includes(key)

/**
 * @param {Protocol} older what the worker speaks
 * @param {Protocol} newer what the API speaks
 * @returns {string[]} where the two would not understand each other
 */
export function misunderstandings(older, newer) {
  return Object.entries(older.calls).flatMap(([name, call]) => {
    const now = newer.calls[name]
    if (now === undefined) return [`${name}: there is no such call any more`]
    return callFaults(call, now).map((fault) => `${name} ${fault}`)
  })
}

/** @param {Call} call @param {Call} now */
function callFaults(call, now) {
  const request = now.request ? subsumes(now.request, call.request ?? {}, { reader: false }) : []
  const answer = call.answer ? subsumes(call.answer, now.answer ?? {}, { reader: true }) : []
  const asked = now.parameters.filter((one) => one.required && !call.parameters.some((old) => old.name === one.name))
  const untold = call.codes.filter((code) => !now.codes.includes(code))
  return [
    ...request.map((fault) => `request${fault}`),
    ...answer.map((fault) => `answer${fault}`),
    ...asked.map(({ name }) => `parameter ${name}: is required, but not sent`),
    ...untold.map((code) => `error ${code}: is no longer given`),
  ]
}
