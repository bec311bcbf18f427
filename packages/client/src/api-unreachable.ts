// No answer at all: connection refused, name not found, network gone, time over.

/** The service could not be reached; `cause` has the reason. Trying again later may help. */
export class ApiUnreachable extends Error {
  readonly url: string

  constructor(url: string, cause: unknown) {
    super(`The service at ${url} does not answer: ${reasonOf(cause)}. Check that it runs and that the URL is right.`, {
      cause,
    })
    this.name = 'ApiUnreachable'
    this.url = url
  }
}

/** fetch hides the reason one or two levels down. */
function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause)
  if (cause.cause !== undefined) return reasonOf(cause.cause)
  const { code } = cause as { code?: unknown }
  return cause.message || (typeof code === 'string' ? code : cause.name)
}
