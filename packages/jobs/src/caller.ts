// Who calls, and what follows from it: the rows that may be seen, and the error for those that may not – the same as for
// rows that do not exist.
import type { JobRow, Tables, TeamRow } from '@stillhouse/db'
import { ApiError } from '@stillhouse/kit'
import { DEFAULT_TEAM } from '@stillhouse/spec'
import { existingJob, jobNotFound, shorten } from './job-errors.ts'
import type { Caller, TeamCaller } from './job-service.ts'

/**
 * The job, if the caller may see it.
 * @throws ApiError job.not_found
 */
export async function visibleJob(
  caller: Caller,
  id: string,
  find: (id: string) => Promise<JobRow | null>,
): Promise<JobRow> {
  const job = await existingJob(id, find)
  if (caller.teamId !== null && job.teamId !== caller.teamId) throw jobNotFound(id)
  return job
}

/**
 * The team of this name, if the caller may see it.
 * @throws ApiError team.not_found
 */
export async function visibleTeam(tables: Tables, caller: Caller, name: string): Promise<TeamRow> {
  const team = await tables.teams.findByName(name)
  if (team && (caller.teamId === null || caller.teamId === team.id)) return team
  throw new ApiError('team.not_found', `There is no team ${shorten(name)}. GET /v1/teams lists the teams there are.`)
}

/**
 * Whose rows a list may show: those of the team that was asked for, else all that the caller may see.
 * @throws ApiError team.not_found
 */
export async function fenceOf(tables: Tables, caller: Caller, team?: string): Promise<string | null> {
  return team === undefined ? caller.teamId : (await visibleTeam(tables, caller, team)).id
}

/**
 * The caller on behalf of the team of this name; without one: of its own, and a key of the cluster of the team `default`.
 * @throws ApiError team.not_found
 */
export async function inTeam(tables: Tables, caller: Caller, team?: string): Promise<TeamCaller> {
  return { ...caller, teamId: (await fenceOf(tables, caller, team)) ?? DEFAULT_TEAM.id }
}

/** @throws ApiError auth.forbidden for a key that belongs to a team */
export function assertCluster({ keyName, teamId }: Caller, what: string): void {
  if (teamId === null) return
  throw new ApiError('auth.forbidden', `The API key "${keyName}" belongs to a team. Only a key of the cluster ${what}.`)
}
