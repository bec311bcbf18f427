// While a step is recorded the backend answers to the recorder, and what a graph cannot hold is refused on the spot.
import { GraphError } from './graph-error.ts'
import type { NativeBackend } from './native-backend.ts'
import type { Recorder } from './recorder.ts'
import { stepPlace } from './step-place.ts'

export interface Interception {
  /** Throws what an asynchronous read, which has nobody to throw to, has left. */
  check(): void
  /** Gives the backend its own binding back. */
  end(): void
}

/** @param name of the step, for messages */
export function intercept(backend: NativeBackend, recorder: Recorder, name: string): Interception {
  const { binding } = backend
  const { random } = Math
  let late: GraphError | undefined

  backend.binding = recorder.binding
  // tfjs's data() and array() would reject a promise that the step may never look at; this one never settles.
  backend.read = () => {
    late ??= new GraphError(
      `Step '${name}' cannot be traced: it reads a value (data, array) at ${stepPlace()}. A graph has no values while it is built: return the tensor as an output, or choose with tf.where.`,
    )
    return new Promise(() => {})
  }
  // An unseeded tfjs generator takes its seed from here.
  Math.random = () => {
    throw new GraphError(
      `Step '${name}' cannot be traced: it draws random numbers in JavaScript (Math.random, or an unseeded tf.randomUniform, tf.randomNormal, tf.dropout …) at ${stepPlace()}, which would be the same in every run. Use statelessUniform or statelessNormal.`,
    )
  }
  return {
    check() {
      if (late) throw late
    },
    end() {
      backend.binding = binding
      Reflect.deleteProperty(backend, 'read')
      Math.random = random
    },
  }
}
