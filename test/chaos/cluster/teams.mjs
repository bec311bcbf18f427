// Three teams share the cluster; each has a key of its own and sees its own jobs only.

const NAMES = ['amber', 'birch', 'coral']

/**
 * @typedef {{name: string, client: import('@stillhouse/client').Client}} TeamMember
 */

/** @param {import('./start-cluster.mjs').Cluster} cluster @returns {Promise<TeamMember[]>} */
export async function makeTeams({ admin, client }) {
  const teams = []
  for (const name of NAMES) {
    await admin.createTeam({ name })
    const issued = await admin.createKey({ name: `chaos ${name}`, team: name, scopes: ['jobs:read', 'jobs:write'] })
    teams.push({ name, client: client(issued.secret) })
  }
  return teams
}
