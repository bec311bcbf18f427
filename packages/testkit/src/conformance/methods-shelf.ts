// The shelf of methods in parts, one per test file: a file is run by one process, and the suite is long.
import { methods } from '@stillhouse/methods'
import { cnn, multiBranch, resnet } from '@stillhouse/models'
import { describe } from 'vitest'
import { defaultParams, entryConformance } from './entry-conformance.ts'
import { methodConformance } from './method-conformance.ts'
import { tinyData } from './tiny-data.ts'

const { signature } = tinyData()
const residual = (width: number) => resnet.architecture({ depth: 8, width }, signature)
const branchParams = { family: 'resnet', params: { depth: 8, width: 2 }, split: 'stage2', branches: 3 }
const branched = multiBranch.architecture(defaultParams(multiBranch, branchParams), signature)
const plain = cnn.architecture(defaultParams(cnn, { filters: [4, 6] }), signature)
const pairs = [
  { student: residual(2), teacher: residual(3) },
  { student: branched, teacher: residual(3) },
  { student: plain, teacher: plain },
]

/** Test files that share the shelf: every entry is in one of them, whatever comes onto the shelf. */
const PARTS = 8

/** Registers the suite for the entries of one part. @param part 0 to PARTS − 1 */
export function methodsShelf(part: number): void {
  describe.each(methods.filter((_, i) => i % PARTS === part))('the method $name', (method) => {
    entryConformance(method, methods)
    methodConformance(method, { pairs, signature })
  })
}
