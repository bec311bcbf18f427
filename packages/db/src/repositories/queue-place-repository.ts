// Where a job stands in the queue.
import type { Connection } from '../connection.ts'

type Place = { readonly id: string; readonly position: number }

/** Up to so many jobs it is quicker to count who is ahead of each than to number the whole queue. */
const FEW = 8

export function createQueuePlaceRepository(db: Connection) {
  const count = (ids: readonly string[]): Promise<Place[]> => db.$queryRaw`
    SELECT id, (1
      + (SELECT count(*) FROM job AS other WHERE other.state = 'queued' AND other.priority > job.priority)
      + (SELECT count(*) FROM job AS other WHERE other.state = 'queued' AND other.priority = job.priority
          AND (other.queued_at, other.id) < (job.queued_at, job.id)))::int AS position
    FROM job WHERE id = ANY(${ids}::uuid[]) AND state = 'queued'`

  const number = (ids: readonly string[]): Promise<Place[]> => db.$queryRaw`
    SELECT id, position::int FROM (
      SELECT id, row_number() OVER (ORDER BY priority DESC, queued_at, id) AS position FROM job WHERE state = 'queued'
    ) AS queue WHERE id = ANY(${ids}::uuid[])`

  return {
    /** Position (1 = next) of each of the jobs that is queued. */
    async positions(ids: readonly string[]): Promise<Map<string, number>> {
      if (ids.length === 0) return new Map()
      const places = await (ids.length > FEW ? number(ids) : count(ids))
      return new Map(places.map(({ id, position }) => [id, position]))
    },
  }
}
