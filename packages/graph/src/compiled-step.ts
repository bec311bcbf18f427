// What `compileStep` takes and gives. Apart from its implementation because it is this package's main contract.
import type { Tensor, Tf, Variable } from './tf.ts'

export interface CompileOptions {
  /** The namespace whose current backend is native TensorFlow. */
  readonly tf: Tf
  /**
   * A plain, synchronous tfjs function: named input tensors in, named output tensors out. It is run once, eagerly, while
   * it is recorded; nothing of that run remains. Inside it values may not be read and JavaScript may not draw random
   * numbers; a JavaScript number is a constant of the graph, so everything that varies between runs must be an input.
   */
  readonly step: (inputs: Record<string, Tensor>) => Record<string, Tensor>
  /** Example inputs: they give the dtype and the shape of each input of the graph. Not kept, not disposed. */
  readonly inputs: Readonly<Record<string, Tensor>>
  /**
   * Every variable that the step may read or change and that lives on between runs: weights, optimiser slots,
   * statistics. Any other variable or tensor that the step reads is a constant with the value it has now.
   */
  readonly variables: readonly Variable[]
  /** Method or stage, for error messages. */
  readonly name: string
}

export interface CompiledStep {
  /**
   * Runs the step once and gives its named outputs, which the caller disposes; all are fetched in one native call.
   * @throws GraphError when an input is missing, unknown, or of another shape or dtype than the example
   */
  run(inputs: Readonly<Record<string, Tensor>>): Record<string, Tensor>
  /** Session variables → the tf.Variables: before evaluation, checkpoint, export. Cheap: buffers are shared on CPU. */
  pull(): void
  /** tf.Variables → session variables: after load, resume, or after another compiled step changed them. */
  push(): void
  /** Frees the session. The tf.Variables stay as they are: `pull` first when they should have the last values. */
  dispose(): void
}
