// A step for inputs of several shapes: one graph for each signature that comes along, the last few of them kept. Each graph
// has variables of its own in its session, so values are handed over when another takes its turn.
import { compileStep } from './compile-step.ts'
import type { CompiledStep, CompileOptions } from './compiled-step.ts'
import { GraphError } from './graph-error.ts'
import type { Tensor } from './tf.ts'

/** A graph with its constants may be large; more shapes than this in turn are rather a mistake. */
const LIMIT = 4

export interface TraceOptions extends Omit<CompileOptions, 'inputs'> {
  /** Graphs to keep, ≥ 1; the one that was not run for longest goes first. Default 4. */
  readonly limit?: number
}

function signatureOf(inputs: Readonly<Record<string, Tensor>>): string {
  const entries = Object.entries(inputs).map(([name, { dtype, shape }]) => `${name} ${dtype} ${shape.join(',')}`)
  return entries.sort().join('; ')
}

/**
 * Like `compileStep`, but compiles when inputs of new dtypes or shapes are run; that run takes longer.
 * @throws GraphError from `run` when the step cannot be traced or TensorFlow refuses the graph
 */
export function traceStep({ limit = LIMIT, ...options }: TraceOptions): CompiledStep {
  const kept = new Map<string, CompiledStep>()
  let newest: CompiledStep | undefined
  let open = true

  function evict(): void {
    for (const [key, step] of [...kept].slice(0, Math.max(0, kept.size - Math.max(1, limit)))) {
      step.dispose()
      kept.delete(key)
    }
  }

  /** The graph for these inputs, with the newest values in its session. */
  function activate(inputs: Readonly<Record<string, Tensor>>): CompiledStep {
    if (!open) throw new GraphError(`Step '${options.name}' is disposed.`)
    const key = signatureOf(inputs)
    const known = kept.get(key)
    if (known !== undefined && known === newest) return known
    newest?.pull()
    const step = known ?? compileStep({ ...options, inputs })
    known?.push()
    kept.delete(key)
    kept.set(key, step)
    newest = step
    evict()
    return step
  }

  return {
    run: (inputs) => activate(inputs).run(inputs),
    pull: () => newest?.pull(),
    push: () => newest?.push(),
    dispose() {
      for (const step of kept.values()) step.dispose()
      kept.clear()
      newest = undefined
      open = false
    },
  }
}
