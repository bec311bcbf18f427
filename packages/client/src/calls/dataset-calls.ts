// Calls about data sets that jobs train on.
import type { Client } from '../client.ts'
import { multipartBody } from '../multipart-body.ts'
import { answer, signalOf, teamOf, type Wire } from '../wire.ts'

type DatasetCalls = Pick<Client, 'uploadDataset' | 'getDataset' | 'listDatasets'>

export function datasetCalls({ api, send, baseUrl }: Wire): DatasetCalls {
  return {
    uploadDataset: async (files, options) => {
      const { contentType, stream } = multipartBody(files)
      // a stream can only be sent one way at a time; fetch wants to hear that said
      const duplex = { duplex: 'half' } as RequestInit
      const init = { method: 'POST', headers: { 'content-type': contentType }, body: stream, ...duplex }
      const query = new URLSearchParams(teamOf(options)).toString()
      const url = `${baseUrl}/v1/datasets${query === '' ? '' : `?${query}`}`
      const response = await send(new Request(url, init), options?.signal)
      return { dataset: await response.json(), isNew: response.status === 201 }
    },
    getDataset: (id, options) =>
      answer(api.GET('/v1/datasets/{id}', { params: { path: { id }, query: teamOf(options) }, ...signalOf(options) })),
    listDatasets: (query = {}, options) => answer(api.GET('/v1/datasets', { params: { query }, ...signalOf(options) })),
  }
}
