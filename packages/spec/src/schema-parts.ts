// Small pieces that schemas of the wire are made of.
import { Type } from 'typebox'

/** Nothing but what is named. */
export const strict = { additionalProperties: false } as const

export const Nullable = <T extends Parameters<typeof Type.Union>[0][number]>(schema: T) =>
  Type.Union([schema, Type.Null()])

export const Timestamp = Type.String({ format: 'date-time' })
