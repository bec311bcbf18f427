// Conditional requests (RFC 9110 §13): whether the caller already has the content.

/** True when an If-None-Match header names this ETag (weak comparison) or is `*`. */
export function etagMatches(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false
  return header.split(',').some((part) => {
    const candidate = part.trim().replace(/^W\//, '')
    return candidate === '*' || candidate === etag
  })
}
