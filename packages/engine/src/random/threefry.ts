// The one source of randomness in JavaScript: a counter-based generator (Threefry-2x32, 20 rounds; Salmon et al. 2011).
// A number is a function of (key, counter) alone, so order, resume and threads never change what is drawn.

const PARITY = 0x1bd11bda
/** Rotations of four rounds, alternately; a key injection follows each four. */
const EVEN = [13, 15, 26, 6] as const
const ODD = [17, 29, 16, 24] as const

/**
 * One block of Threefry-2x32-20.
 * @param key two 32-bit words @param out receives two unsigned 32-bit words
 */
export function threefry(key: Uint32Array, counter0: number, counter1: number, out: Uint32Array): void {
  const k0 = (key[0] as number) | 0
  const k1 = (key[1] as number) | 0
  const k2 = PARITY ^ k0 ^ k1
  let a = (counter0 + k0) | 0
  let b = (counter1 + k1) | 0
  // Written out: this is the innermost loop of augmentation, and calls would cost more than the rounds.
  let first = k1
  let second = k2
  let third = k0
  for (let group = 1; group <= 5; group++) {
    const rotations = group % 2 === 1 ? EVEN : ODD
    a = (a + b) | 0
    b = ((b << rotations[0]) | (b >>> (32 - rotations[0]))) ^ a
    a = (a + b) | 0
    b = ((b << rotations[1]) | (b >>> (32 - rotations[1]))) ^ a
    a = (a + b) | 0
    b = ((b << rotations[2]) | (b >>> (32 - rotations[2]))) ^ a
    a = (a + b) | 0
    b = ((b << rotations[3]) | (b >>> (32 - rotations[3]))) ^ a
    a = (a + first) | 0
    b = (b + second + group) | 0
    const moved = first
    first = second
    second = third
    third = moved
  }
  out[0] = a
  out[1] = b
}
