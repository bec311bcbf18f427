// What is read of a validator's error.

/** The part of a TypeBox (Ajv-shaped) validation error that faults are made from. */
export interface SchemaError {
  readonly keyword: string
  readonly schemaPath?: string
  readonly instancePath: string
  readonly params: object
  readonly message: string
}
