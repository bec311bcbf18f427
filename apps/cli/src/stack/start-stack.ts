// The local stack: PostgreSQL (which also carries the queue), API and worker, each a process of its own – the same
// processes as in a cluster, with the same environment.
import { mkdirSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { type Credentials, credentialsFor, readCredentials, writeCredentials } from './credentials.ts'
import { freePort } from './free-port.ts'
import { type ServiceProcess, startService } from './service-process.ts'
import { appEntry, type StateFolder } from './state-folder.ts'

export interface StackOptions {
  readonly folder: StateFolder
  /** Port of the API; another one is chosen when it is taken. */
  readonly port: number
  /** Jobs at a time. */
  readonly slots: number
  /** Called with a short line per finished step. */
  readonly onProgress: (line: string) => void
}

export interface Stack {
  readonly url: string
  readonly apiKey: string
  /** Log files by process. */
  readonly logs: Readonly<Record<string, string>>
  stop(): Promise<void>
}

/** The stack that already runs in this folder, or undefined. Another one at the same address does not know our key. */
export async function runningStack(folder: StateFolder): Promise<Credentials | undefined> {
  const credentials = readCredentials(folder.credentials)
  return credentials !== undefined && (await workersOf(credentials)) !== undefined ? credentials : undefined
}

/**
 * Starts whatever is needed and waits until jobs can be submitted.
 * @throws Error naming the process that did not start, with the end of its log
 */
export async function startStack(options: StackOptions): Promise<Stack> {
  const { folder, onProgress } = options
  for (const dir of [folder.root, folder.artifacts, folder.scratch, folder.logs]) mkdirSync(dir, { recursive: true })
  const url = `http://127.0.0.1:${await freePort(options.port)}`
  const credentials = credentialsFor(folder.credentials, url)
  const services: ServiceProcess[] = []
  const stop = async (): Promise<void> => {
    // the worker hands its jobs back through API and database, so it goes first
    for (const service of services.toReversed()) await service.stop(20_000)
  }
  try {
    const database = await startPostgres(options, credentials, services)
    onProgress('PostgreSQL is up (jobs, metrics and the queue)')
    const api = await startApi(options, credentials, { database, services })
    onProgress(`API answers at ${url}`)
    const worker = await startWorker(options, credentials, { database, services })
    onProgress(`worker is connected (${options.slots} slot${options.slots === 1 ? '' : 's'})`)
    writeCredentials(folder.credentials, credentials)
    return { url, apiKey: credentials.apiKey, logs: { api: api.logFile, worker: worker.logFile }, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

async function startPostgres(
  { folder }: StackOptions,
  { databasePassword }: Credentials,
  services: ServiceProcess[],
): Promise<string> {
  const port = await freePort()
  const service = startService({
    name: 'postgres',
    entry: fileURLToPath(new URL('./postgres-host.js', import.meta.url)),
    env: { POSTGRES_FOLDER: folder.postgres, POSTGRES_PORT: String(port), POSTGRES_PASSWORD: databasePassword },
    logFolder: folder.logs,
    restart: true,
  })
  services.push(service)
  await service.firstMessage()
  return `postgresql://stillhouse:${databasePassword}@127.0.0.1:${port}/stillhouse`
}

interface Running {
  readonly database: string
  readonly services: ServiceProcess[]
}

async function startApi(
  { folder, onProgress }: StackOptions,
  credentials: Credentials,
  { database, services }: Running,
): Promise<ServiceProcess> {
  const { hostname, port } = new URL(credentials.url)
  const service = startService({
    name: 'api',
    entry: appEntry('api'),
    env: {
      HOST: hostname,
      PORT: port,
      DATABASE_URL: database,
      QUEUE_URL: database,
      ARTIFACT_URL: pathToFileURL(folder.artifacts).href,
      // only this machine reaches it
      METRICS_PUBLIC: 'true',
      // its user may be told at it, too
      OUTBOUND_ALLOW: '127.0.0.0/8,::1',
      BOOTSTRAP_API_KEY: credentials.apiKey,
      WORKER_TOKEN: credentials.workerToken,
    },
    logFolder: folder.logs,
    restart: true,
    onCrash: onProgress,
  })
  services.push(service)
  await service.orExit(waitFor(`${credentials.url}/readyz`))
  return service
}

async function startWorker(
  { folder, slots, onProgress }: StackOptions,
  credentials: Credentials,
  { database, services }: Running,
): Promise<ServiceProcess> {
  const service = startService({
    name: 'worker',
    entry: appEntry('worker'),
    env: {
      API_URL: credentials.url,
      WORKER_TOKEN: credentials.workerToken,
      QUEUE_URL: database,
      WORKER_NAME: 'local',
      SLOTS: String(slots),
      SCRATCH_DIR: folder.scratch,
      // whoever may send jobs here owns this machine's files
      DATA_ROOTS: '/',
    },
    logFolder: folder.logs,
    restart: true,
    onCrash: onProgress,
  })
  services.push(service)
  await service.orExit(waitForWorker(credentials))
  return service
}

async function answers(url: string, headers: Record<string, string> = {}): Promise<Response | undefined> {
  try {
    const response = await fetch(url, { headers, signal: AbortSignal.timeout(2000) })
    return response.ok ? response : undefined
  } catch {
    return undefined
  }
}

async function waitFor(url: string): Promise<void> {
  for (const end = Date.now() + 60_000; Date.now() < end; await setTimeout(100)) if (await answers(url)) return
  throw new Error(`${url} did not answer within 60 s`)
}

async function workersOf({ url, apiKey }: Credentials): Promise<{ state: string }[] | undefined> {
  const response = await answers(`${url}/v1/workers`, { authorization: `Bearer ${apiKey}` })
  return response === undefined ? undefined : ((await response.json()) as { items: { state: string }[] }).items
}

async function waitForWorker(credentials: Credentials): Promise<void> {
  for (const end = Date.now() + 60_000; Date.now() < end; await setTimeout(200)) {
    if ((await workersOf(credentials))?.some((worker) => worker.state === 'active')) return
  }
  throw new Error('no worker connected within 60 s')
}
