// A recording becomes three programs on one set of session variables: the step, `pull` (read them) and `push` (write
// them). In the step every variable is read once, at the start; what is read after an assignment is already the new
// value in the recording. So it is enough that each assignment waits for that read, and each output for all assignments.
import { applyUpdates } from './apply-updates.ts'
import { assignVariable } from './assign-variable.ts'
import { DT, dataTypeOf } from './data-types.ts'
import { fuseNodes } from './fuse-nodes.ts'
import { type GraphNode, reachable } from './graph-node.ts'
import type { ChangedVariable, RecordedVariable, Recording } from './record-step.ts'
import type { AddNode } from './recorder.ts'
import type { Variable } from './tf.ts'

/** A run of the session: what it is fed and what it fetches, as the binding wants it. */
export interface Program {
  readonly feeds: string
  readonly fetches: string
}

export interface StepGraph {
  /** Every node after those it depends on. */
  readonly nodes: readonly GraphNode[]
  readonly step: Program
  readonly push: Program
  readonly pull: Program
  /** Variables that the step reads or changes, in the order in which `push` is fed. */
  readonly used: readonly Variable[]
  /** Variables that the step changes, in the order in which `pull` fetches. */
  readonly changed: readonly Variable[]
}

interface Built {
  readonly names: Program
  readonly roots: readonly GraphNode[]
}

function program(feeds: readonly GraphNode[], fetches: readonly GraphNode[]): Built {
  const join = (nodes: readonly GraphNode[]) => nodes.map((node) => `${node.name}:0`).join(',')
  return { names: { feeds: join(feeds), fetches: join(fetches) }, roots: [...feeds, ...fetches] }
}

/** The binding fetches tensors only, so the end of a program without results is a number that waits for it. */
function done(add: AddNode, controls: readonly GraphNode[]): GraphNode {
  const tensor = { dtype: DT.int32, shape: [], bytes: new Uint8Array(4) }
  return add({ op: 'Const', attrs: { dtype: { type: DT.int32 }, value: { tensor } }, controls })
}

interface Changes {
  readonly assigned: readonly ChangedVariable[]
  /** Ops that change the other variables themselves. */
  readonly applied: readonly GraphNode[]
}

function stepProgram({ add, inputs, outputs }: Recording, { assigned, applied }: Changes): Built {
  const assigns = assigned.map(({ handle, read, final }) =>
    assignVariable(add, { handle, value: final, controls: [read] }),
  )
  const commit = add({ op: 'NoOp', attrs: {}, controls: [...assigns, ...applied] })
  const results = Object.values(outputs).map((value) =>
    add({ op: 'Identity', attrs: { T: { type: value.dtype } }, inputs: [value], controls: [commit] }),
  )
  const feeds = inputs.map(({ placeholder }) => placeholder)
  return program(feeds, results.length > 0 ? results : [done(add, [commit])])
}

function pushProgram(add: AddNode, used: readonly RecordedVariable[]): Built {
  const parts = used.map(({ handle, variable }) => {
    const { shape } = variable
    const dtype = dataTypeOf(variable.dtype)
    const feed = add({ op: 'Placeholder', attrs: { dtype: { type: dtype }, shape: { shape } } })
    const fed = { node: feed, index: 0, dtype, shape }
    const own = add({ op: 'DeepCopy', attrs: { T: { type: dtype } }, inputs: [fed] })
    return { feed, assigned: assignVariable(add, { handle, value: { ...fed, node: own }, controls: [] }) }
  })
  const end = done(
    add,
    parts.map((part) => part.assigned),
  )
  return program(
    parts.map((part) => part.feed),
    [end],
  )
}

function pullProgram(add: AddNode, changed: readonly RecordedVariable[]): Built {
  const reads = changed.map(({ handle, variable }) =>
    add({ op: 'ReadVariableOp', attrs: { dtype: { type: dataTypeOf(variable.dtype) } }, inputs: [handle] }),
  )
  return program([], reads)
}

export function stepGraph(recording: Recording): StepGraph {
  const changed = recording.variables.filter((entry): entry is ChangedVariable => entry.final !== null)
  const { replaced, ...changes } = applyUpdates(recording, changed)
  const step = stepProgram(recording, changes)
  const needed = new Set(reachable(step.roots, replaced))
  const used = recording.variables.filter(({ read }) => needed.has(read))
  const push = pushProgram(recording.add, used)
  const pull = pullProgram(recording.add, changed)
  return {
    nodes: fuseNodes(reachable([...step.roots, ...push.roots, ...pull.roots], replaced)),
    step: step.names,
    push: push.names,
    pull: pull.names,
    used: used.map(({ variable }) => variable),
    changed: changed.map(({ variable }) => variable),
  }
}
