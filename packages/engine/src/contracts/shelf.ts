// What every shelf entry says about itself, whatever the shelf.

import type { Fault } from '@stillhouse/spec'
import type { TObject } from 'typebox'

export interface Paper {
  readonly title: string
  readonly authors: string
  readonly venue: string
  readonly year: number
}

export interface ShelfEntry {
  /** Name in a job spec: kebab-case, equal to the file's name. */
  readonly name: string
  readonly title: string
  /** One or two sentences for the catalogue. */
  readonly summary: string
  readonly paper: Paper | null
  /** Tasks of the job spec that the entry serves. */
  readonly tasks: readonly string[]
  /** Schema of `params`: closed object, every property with a default or optional. */
  readonly parameters: TObject
}

/** Shape of the samples and of the answers of a data set. */
export interface Signature {
  /** Shape of one sample without the batch axis, e.g. [28, 28, 1]. */
  readonly inputShape: readonly number[]
  readonly classes: number
  /** Set where the training samples have no labels; those of the test split always have. */
  readonly trainLabels?: false
}

/** A fault whose path is relative to the entry's `params`. */
export type ParamFault = Fault

/** A fault of another part of the job, its path from the top: `/teachers/0/snapshots`, `/train/batchSize`. */
export interface JobFault extends Fault {
  readonly in: 'job'
}
