// Calls about jobs and what they give.
import type { Client, GraphSource, JobSource } from '../client.ts'
import { download } from '../download.ts'
import { watchEvents } from '../watch-events.ts'
import { answer, signalOf, teamOf, type Wire } from '../wire.ts'

type JobCalls = Pick<
  Client,
  | 'submitJob'
  | 'submitJobGraph'
  | 'validateJobGraph'
  | 'validateJob'
  | 'getJob'
  | 'listJobs'
  | 'cancelJob'
  | 'retryJob'
  | 'changeJob'
  | 'changeJobs'
  | 'listMetrics'
  | 'listLogs'
  | 'watchEvents'
  | 'listArtifacts'
  | 'downloadArtifact'
  | 'getCatalog'
  | 'listWorkers'
  | 'getQueue'
  | 'changeWorker'
  | 'isReady'
>

export function jobCalls({ api, send, baseUrl }: Wire): JobCalls {
  const one = (id: string) => ({ params: { path: { id } } })
  return {
    submitJob: async (job, options = {}) => {
      const { data, response } = await api.POST('/v1/jobs', {
        params: { header: keyOf(options), query: teamOf(options) },
        ...documentOf(job),
        ...signalOf(options),
      })
      return { job: await answer(Promise.resolve({ data })), replayed: isReplay(response) }
    },
    submitJobGraph: async (graph, options = {}) => {
      const { data, response } = await api.POST('/v1/job-graphs', {
        params: { header: keyOf(options), query: teamOf(options) },
        ...documentOf(graph),
        ...signalOf(options),
      })
      return { ...(await answer(Promise.resolve({ data }))), replayed: isReplay(response) }
    },
    validateJobGraph: (graph, options) => {
      const params = { query: teamOf(options) }
      return answer(api.POST('/v1/job-graphs/validate', { params, ...documentOf(graph), ...signalOf(options) }))
    },
    validateJob: (job, options) => {
      const params = { query: teamOf(options) }
      return answer(api.POST('/v1/jobs/validate', { params, ...documentOf(job), ...signalOf(options) }))
    },
    getJob: (id, options) => answer(api.GET('/v1/jobs/{id}', { ...one(id), ...signalOf(options) })),
    listJobs: ({ labels, ...query } = {}, options) =>
      answer(
        api.GET('/v1/jobs', {
          params: { query: { ...query, ...(labels === undefined ? {} : { label: [...labels] }) } },
          ...signalOf(options),
        }),
      ),
    cancelJob: (id, options) => answer(api.POST('/v1/jobs/{id}/cancel', { ...one(id), ...signalOf(options) })),
    retryJob: (id, options) => answer(api.POST('/v1/jobs/{id}/retry', { ...one(id), ...signalOf(options) })),
    changeJob: (id, change, options) =>
      answer(api.PATCH('/v1/jobs/{id}', { ...one(id), body: change, ...signalOf(options) })),
    changeJobs: (change, options) =>
      answer(api.POST('/v1/jobs/actions', { params: { query: teamOf(options) }, body: change, ...signalOf(options) })),
    listMetrics: (id, query = {}, options) =>
      answer(api.GET('/v1/jobs/{id}/metrics', { params: { path: { id }, query }, ...signalOf(options) })),
    listLogs: (id, query = {}, options) =>
      answer(api.GET('/v1/jobs/{id}/logs', { params: { path: { id }, query }, ...signalOf(options) })),
    watchEvents: (id, options) => {
      const url = `${baseUrl}/v1/jobs/${encodeURIComponent(id)}/events`
      return watchEvents(
        (after, signal) => send(new Request(url, { headers: { 'last-event-id': String(after) } }), signal),
        options,
      )
    },
    listArtifacts: async (id, options) =>
      (await answer(api.GET('/v1/jobs/{id}/artifacts', { ...one(id), ...signalOf(options) }))).items,
    downloadArtifact: (id, path, options) => {
      const url = `${baseUrl}/v1/jobs/${encodeURIComponent(id)}/artifacts/${path.split('/').map(encodeURIComponent).join('/')}`
      return download((headers, signal) => send(new Request(url, { headers }), signal), options)
    },
    getCatalog: (options) => answer(api.GET('/v1/catalog', signalOf(options))),
    getQueue: (query = {}, options) => answer(api.GET('/v1/queue', { params: { query }, ...signalOf(options) })),
    listWorkers: async (options) => (await answer(api.GET('/v1/workers', signalOf(options)))).items,
    changeWorker: (id, body, options) =>
      answer(api.PATCH('/v1/workers/{id}', { ...one(id), body, ...signalOf(options) })),
    isReady: (options) =>
      api.GET('/readyz', signalOf(options)).then(
        () => true,
        () => false,
      ),
  }
}

function keyOf({ idempotencyKey: key }: { idempotencyKey?: string }): { 'idempotency-key'?: string } {
  return key === undefined ? {} : { 'idempotency-key': key }
}

function isReplay(response: Response): boolean {
  return response.headers.get('idempotency-replayed') === 'true'
}

interface DocumentInit {
  body: never
  bodySerializer: () => string
  headers: { 'content-type': string }
}

/** The body of a submission; text is sent as it is, so that the service can name line and column. */
function documentOf(job: JobSource | GraphSource): DocumentInit {
  const isText = 'contentType' in job
  const text = isText ? job.body : JSON.stringify(job)
  return {
    body: job as never,
    bodySerializer: () => text,
    headers: { 'content-type': isText ? job.contentType : 'application/json' },
  }
}
