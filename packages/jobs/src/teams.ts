// Teams: made and bounded by the cluster's administrators, seen by their own.
import { isDeepStrictEqual } from 'node:util'
import { type TeamRow, uuidV7 } from '@stillhouse/db'
import { ApiError } from '@stillhouse/kit'
import type { NewTeam, Team, TeamChange, TeamQuotas, TeamUsage } from '@stillhouse/spec'
import { assertCluster, visibleTeam } from './caller.ts'
import type { JobContext } from './job-context.ts'
import type { Caller } from './job-service.ts'
import { record } from './record.ts'

const NO_LIMITS: TeamQuotas = {
  maxRunning: null,
  maxQueued: null,
  maxArtifactBytes: null,
  maxGpus: null,
  maxGpuHours: null,
}

/** @throws ApiError auth.forbidden, team.exists */
export async function createTeam(
  { db }: JobContext,
  caller: Caller,
  { name, weight = 1, quotas }: NewTeam,
): Promise<Team> {
  assertCluster(caller, 'may make teams')
  const id = uuidV7()
  const given = { ...NO_LIMITS, ...quotas }
  return db.transaction(async (tx) => {
    const isNew = await tx.teams.insert({ id, name, weight, quotas: given })
    const team = await visibleTeam(tx, caller, name)
    // a repeated transaction may find that its first try was committed after all: same id
    if (team.id !== id)
      throw new ApiError('team.exists', `There is a team "${name}" already. Change it with PATCH /v1/teams/${name}.`)
    if (isNew)
      await record(tx, caller, {
        action: 'createTeam',
        target: { kind: 'team', id: name },
        teamId: id,
        detail: { weight, quotas: given },
      })
    return teamView(team, await tx.teams.usage(id))
  })
}

/** By name. */
export async function listTeams({ db }: JobContext, caller: Caller): Promise<Team[]> {
  const rows = await db.read((tables) => tables.teams.list(caller.teamId))
  return rows.map((row) => teamView(row, row.usage))
}

/** @throws ApiError team.not_found */
export async function getTeam({ db }: JobContext, caller: Caller, name: string): Promise<Team> {
  return db.read(async (tables) => {
    const team = await visibleTeam(tables, caller, name)
    return teamView(team, await tables.teams.usage(team.id))
  })
}

/**
 * Changes the weight and the quotas that are given. What is over a lowered one stays: it only does not grow.
 * @throws ApiError team.not_found, auth.forbidden
 */
export async function updateTeam(
  { db }: JobContext,
  caller: Caller,
  { name, ...change }: TeamChange & { name: string },
): Promise<Team> {
  return db.transaction(async (tx) => {
    const { id } = await visibleTeam(tx, caller, name)
    assertCluster(caller, 'may change weights and quotas')
    const team = (await tx.teams.lock(id)) as TeamRow
    const before = { weight: team.weight, quotas: team.quotas }
    const after = { weight: change.weight ?? team.weight, quotas: { ...team.quotas, ...change.quotas } }
    if (!isDeepStrictEqual(before, after)) {
      await tx.teams.change({ id, ...after })
      await record(tx, caller, {
        action: 'updateTeam',
        target: { kind: 'team', id: name },
        teamId: id,
        detail: { before, after },
      })
      await tx.signals.work()
    }
    return teamView({ ...team, ...after }, await tx.teams.usage(id))
  })
}

function teamView({ name, weight, quotas, createdAt }: TeamRow, usage: TeamUsage): Team {
  return { name, weight, quotas, usage, createdAt: createdAt.toISOString() }
}
