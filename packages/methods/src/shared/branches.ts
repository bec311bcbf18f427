// The branches of a student that teach each other: which it has, and what a job without them is told.
import type { Architecture, JobFault, ParamFault } from '@stillhouse/engine'
import { Type } from 'typebox'

type Tapped = Pick<Architecture, 'taps'>

/** `branch1`, `branch2` …, as far as the network has taps `<branch>.penultimate` and `<branch>.logits`. */
export function branchesOf({ taps }: Tapped): string[] {
  const branches: string[] = []
  for (let name = 'branch1'; hasBranch(taps, name); name = `branch${branches.length + 1}`) branches.push(name)
  return branches
}

const hasBranch = (taps: Tapped['taps'], name: string) =>
  taps[`${name}.penultimate`] !== undefined && taps[`${name}.logits`] !== undefined

/** Refuses a student without a trunk and at least two branches. */
export function branchFaults(student: Tapped): JobFault[] {
  const branches = branchesOf(student)
  if (student.taps['trunk'] !== undefined && branches.length >= 2) return []
  const message = 'the student has no branches that could teach each other'
  const expected =
    'student.model multi-branch, with the wanted network as params.family: taps trunk, branch1.logits, branch2.logits …'
  const received = `a student with the taps ${Object.keys(student.taps).join(', ')}`
  return [{ in: 'job', path: '/student/model', message, expected, received }]
}

/** A parameter: which branch is exported, counted from 1 as its taps are. */
export const branchParameter = (options: { readonly minimum?: 0; readonly description: string }) =>
  Type.Integer({ minimum: 1, maximum: 16, default: 1, ...options })

/** @param deploy number of a branch; 0 is the method's own matter */
export function branchNumberFaults(deploy: number, student: Tapped): ParamFault[] {
  const count = branchesOf(student).length
  if (deploy <= count) return []
  const expected = `at most ${count}, the last branch of the student`
  return [{ path: '/deploy', message: 'there is no such branch', expected, received: String(deploy) }]
}
