// Query and path parameters arrive as text. Only what the schema calls for is converted, and only when nothing is lost,
// so that `limit=10x` or `limit=1.5` stay text and fail the schema instead of becoming a number by luck.

type Schema = { readonly type?: string; readonly properties?: Readonly<Record<string, Schema>> }

/** A copy of `data` with integers, truth values, and single values of lists, converted as `schema` (an object schema) says. */
export function coerceText(schema: object, data: object): Record<string, unknown> {
  const properties = (schema as Schema).properties ?? {}
  return Object.fromEntries(Object.entries(data).map(([name, value]) => [name, coerce(properties[name], value)]))
}

function coerce(schema: Schema | undefined, value: unknown): unknown {
  if (schema?.type === 'array' && typeof value === 'string') return [value]
  if (schema?.type === 'integer' && typeof value === 'string' && /^-?\d{1,15}$/.test(value)) return Number(value)
  if (schema?.type === 'boolean' && (value === 'true' || value === 'false')) return value === 'true'
  return value
}
