// Everything that is done to the cluster. A new fault is one more entry here.
import { placeFaults } from './place-faults.mjs'
import { processFaults } from './process-faults.mjs'
import { storeFaults } from './store-faults.mjs'

/**
 * @typedef {import('../cluster/start-cluster.mjs').Cluster} Cluster
 * @typedef {import('../cluster/ledger.mjs').JobNow} JobNow
 * @typedef {() => unknown} Heal takes the fault away; may be async
 *
 * @typedef {object} FaultKind
 * @property {string} name
 * @property {string} how
 * @property {[number, number]} seconds shortest and longest time until it is taken away
 * @property {import('../options.mjs').Backend} [backend] the only one that it makes sense with
 * @property {(cluster: Cluster) => string | null} [hindrance] why it cannot be done on this machine, if it cannot
 * @property {(cluster: Cluster, jobs: readonly JobNow[]) => string[]} targets services that it may hit now
 * @property {(cluster: Cluster, target: string) => Heal | null | Promise<Heal | null>} strike null: there was nothing to hit
 * @property {(cluster: Cluster, target: string, since: number) => Promise<boolean>} back whether the target works again
 *   (`since`: milliseconds since 1970, when the fault was taken away)
 */

/** @param {import('../options.mjs').Backend} backend @returns {FaultKind[]} */
export function faultKinds(backend) {
  return [...processFaults, ...storeFaults, ...placeFaults].filter(
    (kind) => kind.backend === undefined || kind.backend === backend,
  )
}
