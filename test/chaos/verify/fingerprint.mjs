// What a job leaves behind that must not depend on what was done to it: the files of its model, and its metrics.
import { patiently } from '../cluster/patiently.mjs'

/**
 * @typedef {{path: string, sha256: string}} ModelFile
 * @typedef {{seq: number, what: string}} Point `what`: all of the point but its number, in one text
 */

/**
 * @param {import('@stillhouse/client').Client} client
 * @param {string} id
 * @returns {Promise<{model: ModelFile[], metrics: Point[]}>}
 */
export async function fingerprint(client, id) {
  const artifacts = await patiently(() => client.listArtifacts(id))
  const model = artifacts
    .filter(({ kind }) => kind === 'export')
    .map(({ path, sha256 }) => ({ path, sha256 }))
    .sort((a, b) => (a.path < b.path ? -1 : 1))
  return { model, metrics: await allMetrics(client, id) }
}

/** @param {import('@stillhouse/client').Client} client @param {string} id @returns {Promise<Point[]>} */
async function allMetrics(client, id) {
  /** @type {Point[]} */
  const points = []
  for (;;) {
    const { items } = await patiently(() => client.listMetrics(id, { after: points.at(-1)?.seq ?? 0, limit: 1000 }))
    if (items.length === 0) return points
    for (const { seq, ...rest } of items) points.push({ seq, what: JSON.stringify(Object.entries(rest).sort()) })
  }
}
