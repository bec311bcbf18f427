// A data set that was sent to the service. Its id is the digest of what it holds, so nothing about it is taken on trust.
import { hash } from 'node:crypto'
import { type Dataset, datasetManifest, datasetPathFaults } from '@stillhouse/spec'
import { isMissing } from '../api-failure.ts'
import type { AttemptApi } from '../attempt-api.ts'
import { DataError } from './data-error.ts'
import type { RemoteData } from './remote-data.ts'

type Api = Pick<AttemptApi, 'getDataset' | 'getBlob'>

/** @throws DataError data.not_found; worker.upload_failed when the service's answer is not the data set of that id */
export async function uploadedData(api: Api, id: string, signal: AbortSignal): Promise<RemoteData> {
  const { files } = await describe(api, id, signal)
  const [fault] = datasetPathFaults(files.map(({ path }) => path))
  if (hash('sha256', datasetManifest(files)) !== id || fault !== undefined)
    throw new DataError(
      'worker.upload_failed',
      `The service describes the data set ${id} by files that do not make up that id${fault ? ` (${fault.received}: ${fault.message})` : ''}.`,
    )
  return {
    key: id,
    label: `data set ${id}`,
    files: files.map((file) => ({ ...file, fetch: (target, stop) => api.getBlob(file.sha256, target, stop) })),
  }
}

async function describe(api: Api, id: string, signal: AbortSignal): Promise<Dataset> {
  try {
    return await api.getDataset(id, signal)
  } catch (error) {
    if (!isMissing(error)) throw error
    const message = `There is no uploaded data set ${id}; send its files to POST /v1/datasets.`
    throw new DataError('data.not_found', message, { cause: error })
  }
}
