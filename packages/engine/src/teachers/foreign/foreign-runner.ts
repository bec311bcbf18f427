// The least that every runtime can do for us: run a model on one tensor and name what comes out. What a model means to a
// training – logits, taps, the order of channels – is the same for all of them and settled elsewhere.

export interface RunnerInput {
  readonly name: string
  /** Its first axis is the batch; null: any size. Null: the number of axes is unknown. */
  readonly shape: readonly (number | null)[] | null
  /** `float32`, or what the runtime calls it. */
  readonly dtype: string
}

export interface RunnerOutput {
  readonly shape: readonly number[]
  readonly values: Float32Array
}

export interface ForeignRunner {
  readonly inputs: readonly RunnerInput[]
  /** What the model says it gives. */
  readonly outputs: readonly string[]
  /** Values inside of the model that can be asked for too. */
  readonly inner: readonly string[]
  /** Which order of axes is likelier where the shape leaves it open. */
  readonly channels: 'first' | 'last'
  readonly params: number | null
  /**
   * @param shape of the input with its batch axis
   * @returns those of the outputs that are float32, by name
   */
  run(x: Float32Array, shape: readonly number[], outputs: readonly string[]): Promise<Record<string, RunnerOutput>>
  dispose(): Promise<void>
}
