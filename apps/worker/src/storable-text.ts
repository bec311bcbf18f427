// Text from a trainer may hold anything that a native library prints; the database takes neither NUL nor half a
// surrogate pair, and cutting text off can make one.

const UNSTORABLE = /[\0\p{Surrogate}]/gu

/** `text` without what cannot be stored, at most `length` UTF-16 units long. */
export function storableText(text: string, length: number): string {
  return text.slice(0, length).replace(UNSTORABLE, '\uFFFD')
}
