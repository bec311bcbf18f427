// The one error of this package, so that a caller can tell a step that cannot be a graph from a fault in its own code.

/** A step that cannot be recorded, a graph that TensorFlow refuses, or a run with the wrong inputs. */
export class GraphError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'GraphError'
  }
}
