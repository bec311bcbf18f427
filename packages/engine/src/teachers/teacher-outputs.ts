// Outputs of frozen teachers that a step is fed instead of computing them: what the loop knows of the cache, and of
// teachers that TensorFlow.js cannot trace.
import type { HostBatch, StreamPlan } from '../data/batch-source.ts'
import type { PredictProgress } from '../evaluate/predict-logits.ts'

/** One output of one teacher: `logits`, or a tap. */
export interface TeacherOutput {
  readonly teacher: number
  readonly tap: string
}

export interface TeacherOutputs {
  /**
   * The same teachers for a stage with this main stream. What is kept serves the samples that it was opened for, as they
   * look there; on others teachers are live, and those that must be fed run on the host for every batch.
   */
  on(main: StreamPlan): TeacherOutputs
  /**
   * Whether a step may be fed this output (`may`: cached, when that pays), must be (`must`: the teacher cannot run in a
   * graph of ours), or cannot (`live`: the teacher runs in the step).
   */
  feeds(output: TeacherOutput): 'may' | 'must' | 'live'
  /** Shape of the output without the batch axis. @throws Error when there is no such tap, naming those there are */
  shapeOf(output: TeacherOutput): readonly number[]
  /**
   * Makes the outputs of an epoch ready: found on disk, or computed and kept. Called before the first step that needs
   * them, at each start of an epoch, and after a resume.
   * @param epoch whole epochs done
   * @returns false when the signal ended it
   */
  prepare(outputs: readonly TeacherOutput[], epoch: number): AsyncGenerator<PredictProgress, boolean>
  /**
   * The outputs of a batch of the prepared epoch, [B, …shape] each, in the order of `outputs`; the arrays are valid until
   * the next call.
   */
  rows(outputs: readonly TeacherOutput[], batch: HostBatch): Promise<readonly Float32Array[]>
  close(): Promise<void>
}
