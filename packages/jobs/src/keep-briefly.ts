// One answer for everybody who asks at about the same time: a second scraper costs nothing.

/**
 * Asks `load` again only when its last answer is older than `ms`; while it answers all wait for the same one. A failure
 * is not kept.
 */
export function keepBriefly<T>(load: () => Promise<T>, ms: number): () => Promise<T> {
  let kept: { readonly value: T; readonly until: number } | null = null
  let loading: Promise<T> | null = null
  const ask = async (): Promise<T> => {
    const value = await load()
    kept = { value, until: performance.now() + ms }
    return value
  }
  return async () => {
    if (kept !== null && performance.now() < kept.until) return kept.value
    loading ??= ask().finally(() => {
      loading = null
    })
    return loading
  }
}
