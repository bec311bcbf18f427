// One text for equal values, so that hashes of specs and parameters mean something.

/** JSON with object keys sorted at every depth. Undefined fields are left out. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(sorted(value))
}

function sorted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(sorted)
  if ('toJSON' in value) return value
  const given = value as Record<string, unknown>
  const fields: Record<string, unknown> = {}
  for (const key of Object.keys(given).sort()) {
    const inner = sorted(given[key])
    // not assigned: as a key it is like any other
    if (key === '__proto__') Object.defineProperty(fields, key, { value: inner, enumerable: true })
    else fields[key] = inner
  }
  return fields
}
