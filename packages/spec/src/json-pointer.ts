// JSON Pointers (RFC 6901) into values and into schemas: faults name places with them.

/** The keywords of a JSON Schema that faults are explained with. */
export interface SchemaNode {
  readonly [keyword: string]: unknown
  readonly type?: string
  readonly properties?: Readonly<Record<string, SchemaNode>>
  readonly items?: SchemaNode
  readonly anyOf?: readonly SchemaNode[]
  readonly oneOf?: readonly SchemaNode[]
  /** What a text of the wrong form should have been; editors show it too (a keyword of the YAML language server). */
  readonly patternErrorMessage?: string
}

/** A field's name as one segment of a pointer. */
export function escapePointer(field: string): string {
  return field.replaceAll('~', '~0').replaceAll('/', '~1')
}

function segmentsOf(pointer: string): string[] {
  return pointer
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
}

/** The value at `pointer`, or undefined. */
export function read(value: unknown, pointer: string): unknown {
  let current = value
  for (const part of segmentsOf(pointer)) {
    if (typeof current !== 'object' || current === null || !Object.hasOwn(current, part)) return undefined
    current = (current as Record<string, unknown>)[part]
  }
  return current
}

/** The schema at a validator's `schemaPath` (`#/properties/…`), or undefined. */
export function schemaAt(schema: object, schemaPath: string): SchemaNode | undefined {
  return read(schema, schemaPath.slice(1)) as SchemaNode | undefined
}
