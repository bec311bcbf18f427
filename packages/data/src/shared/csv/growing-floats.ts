// Numbers whose count is not known before they are read.

export interface GrowingFloats {
  push(value: number): void
  /** All so far; valid until the next push. */
  all(): Float32Array
}

export function growingFloats(): GrowingFloats {
  let [values, length] = [new Float32Array(1024), 0]
  return {
    push(value) {
      if (length === values.length) {
        const larger = new Float32Array(2 * length)
        larger.set(values)
        values = larger
      }
      values[length++] = value
    },
    all: () => values.subarray(0, length),
  }
}
