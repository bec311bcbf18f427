// Optimiser updates that the step described take the place of what it computed: one op that changes weights and slots
// where they are. What else reads a changed value reads the variable once the op is done.
import { assignVariable } from './assign-variable.ts'
import type { RecordedUpdate } from './fused-update.ts'
import type { GraphNode, ValueRef } from './graph-node.ts'
import type { ChangedVariable, Recording } from './record-step.ts'
import type { AddNode } from './recorder.ts'

export interface AppliedUpdates {
  /** Variables that are left to be assigned. */
  readonly assigned: readonly ChangedVariable[]
  readonly applied: readonly GraphNode[]
  /** Nodes that stand in for recorded ones of the same name. */
  readonly replaced: ReadonlyMap<string, GraphNode>
}

const isSame = (a: ValueRef, b: ValueRef) => a.node === b.node && a.index === b.index

interface State {
  readonly variable: ChangedVariable
  readonly before: ValueRef
}

/** The variables of an update, when what it leaves in each is what the step ends with. */
function statesOf({ states }: RecordedUpdate, changed: readonly ChangedVariable[]): State[] | undefined {
  const found = states.map(({ before, after }) => ({
    before,
    variable: changed.find(({ final }) => isSame(final, after)),
  }))
  return found.every((state): state is State => state.variable !== undefined) ? found : undefined
}

/** What must have happened before the update: usually that the variable was read, as it is at the start of the step. */
function prepare(add: AddNode, { variable, before }: State): GraphNode {
  const { handle, read } = variable
  return before.node === read ? read : assignVariable(add, { handle, value: before, controls: [read] })
}

export function applyUpdates({ add, updates }: Recording, changed: readonly ChangedVariable[]): AppliedUpdates {
  const taken = new Set<ChangedVariable>()
  const applied: GraphNode[] = []
  const replaced = new Map<string, GraphNode>()
  for (const update of updates) {
    const states = statesOf(update, changed)
    if (states === undefined || states.some(({ variable }) => taken.has(variable))) continue
    const handles = states.map(({ variable }) => variable.handle)
    const controls = states.map((state) => prepare(add, state))
    const node = add({ op: update.op, attrs: update.attrs, inputs: [...handles, ...update.inputs], controls })
    applied.push(node)
    for (const { variable } of states) {
      const { handle, read, final } = variable
      taken.add(variable)
      replaced.set(final.node.name, { ...read, name: final.node.name, inputs: [handle], controls: [node] })
    }
  }
  return { assigned: changed.filter((variable) => !taken.has(variable)), applied, replaced }
}
