// Cursors of lists: the last id of a page, wrapped so that nobody is tempted to make one up.
import { isUuid } from '@stillhouse/db'
import { ApiError } from '@stillhouse/kit'
import { shorten } from './job-errors.ts'

interface Listed<T> {
  readonly items: T[]
  readonly nextCursor: string | null
}

/** A page of `limit` out of rows that were read with one more, which tells whether there is another page. */
export function pageOf<T extends { readonly id: string | number }>(rows: readonly T[], limit: number): Listed<T> {
  const items = rows.slice(0, limit)
  const last = rows.length > limit ? items.at(-1) : undefined
  return { items, nextCursor: last ? Buffer.from(String(last.id)).toString('base64url') : null }
}

/** @throws ApiError request.invalid for a cursor that no page of `what` gave */
export function uuidOfCursor(cursor: string, what: string): string {
  const id = Buffer.from(cursor, 'base64url').toString()
  if (isUuid(id)) return id
  throw noCursor(cursor, what)
}

/** @throws ApiError request.invalid for a cursor that no page of `what` gave */
export function numberOfCursor(cursor: string, what: string): number {
  const text = Buffer.from(cursor, 'base64url').toString()
  if (/^[1-9]\d{0,14}$/.test(text)) return Number(text)
  throw noCursor(cursor, what)
}

export function noCursor(cursor: string, what: string): ApiError {
  const fault = {
    path: '/cursor',
    message: 'is not a cursor',
    expected: 'nextCursor of an earlier page',
    received: shorten(cursor),
  }
  return new ApiError('request.invalid', `The cursor is not one that a page of ${what} gave.`, { faults: [fault] })
}
