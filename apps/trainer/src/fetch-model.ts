// Asks the worker for a model that the job names but the trainer does not have; answers may come in any order.
import type { FetchedModel } from '@stillhouse/engine'
import type { ModelReference, WorkerToTrainer } from '@stillhouse/spec'
import type { Channel } from './channel.ts'

type Fetched = Extract<WorkerToTrainer, { type: 'fetched' }>

export interface ModelFetcher {
  /** The model, or null when there is none under that reference. */
  fetchModel(reference: ModelReference): Promise<FetchedModel | null>
  /** Hands in an answer of the worker. */
  answer(message: Fetched): void
}

export function createModelFetcher(channel: Channel): ModelFetcher {
  const waiting = new Map<number, (model: FetchedModel | null) => void>()
  let last = 0
  return {
    fetchModel: async (reference) => {
      last += 1
      const id = last
      const answered = new Promise<FetchedModel | null>((resolve) => waiting.set(id, resolve))
      await channel.send({ type: 'fetch', id, reference })
      return answered
    },
    answer: ({ id, dir, metrics }) => {
      waiting.get(id)?.(dir === null ? null : { dir, metrics })
      waiting.delete(id)
    },
  }
}
