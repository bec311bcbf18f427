// Labels as they are given to commands.
import { CliError } from './cli-error.ts'

/** @param pairs key=value each @throws CliError */
export function labelsOf(pairs: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf('=')
      if (at < 1) throw new CliError(`--label takes key=value; received ${pair}`)
      return [pair.slice(0, at), pair.slice(at + 1)]
    }),
  )
}
