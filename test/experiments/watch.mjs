// Looks at a method's networks while they train: adapters and peers are gone when the job is over, and some claims are about
// them. A definition says what is looked at (`watch`); what it gives joins the points of the training's log.

/**
 * @typedef {import('../bench/stillhouse/engine.mjs').Network} Network
 * @typedef {{
 *   when: 'begin' | 'evaluation' | 'end', stage: string, step: number,
 *   network: (role: string) => Network, probe: import('./probe.mjs').Probe,
 * }} Moment `begin` of a stage, before its first step; an `evaluation` within it; its `end`. `network` by its role in the job
 * @typedef {(moment: Moment) => Promise<Record<string, number>>} Watch values by name, finite
 * @typedef {{name: string, stage: string, step: number, value: number}} Point
 */

/**
 * @param {{watch: Watch, probe: () => Promise<import('./probe.mjs').Probe>, points: Point[]}} options `points` takes what was
 *   seen
 */
export function createWatch({ watch, probe, points }) {
  /** By role. @type {Map<string, Network>} */
  const networks = new Map()
  /** @param {string} role */
  const network = (role) => {
    const found = networks.get(role)
    if (found) return found
    throw new Error(`There is no network "${role}". Expected one of ${[...networks.keys()].join(', ')}.`)
  }
  /** @param {Moment['when']} when @param {{stage: string, step: number}} place */
  const look = async (when, { stage, step }) => {
    const values = await watch({ when, stage, step, network, probe: await probe() })
    for (const [name, value] of Object.entries(values)) points.push({ name, stage, step, value })
  }
  return {
    /**
     * The same methods, seen through. Terms, which have no stages of their own, are as they were.
     * @param {readonly any[]} methods @returns {any[]}
     */
    methods: (methods) =>
      methods.map((entry) =>
        entry.plan === undefined
          ? entry
          : { ...entry, plan: (/** @type {any} */ setup) => told(entry.plan(noted(setup, networks)), look) },
      ),
    /** @param {{type: string}} event of the job */
    async see(event) {
      if (networks.size === 0) return
      const place = /** @type {any} */ (event)
      if (event.type === 'eval') await look('evaluation', place)
      if (event.type === 'checkpoint') await look('end', place)
    },
  }
}

/** @param {any} setup @param {Map<string, Network>} networks */
function noted(setup, networks) {
  const note = (/** @type {Network | null} */ network) => {
    if (network !== null) networks.set(network.role, network)
    return network
  }
  note(setup.student)
  for (const teacher of setup.teachers) note(teacher.network)
  for (const peer of setup.peers) note(peer.network)
  return { ...setup, build: (/** @type {unknown[]} */ ...given) => note(setup.build(...given)) }
}

/** @param {any} plan @param {(when: 'begin', place: {stage: string, step: number}) => Promise<void>} look */
function told(plan, look) {
  const stages = plan.stages.map((/** @type {any} */ stage) => ({
    ...stage,
    begin: async (/** @type {unknown} */ host) => {
      await stage.begin?.(host)
      await look('begin', { stage: stage.name, step: 0 })
    },
  }))
  return { ...plan, stages }
}

/** The one value of a name that was seen in a run. @param {import('./measures.mjs').Run} run @param {string} name */
export function seenOnce({ points }, name) {
  const [found, ...others] = points.filter((point) => point.name === name)
  if (found !== undefined && others.length === 0) return found.value
  throw new Error(`"${name}" was to be seen once in the training. It was seen ${found ? others.length + 1 : 0} times.`)
}
