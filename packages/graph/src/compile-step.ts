// A recorded step as a TensorFlow session that runs it: one native call per step instead of one per op, and TensorFlow's
// own optimiser (fusion, folding, layout) over the whole of it.
import type { CompiledStep, CompileOptions } from './compiled-step.ts'
import { GraphError } from './graph-error.ts'
import { loadGraph } from './load-graph.ts'
import { type NativeBackend, nativeBackend } from './native-backend.ts'
import { installNativeKernels } from './native-kernels.ts'
import { type InputSignature, recordStep } from './record-step.ts'
import { type Program, type StepGraph, stepGraph } from './step-graph.ts'
import type { Tensor } from './tf.ts'

const signature = ({ dtype, shape }: { dtype: string; shape: readonly number[] }) => `${dtype} [${shape.join(', ')}]`

/** The tensors in the order of the graph's inputs. */
function matchInputs(
  name: string,
  expected: readonly InputSignature[],
  received: Readonly<Record<string, Tensor>>,
): Tensor[] {
  const unknown = Object.keys(received).find((key) => !expected.some((input) => input.name === key))
  if (unknown !== undefined) {
    throw new GraphError(
      `Step '${name}' was compiled without an input '${unknown}'. Its inputs: ${expected.map((i) => i.name).join(', ')}.`,
    )
  }
  return expected.map((input) => {
    const tensor = received[input.name]
    const found = tensor === undefined ? 'nothing' : signature(tensor)
    if (tensor !== undefined && found === signature(input)) return tensor
    throw new GraphError(
      `Input '${input.name}' of step '${name}': expected ${signature(input)}, received ${found}. Compile the step once per input signature, or let traceStep do it.`,
    )
  })
}

interface Session {
  run(program: Program, inputs: readonly Tensor[]): Tensor[]
  dispose(): void
}

function openSession(backend: NativeBackend, id: number, name: string): Session {
  let open = true
  return {
    run({ feeds, fetches }, inputs) {
      if (!open) throw new GraphError(`Step '${name}' is disposed.`)
      const ids = backend.getInputTensorIds(inputs)
      return backend.binding.runSavedModel(id, ids, feeds, fetches).map((result) => backend.createOutputTensor(result))
    },
    dispose() {
      if (open) backend.binding.deleteSavedModel(id)
      open = false
    },
  }
}

interface Loaded {
  readonly session: Session
  readonly programs: Pick<StepGraph, 'step' | 'push' | 'pull' | 'used' | 'changed'>
  readonly inputs: readonly InputSignature[]
  readonly outputs: readonly string[]
}

/** Apart, so that the recorded nodes with their constants can be freed once TensorFlow has them. */
function load(options: CompileOptions): Loaded {
  const { name } = options
  const backend = nativeBackend(options.tf)
  installNativeKernels(options.tf)
  const recording = recordStep({ ...options, variables: [...new Set(options.variables)], ownInputs: true })
  const { nodes, ...programs } = stepGraph(recording)
  const session = openSession(backend, loadGraph(backend.binding, nodes, name), name)
  const inputs = recording.inputs.map((input) => ({ name: input.name, dtype: input.dtype, shape: input.shape }))
  return { session, programs, inputs, outputs: Object.keys(recording.outputs) }
}

/**
 * Records one run of `step` and compiles it into a TensorFlow session whose variables start with the present values of
 * `variables`. The step, its variables and its example inputs are as before afterwards.
 * @throws GraphError when the step cannot be traced (it says what and why) or TensorFlow refuses the graph
 */
export function compileStep(options: CompileOptions): CompiledStep {
  const { tf, name } = options
  const { session, programs, inputs, outputs } = load(options)
  const { used, changed } = programs

  const compiled: CompiledStep = {
    run(values) {
      const results = session.run(programs.step, matchInputs(name, inputs, values))
      if (outputs.length === 0) tf.dispose(results)
      return Object.fromEntries(outputs.map((key, i) => [key, results[i] as Tensor]))
    },
    pull() {
      if (changed.length === 0) return
      const values = session.run(programs.pull, [])
      changed.forEach((variable, i) => {
        variable.assign(values[i] as Tensor)
      })
      tf.dispose(values)
    },
    push() {
      if (used.length > 0) tf.dispose(session.run(programs.push, used))
    },
    dispose: session.dispose,
  }
  compiled.push()
  return compiled
}
