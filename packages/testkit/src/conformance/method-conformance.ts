// What every distillation method promises, whatever its losses: it trains what it says it trains, and nothing else; it
// can be stopped anywhere; and its compiled step is the same step.
import type { Architecture, Method, Network, Signature, Stage, TrainEvent } from '@stillhouse/engine'
import { describe, expect, it } from 'vitest'
import { defaultParams } from './entry-conformance.ts'
import { type MethodCase, type MethodRun, runMethod } from './method-run.ts'
import { tf } from './native-tf.ts'

const STEPS = 20

export interface MethodNetworks {
  /** The first that the method's own check has nothing against is taken. */
  readonly pairs: readonly NetworkPair[]
  readonly signature: Signature
}

interface NetworkPair {
  readonly student: Architecture
  readonly teacher: Architecture
}

/**
 * Registers the tests of one entry, with its defaults and with as few and as many as two teachers and peers; of one that
 * is a plan and a term both ways.
 */
export function methodConformance(method: Method, networks: MethodNetworks): void {
  for (const [way, one] of waysOf(method)) describe(way, () => eachCount(one, networks))
}

function waysOf(method: Method): [string, Method][] {
  if (!('plan' in method)) return [['as a term', method]]
  const { plan: _, ...rest } = method
  return [['as a plan', method], ...('term' in rest ? [['as a term', rest] as [string, Method]] : [])]
}

function eachCount(method: Method, networks: MethodNetworks): void {
  const { teachers, peers = { min: 0, max: 0 } } = method.needs
  const few = { teachers: teachers.min, peers: peers.min }
  const more = { teachers: Math.min(teachers.max, few.teachers + 1), peers: Math.min(peers.max, few.peers + 1) }
  const same = more.teachers === few.teachers && more.peers === few.peers

  describe.each(same ? [few] : [few, more])('with $teachers teacher(s) and $peers peer(s)', (count) => {
    const given = methodCase(method, networks, count)
    const undisturbed = onceEach((compile) => runMethod(given, { steps: STEPS, compile }))

    it('plans stages that make up the whole training, and a network to deploy', async () => {
      const { plans, stages } = await undisturbed(false)
      const shares = stages.map(({ share }) => share)
      expect(shares.every((share) => share > 0)).toBe(true)
      expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 9)
      expect(new Set(stages.map(({ name }) => name)).size).toBe(stages.length)
      expect(plans.at(-1)?.next).toBeUndefined()
      expect(plans.map(({ deploy }) => deploy.frozen)).not.toContain(true)
      for (const stage of stages) expectKnownRoles(stage)
    })

    it('names the parts of its loss, and keeps them finite', async () => {
      const { losses } = await undisturbed(true)
      expect(losses.size).toBeGreaterThan(0)
      for (const [name, values] of losses) {
        expect(name).toMatch(/^[A-Za-z][A-Za-z0-9.]*$/)
        expect(values.every(Number.isFinite)).toBe(true)
      }
    })

    it.each([true, false])('changes the players of a stage and nothing else (compiled: %s)', async (compile) => {
      const run = await undisturbed(compile)
      expect(run.values).toHaveLength(run.stages.length + 1)
      for (const [i, stage] of run.stages.entries()) {
        const changed = changedIn(run, i)
        const allowed = mayChange(run, stage)
        expect(changed.filter((name) => !allowed.has(name))).toEqual([])
        expectPlayersMoved(run, stage, changed)
      }
    })

    it('gives every player a gradient that is finite and not zero', async () => {
      const optimizer = { name: 'sgd', learningRate: 1e-3 } as const
      const run = await runMethod(given, { steps: STEPS, compile: false, optimizer })
      for (const bytes of run.values.at(-1)?.values() ?? []) expect(numbersOf(bytes).every(Number.isFinite)).toBe(true)
      for (const [i, stage] of run.stages.entries()) expectPlayersMoved(run, stage, changedIn(run, i))
    })

    it('leaves its teachers as they were, in every bit', async () => {
      for (const compile of [true, false]) {
        const { teacherValues } = await undisturbed(compile)
        expect(teacherValues.before).toHaveLength(method.needs.trainableTeachers === true ? 0 : count.teachers)
        expect(teacherValues.after).toEqual(teacherValues.before)
      }
    })

    it('compiled and eager, goes the same way for twenty steps', async () => {
      const [compiled, eager] = [await undisturbed(true), await undisturbed(false)]
      expect([...compiled.losses.keys()]).toEqual([...eager.losses.keys()])
      for (const [name, values] of compiled.losses)
        for (const [i, value] of values.entries())
          expectNear(value, eager.losses.get(name)?.[i], `${name} at step ${i}`)
    })

    it('stopped again and again and taken up each time, ends with the same bytes and the same series', async () => {
      const whole = await undisturbed(true)
      const stops = stopsOf(whole)
      const title = `stopped after ${stops.join(', ')} steps`
      const series: string[] = []
      let last: MethodRun | null = null
      for (const [i, stop] of [...stops, STEPS].entries()) {
        const stopAfter = stop === STEPS ? {} : { stopAfter: stop - (stops[i - 1] ?? 0) }
        last = await runMethod(given, { steps: STEPS, compile: true, resume: last?.checkpoint ?? null, ...stopAfter })
        series.push(...last.series)
      }
      expect(series, title).toEqual(whole.series)
      expect(last?.values.at(-1), title).toEqual(whole.values.at(-1))
      // four runs of a compiled step, or more, which several networks make slow to trace
    }, 120_000)

    it.each([true, false])('leaves no tensors behind from step to step (compiled: %s)', async (compile) => {
      const counts = new Map<string, number[]>()
      const onEvent = (event: TrainEvent) => {
        const point = event.type === 'metrics' ? event.points[0] : undefined
        if (point !== undefined) counts.set(point.stage, [...(counts.get(point.stage) ?? []), tf.memory().numTensors])
      }
      await runMethod(given, { steps: 2 * STEPS, compile, onEvent })
      expect(counts.size).toBeGreaterThan(0)
      // the first steps of a stage make what lives as long as it does
      for (const [stage, tensors] of counts) expect([stage, new Set(tensors.slice(3, -1)).size]).toEqual([stage, 1])
    })

    it('leaves no tensors behind when it is done', async () => {
      // what is made once and kept has been made
      await undisturbed(true)
      const before = tf.memory().numTensors
      await runMethod(given, { steps: 4, compile: true })
      expect(tf.memory().numTensors).toBe(before)
    })

    it('works with batches of one sample', async () => {
      const { losses } = await runMethod(given, { steps: 5, compile: true, batchSize: 1 })
      for (const values of losses.values()) expect(values.every(Number.isFinite)).toBe(true)
    })
  })
}

interface Counts {
  readonly teachers: number
  readonly peers: number
}

function methodCase(method: Method, { pairs, signature }: MethodNetworks, count: Counts): MethodCase {
  const sources = Object.fromEntries((method.needs.sources ?? []).map((name) => [name, signature]))
  const cases = pairs.map(({ student, teacher }) => {
    const teachers = Array.from({ length: count.teachers }, () => teacher)
    const peers = Array.from({ length: count.peers }, () => student)
    const job = { signature, student, teachers, peers, batchSize: 8, sources }
    const faults = method.check?.(defaultParams(method), job) ?? []
    return { faults, given: { method, student, teachers, peers } }
  })
  const fitting = cases.find(({ faults }) => faults.length === 0)
  if (fitting !== undefined) return fitting.given
  const reasons = cases.flatMap(({ faults }) => faults.map(({ message }) => message)).join('; ')
  throw new Error(`The method ${method.name} takes none of the suite's networks: ${reasons}.`)
}

/** Runs that several tests look at are made once. */
function onceEach(run: (compile: boolean) => Promise<MethodRun>): (compile: boolean) => Promise<MethodRun> {
  const runs = new Map<boolean, Promise<MethodRun>>()
  return (compile) => {
    const made = runs.get(compile) ?? run(compile)
    runs.set(compile, made)
    return made
  }
}

function expectKnownRoles({ players, updates }: Stage): void {
  const roles = players.map(({ role }) => role)
  expect(new Set(roles).size).toBe(roles.length)
  for (const update of updates)
    if (update.kind === 'gradient') expect(roles).toEqual(expect.arrayContaining([...update.trains]))
}

/** Variables that are not the same at the end of stage `i` as at its start; new ones have not changed yet. */
function changedIn({ values }: MethodRun, i: number): string[] {
  const [before, after] = [values[i], values[i + 1]]
  return [...(after ?? [])].flatMap(([name, bytes]) => ((before?.get(name) ?? bytes) === bytes ? [] : [name]))
}

function expectPlayersMoved(run: MethodRun, { players }: Stage, changed: readonly string[]): void {
  for (const { role, variables } of players)
    expect([role, namesOf(run, variables).some((name) => changed.includes(name))]).toEqual([role, true])
}

/** Players, what the stage's state updates declare, and the batch statistics of networks that have a player. */
function mayChange(run: MethodRun, stage: Stage): Set<string> {
  const players = stage.players.flatMap(({ variables }) => variables)
  const declared = stage.updates.flatMap((update) => (update.kind === 'state' ? update.changes : []))
  const trained = run.networks.filter((network: Network) => network.trainable.some((one) => players.includes(one)))
  const statistics = trained.flatMap(({ variables, trainable }) => variables.filter((one) => !trainable.includes(one)))
  return new Set(namesOf(run, [...players, ...declared, ...statistics]))
}

function namesOf({ variables }: MethodRun, wanted: readonly unknown[]): string[] {
  return [...variables].flatMap(([name, variable]) => (wanted.includes(variable) ? [name] : []))
}

function numbersOf(bytes: string): Float32Array {
  return new Float32Array(new Uint8Array(Buffer.from(bytes, 'base64')).buffer)
}

/** Float32 sums in another order, twenty steps later. */
function expectNear(actual: number, expected: number | undefined, title: string): void {
  const far = Math.abs(actual - (expected ?? Number.NaN)) / Math.max(1, Math.abs(expected ?? 0))
  expect(far, title).toBeLessThan(2e-3)
}

/**
 * After the first step, the last but one, and one that is another in every run of the suite; and around where a plan is
 * followed by another: before that is decided on, and after its first step.
 */
function stopsOf({ plans }: MethodRun): number[] {
  const shares = plans.map(({ stages }) => stages.reduce((sum, { share }) => sum + share, 0))
  const ends = shares.slice(0, -1).map((_, i) => shares.slice(0, i + 1).reduce((sum, share) => sum + share, 0))
  const around = ends.flatMap((end) => [Math.round(end * STEPS), Math.round(end * STEPS) + 1])
  const some = [1, 2 + Math.floor(Math.random() * (STEPS - 3)), STEPS - 1]
  return [...new Set([...some, ...around])].filter((stop) => stop < STEPS).sort((a, b) => a - b)
}
