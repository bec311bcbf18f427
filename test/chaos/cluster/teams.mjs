// Three teams share the cluster; each has a key of its own and sees its own jobs only.

const NAMES = ['amber', 'birch', 'coral']

/**
 * @typedef {{name: string, client: import('@stillhouse/client').Client}} TeamMember
 */

/** @param {import('./start-cluster.mjs').Cluster} cluster @returns {Promise<TeamMember[]>} */
export async function makeTeams({ calm, client }) {
  const teams = []
  for (const name of NAMES) {
    await calm.createTeam({ name })
    const issued = await calm.createKey({ name: `chaos ${name}`, team: name, scopes: ['jobs:read', 'jobs:write'] })
    teams.push({ name, client: client(issued.secret) })
  }
  return teams
}
