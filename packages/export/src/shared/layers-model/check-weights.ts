// The weights of a model must be exactly those that its layers own, in bytes that are all there and all finite.
import { type Fault, faultsFromSchemaErrors } from '@stillhouse/spec'
import { type Static, Type } from 'typebox'
import { Compile } from 'typebox/compile'
import type { WeightSpec } from './layer-rule.ts'
import { sameShape, sizeOf } from './shapes.ts'

const Weight = Type.Object(
  {
    name: Type.String({ maxLength: 500 }),
    shape: Type.Array(Type.Integer({ minimum: 1, maximum: 100_000_000 }), { maxItems: 6 }),
    dtype: Type.Enum(['float32']),
  },
  { additionalProperties: false, description: 'quantised weights are not taken' },
)
const Manifest = Type.Array(Type.Object({ weights: Type.Array(Weight, { maxItems: 20_000 }) }), {
  minItems: 1,
  maxItems: 10_000,
})
const validator = Compile(Manifest)

const PATH = '/weightsManifest'

/** Faults of the manifest and the bytes, given the weights that the layers own. */
export function checkWeights(manifest: unknown, bytes: Uint8Array, owned: readonly WeightSpec[]): Fault[] {
  const malformed = faultsFromSchemaErrors(validator.Errors(manifest), manifest, Manifest, PATH)
  if (malformed.length > 0) return malformed
  const listed = (manifest as Static<typeof Manifest>).flatMap(({ weights }) => weights)
  const faults = compare(listed, owned)
  if (faults.length > 0) return faults
  const length = 4 * listed.reduce((sum, { shape }) => sum + sizeOf(shape), 0)
  if (bytes.byteLength !== length) return [wrongLength(length, bytes.byteLength)]
  return notFinite(bytes, listed)
}

function compare(listed: readonly WeightSpec[], owned: readonly WeightSpec[]): Fault[] {
  const shapes = new Map(listed.map(({ name, shape }) => [name, shape]))
  const known = new Set(owned.map(({ name }) => name))
  const strangers = listed.filter(({ name }) => !known.has(name))
  return [
    ...owned.flatMap(({ name, shape }) => {
      const given = shapes.get(name)
      if (given !== undefined && sameShape(given, shape)) return []
      const expected = `${name} of shape [${shape.join(', ')}]`
      const received = given === undefined ? 'nothing' : `shape [${given.join(', ')}]`
      return [{ path: PATH, message: 'a weight does not fit its layer', expected, received }]
    }),
    ...strangers.map(({ name }) => ({
      path: PATH,
      message: 'a weight belongs to no layer',
      expected: 'only weights of the layers',
      received: name,
    })),
    ...(shapes.size < listed.length
      ? [{ path: PATH, message: 'a weight is listed twice', expected: 'unique names', received: 'repeated names' }]
      : []),
  ]
}

function wrongLength(expected: number, received: number): Fault {
  const message = received < expected ? 'the weights are truncated' : 'there are more bytes than weights'
  return { path: PATH, message, expected: `${expected} bytes`, received: `${received} bytes` }
}

function notFinite(bytes: Uint8Array, listed: readonly WeightSpec[]): Fault[] {
  // copied, since a view on the middle of an upload need not begin at a multiple of four
  const values = new Float32Array(bytes.slice().buffer)
  const at = values.findIndex((value) => !Number.isFinite(value))
  if (at < 0) return []
  let end = 0
  const weight = listed.find(({ shape }) => {
    end += sizeOf(shape)
    return at < end
  })
  const message = `the weight ${weight?.name} is not finite`
  return [{ path: PATH, message, expected: 'finite numbers', received: String(values[at]) }]
}
