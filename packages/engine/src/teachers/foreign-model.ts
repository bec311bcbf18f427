// A trained model that is not made of stock layers, so that it cannot run inside a step: what the engine knows of one,
// whoever runs it.

export interface ForeignModel {
  /** Names of its outputs; one of them is `logits`. */
  readonly taps: readonly string[]
  /** Shape of an output without the batch axis. @throws Error when there is no such tap, naming those there are */
  shapeOf(tap: string): readonly number[]
  /**
   * @param x samples one after another, [count, …inputShape] of the data; read before the promise settles, not kept
   * @returns each asked output as [count, …shape]
   */
  run(x: Float32Array, count: number, taps: readonly string[]): Promise<Readonly<Record<string, Float32Array>>>
  /** Null where it cannot be known. */
  readonly params: number | null
  dispose(): Promise<void>
}
