// The outputs of a job's frozen teachers, computed once and kept: on disk for every job on the machine, or in memory. With
// augmentation a sample looks different in every epoch, so an epoch has outputs of its own.
import type { HostBatch } from '../data/batch-source.ts'
import type { PredictProgress } from '../evaluate/predict-logits.ts'
import { createHostProgram, type HostProgram, sizeOf } from './host-program.ts'
import {
  type OutputGroup,
  type OutputPlan,
  type OutputPlanOptions,
  outputPlan,
  showsSameSamples,
  tapsOf,
  teacherAt,
  teachersOf,
} from './output-plan.ts'
import { diskStore } from './rows/disk-rows.ts'
import { memoryStore } from './rows/memory-rows.ts'
import type { RowStore, Rows, RowWriter } from './rows/rows.ts'
import type { TeacherOutput, TeacherOutputs } from './teacher-outputs.ts'
import { augmentedPass, viewPass } from './teacher-pass.ts'

export interface OpenTeacherOutputs extends OutputPlanOptions {
  /** Folder shared by jobs and processes; null: outputs are held in memory. */
  readonly cacheDir: string | null
  /** Bytes of all kept outputs in the folder. */
  readonly cacheBytes: number
  readonly signal: AbortSignal
  /** Told what went wrong with the cache; the outputs are right all the same. */
  note(message: string): void
}

export function openTeacherOutputs(options: OpenTeacherOutputs): TeacherOutputs {
  const { cacheDir: dir, cacheBytes: limit, note } = options
  const store = dir === null ? memoryStore() : diskStore({ dir, limit, note })
  const state: State = {
    options,
    store,
    plan: outputPlan(options, store),
    rowOf: rowNumbers(options.plan),
    held: new Map(),
    programs: new Map(),
    buffers: new Map(),
  }
  const { shapeOf, isKept } = state.plan
  let ready: Tables = new Map()
  const isForeign = ({ teacher }: TeacherOutput) => teacherAt(options.teachers, teacher).foreign !== null
  const outputs: TeacherOutputs = {
    on: (main) => (showsSameSamples(options.plan.main, main) ? outputs : unkept),
    shapeOf,
    feeds: (output) => {
      if (isForeign(output)) return 'must'
      return isKept(output) ? 'may' : 'live'
    },
    prepare: async function* (wanted, epoch) {
      const tables = yield* prepare(state, state.plan.groups(wanted, epoch))
      if (tables === null) return false
      ready = tables
      return true
    },
    rows: (wanted, batch) => rowsOf(state, ready, { outputs: wanted, batch }),
    close: async () => {
      await release(state, new Set())
      for (const program of state.programs.values()) program.dispose()
      state.programs.clear()
    },
  }
  const unkept: TeacherOutputs = {
    ...outputs,
    feeds: (output) => (isForeign(output) ? 'must' : 'live'),
    // biome-ignore lint/correctness/useYield: there is nothing to make ready
    prepare: async function* () {
      ready = new Map()
      return true
    },
  }
  return outputs
}

/** By name of the output; null: there was no room, so the teacher runs on the host for every batch. */
type Tables = ReadonlyMap<string, Rows | null>

interface State {
  readonly options: OpenTeacherOutputs
  readonly store: RowStore
  readonly plan: OutputPlan
  /** Row of a sample by its number in the split, which is −1 for those of no training. */
  readonly rowOf: Int32Array
  /** Open tables by key. */
  readonly held: Map<string, Rows | null>
  readonly programs: Map<string, HostProgram>
  /** What rows are read into, by name of the output. */
  readonly buffers: Map<string, Float32Array>
}

const nameOf = ({ teacher, tap }: TeacherOutput) => `${teacher} ${tap}`

function rowNumbers({ main: { view } }: OutputPlanOptions['plan']): Int32Array {
  const rows = new Int32Array(view.split.size).fill(-1)
  view.indices.forEach((index, row) => {
    rows[index] = row
  })
  return rows
}

/** @returns null when the signal ended it */
async function* prepare(state: State, groups: readonly OutputGroup[]): AsyncGenerator<PredictProgress, Tables | null> {
  const { options, store, held } = state
  await release(state, new Set(groups.flatMap(({ keys }) => keys)))
  const tables = new Map<string, Rows | null>()
  for (const group of groups) {
    if (options.signal.aborted) return null
    for (const [i, key] of group.keys.entries()) {
      const found = held.has(key) ? null : await store.open(key, layoutAt(group, i))
      if (found !== null) held.set(key, found)
    }
    const whole = group.keys.every((key) => held.has(key)) || (yield* compute(state, group))
    if (!whole) return null
    group.taps.forEach((tap, i) => {
      tables.set(nameOf({ ...group, tap }), held.get(group.keys[i] as string) ?? null)
    })
  }
  return tables
}

type Layout = OutputGroup['layouts'][number]
const layoutAt = ({ layouts }: OutputGroup, i: number) => layouts[i] as Layout

/** Closes every table but those. */
async function release({ held }: State, wanted: ReadonlySet<string>): Promise<void> {
  for (const [key, rows] of [...held]) {
    if (wanted.has(key)) continue
    held.delete(key)
    await rows?.close()
  }
}

/** @returns false when the signal ended it */
async function* compute(state: State, group: OutputGroup): AsyncGenerator<PredictProgress, boolean> {
  const { options, plan, store, held } = state
  const writers = new Map<number, RowWriter>()
  try {
    for (const [i, key] of group.keys.entries())
      if (!held.has(key)) writers.set(i, await store.create(key, layoutAt(group, i)))
    const write = (indices: Int32Array, outputs: readonly Float32Array[]) => {
      const places = indices.map((index) => state.rowOf[index] as number)
      for (const [i, writer] of writers) writer.write(places, outputs[i] as Float32Array)
    }
    const pass = { program: programOf(state, group), plan: options.plan, signal: options.signal, write }
    const whole = plan.augmented
      ? yield* augmentedPass(pass, options.batches, group.epoch)
      : yield* viewPass(pass, plan.batchSize)
    if (!whole) return false
    for (const [i, writer] of writers) held.set(group.keys[i] as string, await writer.finish())
    return true
  } finally {
    for (const writer of writers.values()) await writer.abandon()
    // every epoch of an augmented training needs it again
    if (!plan.augmented) dropProgram(state, group)
  }
}

type ProgramOf = Pick<OutputGroup, 'teacher' | 'taps'>

function programOf({ options, plan, programs }: State, { teacher: index, taps }: ProgramOf): HostProgram {
  const { tf, teachers } = options
  const key = JSON.stringify([index, ...taps])
  const { inputShape } = options.plan.main
  const { batchSize, compile } = plan
  const teacher = teacherAt(teachers, index)
  const program = programs.get(key) ?? createHostProgram({ tf, teacher, taps, inputShape, batchSize, compile })
  programs.set(key, program)
  return program
}

function dropProgram({ programs }: State, { teacher, taps }: ProgramOf): void {
  const key = JSON.stringify([teacher, ...taps])
  programs.get(key)?.dispose()
  programs.delete(key)
}

interface Wanted {
  readonly outputs: readonly TeacherOutput[]
  readonly batch: HostBatch
}

async function rowsOf(state: State, tables: Tables, { outputs, batch }: Wanted): Promise<readonly Float32Array[]> {
  const unkept = outputs.filter((output) => !tables.get(nameOf(output)))
  const computed = await computeRows(state, { outputs: unkept, batch })
  const places = unkept.length === outputs.length ? new Int32Array() : placesOf(state, batch)
  return outputs.map((output) => {
    const rows = computed.get(nameOf(output))
    if (rows !== undefined) return rows
    const into = bufferOf(state, output, places.length)
    tables.get(nameOf(output))?.read(places, into)
    return into
  })
}

function placesOf({ rowOf }: State, { index }: HostBatch): Int32Array {
  return index.map((sample) => {
    const row = rowOf[sample] ?? -1
    if (row >= 0) return row
    throw new Error(`Outputs of a teacher are asked for sample ${sample}, which is not one of the training's.`)
  })
}

function bufferOf({ buffers, plan }: State, output: TeacherOutput, batchSize: number): Float32Array {
  const length = batchSize * sizeOf(plan.shapeOf(output))
  const known = buffers.get(nameOf(output))
  const buffer = known?.length === length ? known : new Float32Array(length)
  buffers.set(nameOf(output), buffer)
  return buffer
}

/** Outputs that have no table, by name: of models that cannot run in a step, or when the disk is full. */
async function computeRows(state: State, { outputs, batch }: Wanted): Promise<ReadonlyMap<string, Float32Array>> {
  const rows = new Map<string, Float32Array>()
  for (const teacher of teachersOf(outputs)) {
    const taps = tapsOf(outputs, teacher)
    const computed = await programOf(state, { teacher, taps }).run(batch.views[0] as Float32Array, batch.index.length)
    taps.forEach((tap, i) => {
      rows.set(nameOf({ teacher, tap }), computed[i] as Float32Array)
    })
  }
  return rows
}
