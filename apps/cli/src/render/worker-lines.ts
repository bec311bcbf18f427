// Workers as tables and lines.
import type { Device, Worker, WorkerJob } from '@stillhouse/spec'
import { duration } from './format.ts'
import { table } from './table.ts'

/** One row per worker, then one per job that they run. */
export function workerTable(workers: readonly Worker[], now: Date = new Date()): string {
  const rows = workers.map((worker) => [
    worker.name,
    worker.host,
    standing(worker),
    `${worker.busy} of ${worker.slots}`,
    deviceText(worker.devices),
    worker.memoryGb === null ? '?' : gigabytes(worker.memoryGb),
    labelText(worker.labels),
    `${duration((now.getTime() - Date.parse(worker.lastSeenAt)) / 1000)} ago`,
  ])
  const machines = table(['worker', 'host', 'state', 'busy', 'devices', 'memory', 'labels', 'last seen'], rows)
  const jobs = workers.flatMap(jobRows)
  return jobs.length === 0
    ? machines
    : `${machines}\n\n${table(['job', 'on', 'name', 'team', 'attempt', 'done'], jobs)}`
}

/** What a change of a worker's mode comes to. */
export function changeLine({ name, mode, busy, handsBack, state }: Worker): string {
  const running = `${busy} ${busy === 1 ? 'job' : 'jobs'}`
  const gone = state === 'gone' ? '; it is gone, and so it holds for its next start' : ''
  if (mode === 'active') return `${name} takes jobs again${gone}`
  if (mode === 'cordoned' || busy === 0)
    return `${name} takes no new jobs${busy === 0 ? '' : `; ${running} on it run to the end`}${gone}`
  return handsBack
    ? `${name} takes no new jobs and hands back ${running}, which go on elsewhere`
    : `${name} takes no new jobs; its version cannot hand back jobs, so the ${running} on it run to the end`
}

function standing({ state, mode }: Worker): string {
  if (state === 'gone') return mode === 'active' ? 'gone' : `gone (${mode})`
  return state === 'draining' ? 'shutting down' : mode
}

/** The CPU is news only where there is nothing else. */
function deviceText(devices: readonly Device[]): string {
  const gpus = devices.filter(({ kind }) => kind === 'gpu')
  const counts = new Map<string, number>()
  for (const gpu of gpus) counts.set(deviceName(gpu), (counts.get(deviceName(gpu)) ?? 0) + 1)
  const named = [...counts].map(([name, count]) => (count === 1 ? name : `${count} × ${name}`))
  return named.length > 0 ? named.join(', ') : 'CPU'
}

function deviceName({ name, memoryGb }: Device): string {
  return memoryGb === undefined ? name : `${name} ${gigabytes(memoryGb)}`
}

function gigabytes(value: number): string {
  return `${Number(value.toFixed(1))} GB`
}

function labelText(labels: Worker['labels']): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}=${value}`)
    .join(' ')
}

function jobRows({ name: worker, jobs, busy }: Worker): string[][] {
  const others = busy - jobs.length
  return [...jobs.map((job) => jobRow(job, worker)), ...(others > 0 ? [[`and ${others} of other teams`, worker]] : [])]
}

function jobRow({ id, name, team, attempt, progress, stopReason }: WorkerJob, worker: string): string[] {
  const done = progress === null ? 'starting' : `${Math.floor(progress * 100)} %`
  return [id, worker, name, team, String(attempt), stopReason === null ? done : `${done}, wanted back: ${stopReason}`]
}
