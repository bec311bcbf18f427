// Training samples without labels, for what learns from a teacher alone. The parameters say so, so that it is known before
// any file is read.
import { type Signature, UNLABELLED } from '@stillhouse/engine'
import { Type } from 'typebox'

/** @param unread what the format leaves unread without labels */
export function trainLabelsParameter(unread: string) {
  return Type.Boolean({
    default: true,
    description: `whether the training samples have classes; false: ${unread}, and only methods that read no labels take the data set`,
  })
}

/** What the signature says of it. */
export function withoutLabels(trainLabels: boolean): Pick<Signature, 'trainLabels'> {
  return trainLabels === false ? { trainLabels } : {}
}

export function unlabelled(samples: number): Int32Array {
  return new Int32Array(samples).fill(UNLABELLED)
}
