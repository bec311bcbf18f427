// tfjs has no stop-gradient. A second tensor on the same data that was never on the tape is one, costs nothing, and needs
// no zeros to be added later.
import type { Tensor, Tf } from './tf.ts'

interface Shared {
  incRef(dataId: object): void
}

/** The same values, through which no gradient flows. Any backend. */
export function stopGradient<T extends Tensor>(tf: Tf, x: T): T {
  const { dataId, shape, dtype } = x
  ;(tf.backend() as unknown as Shared).incRef(dataId)
  return tf.engine().makeTensorFromTensorInfo({ dataId, shape, dtype }) as T
}
