// What to say when pip could not install something.
import { classifyFailure } from './classify-failure.mjs'
import { freeBytes } from './disk.mjs'
import { commandFailed, diskFull, networkFailed } from './problems.mjs'
import { lastLines } from './run-command.mjs'

/** @param {{what: string, output: string, folder: string, needed: number, log: string}} failure `needed` bytes */
export function pipFailed({ what, output, folder, needed, log }) {
  const cause = classifyFailure(output)
  const detail = lastLines(output, 3)
  if (cause === 'disk') return diskFull({ folder, needed, free: freeBytes(folder), what })
  if (cause === 'network') return networkFailed({ what, detail })
  return commandFailed({ what, why: 'the index that pip asks may lack one of the packages', detail, log })
}
