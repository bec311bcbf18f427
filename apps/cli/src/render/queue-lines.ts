// The queue in two tables: the teams with their shares, and the first jobs in line.
import type { QueueView } from '@stillhouse/spec'
import { count, duration, percent } from './format.ts'
import { table } from './table.ts'

export function queueLines(
  { slots, busy, workers, leaving, inLine, teams, jobs }: QueueView,
  now = Date.now(),
): string {
  const away = leaving > 0 ? `, ${count(leaving)} more draining or cordoned` : ''
  const head = `${count(busy)} of ${count(slots)} slots busy on ${count(workers)} workers${away}; ${count(inLine)} in line`
  const parts = [head]
  if (teams.length > 0) parts.push(teamLines(teams))
  if (jobs.length > 0) parts.push(jobLines(jobs, now))
  return parts.join('\n\n')
}

function teamLines(teams: QueueView['teams']): string {
  const rows = teams.map((team) => [
    team.team,
    String(team.weight),
    percent(team.share),
    percent(team.used),
    ...[team.running, team.gpus, team.inLine, team.heldBack, team.backOff, team.blocked].map(count),
  ])
  const columns = ['team', 'weight', 'share', 'used', 'running', 'GPUs', 'in line', 'held back', 'back-off', 'blocked']
  return table(columns, rows)
}

function jobLines(jobs: QueueView['jobs'], now: number): string {
  const rows = jobs.map(({ id, name, team, priority, queuedAt, place }) => [
    place.position === null ? '–' : count(place.position),
    id,
    team,
    name,
    String(priority),
    duration((now - Date.parse(queuedAt)) / 1000),
    place.expectedStart === null ? '–' : duration(Math.max(0, (Date.parse(place.expectedStart) - now) / 1000)),
    place.reason,
  ])
  return table(['#', 'id', 'team', 'name', 'priority', 'waited', 'starts in', ''], rows)
}
