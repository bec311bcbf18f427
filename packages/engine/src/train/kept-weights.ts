// Weights that a training keeps beside those that it trains: their moving average (Polyak & Juditsky 1992) and the best
// so far. Both are variables like any other, so a checkpoint holds them.
import type { TrainSpec } from '@stillhouse/spec'
import type { StateUpdate } from '../contracts/method.ts'
import type { Network } from '../contracts/network.ts'
import type { Scalar, Tf, Variable } from '../contracts/tf.ts'
import { namedVariables } from '../network/named-variables.ts'

export interface KeptWeights {
  /** By a name that is the same in every process. */
  readonly variables: ReadonlyMap<string, Variable>
  /** The update that moves the average; null without `train.ema`. */
  readonly average: StateUpdate | null
  /** Exchanges the network's weights and their average: evaluated are the averaged ones. Twice is as before. */
  swap(): void
  /** Notes the network's weights as the best. */
  noteBest(): void
  /** Gives the network the weights that the training ends with. */
  finish(): void
  dispose(): void
}

export interface KeepWeights {
  readonly tf: Tf
  readonly network: Network
  readonly train: Pick<TrainSpec, 'ema' | 'keep'>
}

/** The variables begin as copies of the network's. */
export function keepWeights({ tf, network, train }: KeepWeights): KeptWeights {
  const own = namedVariables([network])
  const averages = train.ema === undefined ? null : copies(tf, own, 'ema')
  const best = train.keep === 'best' ? copies(tf, own, 'best') : null
  const count = averages && tf.variable(tf.scalar(0), false)
  const variables = new Map([
    ...(averages ?? []),
    ...(best ?? []),
    ...(count === null ? [] : [['ema#', count] as const]),
  ])
  const valuesOf = (map: ReadonlyMap<string, Variable> | null) => [...(map?.values() ?? [])]
  const [weights, averaged, kept] = [valuesOf(own), valuesOf(averages), valuesOf(best)]
  return {
    variables,
    average: train.ema && count ? averageUpdate(tf, { ...train.ema, weights, averaged, count }) : null,
    swap: () => exchange(weights, averaged),
    noteBest: () => assignAll(kept, weights),
    finish: () => {
      if (averages !== null) assignAll(weights, averaged)
      if (best !== null) assignAll(weights, kept)
    },
    dispose: () => tf.dispose([...variables.values()]),
  }
}

function copies(tf: Tf, own: ReadonlyMap<string, Variable>, prefix: string): Map<string, Variable> {
  return new Map([...own].map(([name, variable]) => [`${prefix}/${name}`, tf.variable(variable, false)]))
}

interface Average {
  readonly decay: number
  readonly warmup: boolean
  readonly weights: readonly Variable[]
  readonly averaged: readonly Variable[]
  /** Steps averaged so far. */
  readonly count: Variable
}

/** ā ← φ·ā + (1 − φ)·w with φ = decay, or with warm-up min(decay, 1 − 1/g) at step g. */
function averageUpdate(tf: Tf, { decay, warmup, weights, averaged, count }: Average): StateUpdate {
  return {
    kind: 'state',
    name: 'ema',
    changes: [...averaged, count],
    run: () => {
      count.assign(tf.add(count, 1))
      const share = warmup ? (tf.minimum(decay, tf.sub(1, tf.div(1, count))) as Scalar) : tf.scalar(decay)
      weights.forEach((weight, i) => {
        const average = averaged[i] as Variable
        average.assign(tf.add(weight, tf.mul(share, tf.sub(average, weight))))
      })
    },
  }
}

function assignAll(to: readonly Variable[], from: readonly Variable[]): void {
  to.forEach((variable, i) => {
    const copy = (from[i] as Variable).clone()
    variable.assign(copy)
    copy.dispose()
  })
}

function exchange(weights: readonly Variable[], averaged: readonly Variable[]): void {
  averaged.forEach((average, i) => {
    const weight = weights[i] as Variable
    const [a, w] = [average.clone(), weight.clone()]
    weight.assign(a)
    average.assign(w)
    a.dispose()
    w.dispose()
  })
}
