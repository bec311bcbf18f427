// What a method builds beside the student and hands to nobody: heads, learnt variances, memories. Metrics look at it here as
// it was before the first step and after the last; and an arm may change what its method is shown, to plant a fault.

/**
 * @typedef {import('@stillhouse/engine').Tf} Tf
 * @typedef {import('@stillhouse/engine').Method} Method
 * @typedef {import('@stillhouse/engine').MethodSetup} MethodSetup
 * @typedef {import('@stillhouse/engine').StepContext} StepContext
 * @typedef {import('@stillhouse/engine').Stage} Stage
 * @typedef {import('@stillhouse/engine').Network} Network
 * @typedef {import('@stillhouse/engine').Variable} Variable
 * @typedef {import('./probe.mjs').Features} Features
 * @typedef {(step: StepContext) => StepContext} Tamper the step as the method shall see it
 * @typedef {ReturnType<typeof openMethods>} Insides
 */

/**
 * @param {Tf} tf
 * @param {readonly Method[]} methods of the shelf
 * @param {Tamper} [tamper] default: nothing is changed
 */
export function openMethods(tf, methods, tamper = (step) => step) {
  /** By name, of the plan that was made last: a job rehearses its plan before. */
  const built = {
    networks: /** @type {Map<string, Network>} */ (new Map()),
    states: /** @type {Map<string, Variable>} */ (new Map()),
    /** First values. */
    first: /** @type {Map<Variable, Float32Array>} */ (new Map()),
  }
  /** @param {MethodSetup} setup @returns {MethodSetup} */
  const open = (setup) => ({
    ...setup,
    build: (role, architecture) => {
      const network = setup.build(role, architecture)
      built.networks.set(role, network)
      for (const variable of network.variables) built.first.set(variable, valuesOf(variable))
      return network
    },
    state: (name, initial, options) => {
      const variable = setup.state(name, initial, options)
      built.states.set(name, variable)
      return variable
    },
  })
  return {
    methods: methods.map((method) => opened(method, open, tamper)),
    /** A state of the method as it is now. @param {string} name */
    state: (name) => valuesOf(named(built.states, name)),
    /**
     * What a network of the method makes of features, in inference mode.
     * @param {string} role @param {Features} features @param {{untrained?: boolean}} [options] `untrained`: with its first
     *   weights
     * @returns {Features}
     */
    apply(role, features, { untrained = false } = {}) {
      const network = named(built.networks, role)
      const now = new Map(network.variables.map((variable) => [variable, valuesOf(variable)]))
      if (untrained) assign(tf, network, built.first)
      const { shape, values } = tf.tidy(() => {
        const found = /** @type {import('@stillhouse/engine').Tensor} */ (
          network.model.predict(tf.tensor(features.values, features.shape))
        )
        return { shape: found.shape, values: /** @type {Float32Array} */ (found.dataSync()) }
      })
      assign(tf, network, now)
      return { shape, values }
    },
  }
}

/**
 * @param {Method} method
 * @param {(setup: MethodSetup) => MethodSetup} open
 * @param {Tamper} tamper
 * @returns {Method}
 */
function opened(method, open, tamper) {
  const { plan, term } = /** @type {any} */ (method)
  /** @param {import('@stillhouse/engine').Update} update */
  const updateOf = (update) =>
    update.kind === 'state'
      ? { ...update, run: (/** @type {StepContext} */ step) => update.run(tamper(step)) }
      : { ...update, loss: (/** @type {StepContext} */ step) => update.loss(tamper(step)) }
  return {
    .../** @type {any} */ (method),
    ...(plan && { plan: (/** @type {MethodSetup} */ setup) => planOf(plan(open(setup)), updateOf) }),
    ...(term && {
      term: (/** @type {MethodSetup} */ setup) => {
        const made = term(open(setup))
        return {
          ...made,
          loss: (/** @type {StepContext} */ step, /** @type {any} */ student) => made.loss(tamper(step), student),
          ...(made.after && { after: made.after.map(updateOf) }),
        }
      },
    }),
  }
}

/** @param {import('@stillhouse/engine').Plan} plan @param {(update: any) => any} updateOf */
function planOf(plan, updateOf) {
  return { ...plan, stages: plan.stages.map((stage) => ({ ...stage, updates: stage.updates.map(updateOf) })) }
}

/**
 * The step with another feature in place of one of the first teacher's.
 * @param {StepContext} step @param {string} tap @param {(feature: any) => any} change
 * @returns {StepContext}
 */
export function withTeacherFeature(step, tap, change) {
  return {
    ...step,
    teacher: (index) => {
      const outputs = step.teacher(index)
      if (index !== 0) return outputs
      return {
        get logits() {
          return outputs.logits
        },
        tap: (name) => (name === tap ? change(outputs.tap(name)) : outputs.tap(name)),
      }
    },
  }
}

/** @param {Variable} variable a copy: what is read may be the tensor's own memory */
const valuesOf = (variable) => Float32Array.from(variable.dataSync())

/** @param {Tf} tf @param {Network} network @param {ReadonlyMap<Variable, Float32Array>} values */
function assign(tf, { variables }, values) {
  for (const variable of variables) {
    const value = tf.tensor(values.get(variable) ?? [], variable.shape)
    variable.assign(value)
    value.dispose()
  }
}

/** @template T @param {ReadonlyMap<string, T>} map @param {string} name @returns {T} */
function named(map, name) {
  const found = map.get(name)
  if (found !== undefined) return found
  throw new Error(`The method has built no "${name}". Expected one of ${[...map.keys()].join(', ')}.`)
}
