// The binding takes a graph only as a SavedModel folder, so one is written for the moment of loading.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { encodeSavedModel } from './encode-graph.ts'
import { GraphError } from './graph-error.ts'
import type { GraphNode } from './graph-node.ts'
import type { Binding } from './native-backend.ts'

/**
 * Opens a TensorFlow session on the graph.
 * @returns the session's id in the binding
 * @throws GraphError when TensorFlow refuses the graph
 */
export function loadGraph(binding: Binding, nodes: readonly GraphNode[], name: string): number {
  const folder = mkdtempSync(join(tmpdir(), 'stillhouse-graph-'))
  try {
    writeFileSync(join(folder, 'saved_model.pb'), encodeSavedModel({ nodes, signatures: {} }))
    return binding.loadSavedModel(folder, 'serve')
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new GraphError(`Step '${name}' cannot be compiled: ${reason}`, { cause })
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
