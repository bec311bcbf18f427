// Users decide what jobs ask for, so the number of kinds has to be bounded before it becomes a number of time series.

interface Kind {
  readonly needs: string
  readonly jobs: number
}

const MOST = 50

/** The most frequent kinds; the rest together as `other`. Jobs that any worker will do for are `any`. */
export function boundKinds(kinds: readonly Kind[], most: number = MOST): Kind[] {
  const named = kinds.map(({ needs, jobs }) => ({ needs: needs === '' ? 'any' : needs, jobs }))
  const sorted = named.sort((a, b) => b.jobs - a.jobs)
  const rest = sorted.slice(most).reduce((sum, { jobs }) => sum + jobs, 0)
  return [...sorted.slice(0, most), ...(rest > 0 ? [{ needs: 'other', jobs: rest }] : [])]
}
