// What is known at submit of the teachers that a job takes from elsewhere: their files are far away.
import type { Architecture } from '../contracts/architecture.ts'

interface KnownTeacher {
  /** It is a graph of another runtime: no network that could run inside a step. */
  readonly foreign: boolean
  /** Of a network, where it is known; its taps are those that the loaded network has. */
  readonly architecture: Architecture | null
}

/** In the order of the job's teachers; null for those that are trained here, or of which nothing is known. */
export type KnownTeachers = readonly (KnownTeacher | null)[]
