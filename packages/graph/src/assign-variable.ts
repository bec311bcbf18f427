// The node that gives a session variable a value.
import type { GraphNode, ValueRef } from './graph-node.ts'
import type { AddNode } from './recorder.ts'

interface Assignment {
  readonly handle: ValueRef
  readonly value: ValueRef
  /** Nodes that must have run before. */
  readonly controls: readonly GraphNode[]
}

export function assignVariable(add: AddNode, { handle, value, controls }: Assignment): GraphNode {
  return add({ op: 'AssignVariableOp', attrs: { dtype: { type: value.dtype } }, inputs: [handle, value], controls })
}
