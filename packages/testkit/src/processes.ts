// What runs on this machine, read from /proc: tests look for what was left behind.
import { readdirSync, readFileSync } from 'node:fs'
import type { AppProcess } from './app-process.ts'

export interface RunningProcess {
  readonly pid: number
  readonly parent: number
  /** The whole command line. */
  readonly command: string
}

/** All processes; without those that have ended and only wait to be asked how. */
export function listProcesses(): RunningProcess[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .flatMap((entry) => {
      try {
        const stat = readFileSync(`/proc/${entry}/stat`, 'utf8')
        const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
        if (fields[0] === 'Z') return []
        const command = readFileSync(`/proc/${entry}/cmdline`, 'utf8').replaceAll('\0', ' ')
        return [{ pid: Number(entry), parent: Number(fields[1]), command }]
      } catch {
        return []
      }
    })
}

/** Those that were started with `text` somewhere in a variable of their environment. */
export function processesWith(text: string): RunningProcess[] {
  return listProcesses().filter(({ pid }) => {
    try {
      return readFileSync(`/proc/${pid}/environ`, 'latin1').includes(text)
    } catch {
      return false
    }
  })
}

/** Trainers that this worker forked and that live. */
export function trainersOf({ pid: worker }: Pick<AppProcess, 'pid'>): number[] {
  return listProcesses()
    .filter(({ parent, command }) => parent === worker && command.includes('apps/trainer'))
    .map(({ pid }) => pid)
}

/** True while a process with this id runs. */
export function isAlive(pid: number): boolean {
  return listProcesses().some((running) => running.pid === pid)
}

/** All processes below this one, however deep. */
export function childrenOf(pid: number): number[] {
  const all = listProcesses()
  const below = (parent: number): number[] =>
    all.filter((child) => child.parent === parent).flatMap((child) => [child.pid, ...below(child.pid)])
  return below(pid)
}
