// PostgreSQL's text cannot hold every JavaScript string: NUL is refused and so is half a surrogate pair in jsonb.
// What workers and trainers send is made storable rather than refused: a log line must not fail a report.

// biome-ignore lint/suspicious/noControlCharactersInRegex: NUL is what we look for
const UNSTORABLE = /\u0000|\p{Surrogate}/gu

/** The text with what PostgreSQL cannot store replaced by U+FFFD. */
export function storableText(text: string): string {
  return text.replace(UNSTORABLE, '\uFFFD')
}

/** JSON text of the value with every string (not keys) made storable. */
export function storableJson(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) => (typeof inner === 'string' ? storableText(inner) : inner))
}

/** True when PostgreSQL can store the text as it is. */
export function isStorable(text: string): boolean {
  return storableText(text) === text
}
