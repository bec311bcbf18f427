// The one source of randomness in JavaScript: a counter-based generator (Threefry-2x32, 20 rounds; Salmon et al. 2011).
// A number is a function of (key, counter) alone, so order, resume and threads never change what is drawn.

const PARITY = 0x1bd11bda

/**
 * One block of Threefry-2x32-20.
 * @param key two 32-bit words @param out receives two unsigned 32-bit words
 */
export function threefry(key: Uint32Array, counter0: number, counter1: number, out: Uint32Array): void {
  const k0 = (key[0] as number) | 0
  const k1 = (key[1] as number) | 0
  let a = (counter0 + k0) | 0
  let b = (counter1 + k1) | 0
  // Written out with its rotations: this is the innermost loop of augmentation, and calls or tables would cost more than
  // the rounds. Four rounds of one kind, a key injection, four of the other, a key injection; 20 rounds in all.
  let first = k1
  let second = PARITY ^ k0 ^ k1
  let third = k0
  for (let injection = 1; ; injection += 2) {
    a = (a + b) | 0
    b = ((b << 13) | (b >>> 19)) ^ a
    a = (a + b) | 0
    b = ((b << 15) | (b >>> 17)) ^ a
    a = (a + b) | 0
    b = ((b << 26) | (b >>> 6)) ^ a
    a = (a + b) | 0
    b = ((b << 6) | (b >>> 26)) ^ a
    a = (a + first) | 0
    b = (b + second + injection) | 0
    if (injection === 5) break
    a = (a + b) | 0
    b = ((b << 17) | (b >>> 15)) ^ a
    a = (a + b) | 0
    b = ((b << 29) | (b >>> 3)) ^ a
    a = (a + b) | 0
    b = ((b << 16) | (b >>> 16)) ^ a
    a = (a + b) | 0
    b = ((b << 24) | (b >>> 8)) ^ a
    a = (a + second) | 0
    b = (b + third + injection + 1) | 0
    const moved = first
    first = third
    third = second
    second = moved
  }
  out[0] = a
  out[1] = b
}
