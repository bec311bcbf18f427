// Whether every value that one JSON Schema allows is allowed by another: what must hold between two versions that talk to
// each other. It knows the vocabulary that our schemas use; anything else must be equal on both sides.

/**
 * @typedef {Record<string, any>} Schema without references
 * @typedef {{reader: boolean}} Mode `reader`: the wide side only reads, so it passes over fields and limits that it does
 *   not know, as our client does; otherwise it validates
 */

const LOWER = ['minimum', 'exclusiveMinimum', 'minLength', 'minItems', 'minProperties']
const UPPER = ['maximum', 'exclusiveMaximum', 'maxLength', 'maxItems', 'maxProperties']
const SAME = ['pattern', 'format', 'multipleOf', 'not', 'allOf', 'oneOf', 'if', 'propertyNames', 'patternProperties']

/**
 * @param {Schema} wide
 * @param {Schema} narrow
 * @param {Mode} mode
 * @param {string} [at]
 * @returns {string[]} why not, one line each; empty when `wide` takes all that `narrow` allows
 */
export function subsumes(wide, narrow, mode, at = '') {
  if (JSON.stringify(wide) === JSON.stringify(narrow)) return []
  if (narrow.anyOf) return narrow.anyOf.flatMap((/** @type {Schema} */ one) => subsumes(wide, one, mode, at))
  if (wide.anyOf) return someTakes(wide.anyOf, narrow, mode, at)
  return [
    ...values(wide, narrow, at),
    ...types(wide, narrow, at),
    ...limits(wide, narrow, mode, at),
    ...parts(wide, narrow, mode, at),
  ]
}

/** @param {Schema[]} alternatives @param {Schema} narrow @param {Mode} mode @param {string} at */
function someTakes(alternatives, narrow, mode, at) {
  const faults = alternatives.map((one) => subsumes(one, narrow, mode, at))
  if (faults.some((list) => list.length === 0)) return []
  // the alternative that comes nearest explains best
  return faults.toSorted((a, b) => a.length - b.length)[0] ?? []
}

/** @param {Schema} schema @returns {unknown[] | undefined} */
const listed = (schema) => ('const' in schema ? [schema.const] : schema.enum)

/** @param {Schema} wide @param {Schema} narrow @param {string} at */
function values(wide, narrow, at) {
  const [known, sent] = [listed(wide), listed(narrow)]
  if (known === undefined) return []
  if (sent === undefined) return [`${at}: any value instead of one of ${JSON.stringify(known)}`]
  const unknown = sent.filter((value) => !known.includes(value))
  return unknown.map((value) => `${at}: the value ${JSON.stringify(value)} is not known`)
}

/** @param {Schema} wide @param {Schema} narrow @param {string} at */
function types(wide, narrow, at) {
  const known = [wide.type ?? []].flat()
  if (known.length === 0 || listed(wide) !== undefined) return []
  const sent = [narrow.type ?? (listed(narrow) ?? []).map((value) => typeof value)].flat()
  const takes = (/** @type {string} */ type) => known.includes(type) || (type === 'integer' && known.includes('number'))
  return sent.length > 0 && sent.every(takes)
    ? []
    : [`${at}: ${sent.join(' or ') || 'anything'} instead of ${known.join(' or ')}`]
}

/** @param {Schema} wide @param {Schema} narrow @param {Mode} mode @param {string} at */
function limits(wide, narrow, { reader }, at) {
  if (reader || listed(narrow) !== undefined) return []
  const tighter = (/** @type {string} */ key, /** @type {(a: number, b: number) => boolean} */ within) =>
    wide[key] === undefined || (narrow[key] !== undefined && within(narrow[key], wide[key]))
      ? []
      : [`${at}: ${key} is ${wide[key]}, was ${narrow[key] ?? 'free'}`]
  const lower = LOWER.flatMap((key) => tighter(key, (now, bound) => now >= bound))
  const upper = UPPER.flatMap((key) => tighter(key, (now, bound) => now <= bound))
  const same = SAME.filter(
    (key) => wide[key] !== undefined && JSON.stringify(wide[key]) !== JSON.stringify(narrow[key]),
  )
  return [...lower, ...upper, ...same.map((key) => `${at}: ${key} is another`)]
}

/** @param {Schema} wide @param {Schema} narrow @param {Mode} mode @param {string} at */
function parts(wide, narrow, mode, at) {
  const lacking = (wide.required ?? []).filter((/** @type {string} */ name) => !(narrow.required ?? []).includes(name))
  const fields = Object.entries(narrow.properties ?? {}).flatMap(([name, schema]) => {
    const known = wide.properties?.[name] ?? wide.additionalProperties
    if (known && known !== true) return subsumes(known, schema, mode, `${at}/${name}`)
    return known === false && !mode.reader ? [`${at}/${name}: this field is refused`] : []
  })
  const items = wide.items && narrow.items ? subsumes(wide.items, narrow.items, mode, `${at}/*`) : []
  return [
    ...lacking.map((/** @type {string} */ name) => `${at}/${name}: is required, but need not be there`),
    ...fields,
    ...items,
  ]
}
