// From what identifies a draw (seed, role, layer, epoch, sample …) to the two key words of the generator.
import { threefry } from './threefry.ts'

/** Two 32-bit words that differ whenever any of the parts does. */
export type RandomKey = Uint32Array

/** Folds the parts one by one through the generator; `('ab', 'c')` and `('a', 'bc')` give different keys. */
export function randomKey(seed: number, ...parts: readonly (string | number)[]): RandomKey {
  const key = Uint32Array.of(seed, parts.length)
  for (const part of parts) {
    if (typeof part === 'number') threefry(key, part, Math.floor(part / 2 ** 32), key)
    else foldText(key, part)
  }
  return key
}

function foldText(key: Uint32Array, text: string): void {
  for (let i = 0; i < text.length; i++) threefry(key, text.charCodeAt(i), i + 1, key)
  threefry(key, text.length, 0xffffffff, key)
}
